import type { Defer } from './doorbell-board.js'

/**
 * How one owner learns that something changed. To miss nothing: `arm`, then look again, and
 * `ringSelf` if there is something after all.
 */
export interface Doorbell {
  /** Calls `callback` once after the next ring (or spuriously), never synchronously. Replaces an earlier one. */
  arm(callback: () => void): void
  /** Forgets the callback. */
  disarm(): void
  /** As if somebody had rung. */
  ringSelf(): void
  /** Blocks the thread until a ring, `ready()` or the time is up. Not for inline use. */
  waitBlocking(ready: () => boolean, timeoutMs: number): void
}

const SIGNAL = 0
const SLEEPING = 1

interface WaitAsyncResult {
  readonly async: boolean
  readonly value: Promise<string> | string
}
// In V8 since 8.7, in TypeScript's library only from ES2024 on.
const waitAsync = (
  Atomics as unknown as {
    waitAsync(ints: Int32Array, index: number, value: number): WaitAsyncResult
  }
).waitAsync

/** Sleeps on shared memory; rung from any thread. A pending wait keeps no thread alive. */
export class SharedDoorbell implements Doorbell {
  readonly #ints: Int32Array
  readonly #at: number
  #callback: (() => void) | undefined
  #waiting = false

  constructor(ints: Int32Array, at: number) {
    this.#ints = ints
    this.#at = at
  }

  arm(callback: () => void): void {
    this.#callback = callback
    const signal = Atomics.load(this.#ints, this.#at + SIGNAL)
    Atomics.store(this.#ints, this.#at + SLEEPING, 1)
    // One wait at a time: a notify ends it whatever value it was registered with.
    if (this.#waiting) return
    this.#waiting = true
    const result = waitAsync.call(Atomics, this.#ints, this.#at + SIGNAL, signal)
    if (result.async) void (result.value as Promise<string>).then(this.#wake)
    else queueMicrotask(this.#wake)
  }

  readonly #wake = (): void => {
    this.#waiting = false
    const callback = this.#callback
    if (callback === undefined) return
    this.#callback = undefined
    Atomics.store(this.#ints, this.#at + SLEEPING, 0)
    callback()
  }

  disarm(): void {
    this.#callback = undefined
    Atomics.store(this.#ints, this.#at + SLEEPING, 0)
  }

  ringSelf(): void {
    Atomics.store(this.#ints, this.#at + SLEEPING, 0)
    Atomics.add(this.#ints, this.#at + SIGNAL, 1)
    Atomics.notify(this.#ints, this.#at + SIGNAL)
  }

  waitBlocking(ready: () => boolean, timeoutMs: number): void {
    const signal = Atomics.load(this.#ints, this.#at + SIGNAL)
    Atomics.store(this.#ints, this.#at + SLEEPING, 1)
    if (!ready()) Atomics.wait(this.#ints, this.#at + SIGNAL, signal, timeoutMs)
    // A callback that was armed before still wants to hear of the next change.
    Atomics.store(this.#ints, this.#at + SLEEPING, this.#callback === undefined ? 0 : 1)
  }
}

/** All in one thread: the callback runs through an injected scheduler, so also on virtual time. */
export class LocalDoorbell implements Doorbell {
  readonly #ints: Int32Array
  readonly #at: number
  readonly #defer: Defer
  #callback: (() => void) | undefined

  constructor(ints: Int32Array, at: number, defer: Defer) {
    this.#ints = ints
    this.#at = at
    this.#defer = defer
  }

  arm(callback: () => void): void {
    this.#callback = callback
    this.#ints[this.#at + SLEEPING] = 1
  }

  disarm(): void {
    this.#callback = undefined
    this.#ints[this.#at + SLEEPING] = 0
  }

  ringSelf(): void {
    if (this.#ints[this.#at + SLEEPING] === 0) return
    this.#ints[this.#at + SLEEPING] = 0
    this.rung()
  }

  /** The board found this bell sleeping and rang it. */
  rung(): void {
    const callback = this.#callback
    if (callback === undefined) return
    this.#defer(() => {
      // Disarmed or armed anew in between: then this ring is no longer the one it waits for.
      if (this.#callback !== callback) return
      this.#callback = undefined
      this.#ints[this.#at + SLEEPING] = 0
      callback()
    })
  }

  waitBlocking(): void {
    throw new Error('an inline doorbell cannot block its thread')
  }
}
