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
  /** Calls `callback` soon, never synchronously: there is nothing to wait for. Replaces an earlier one. */
  callSoon(callback: () => void): void
  /**
   * Blocks the thread for a moment, if rings have come within such moments lately: being woken there costs
   * half of what it costs in the event loop. Elsewhere, and inline, it does nothing.
   *
   * @returns whether it is `ready`
   */
  waitBriefly(ready: () => boolean): boolean
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

// Longer than a full buffer takes to come while data flows, shorter than anybody notices who waits for the thread.
const BRIEF_MS = 0.25
// After a wait in vain so many are left out: a thread that is mostly idle belongs to its event loop.
const PENALTY = 16

/** Sleeps on shared memory; rung from any thread. A pending wait keeps no thread alive. */
export class SharedDoorbell implements Doorbell {
  readonly #ints: Int32Array
  readonly #at: number
  readonly #mayBlock: boolean
  #callback: (() => void) | undefined
  #waiting = false
  #leftOut = 0

  /** @param mayBlock whether the thread is for one task alone */
  constructor(ints: Int32Array, at: number, mayBlock: boolean) {
    this.#ints = ints
    this.#at = at
    this.#mayBlock = mayBlock
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
    this.#call()
  }

  readonly #call = (): void => {
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
    // A wait that is pending stays so, for the next ring.
    queueMicrotask(this.#call)
  }

  callSoon(callback: () => void): void {
    this.#callback = callback
    this.ringSelf()
  }

  waitBriefly(ready: () => boolean): boolean {
    if (!this.#mayBlock) return ready()
    if (this.#leftOut > 0) {
      this.#leftOut--
      return ready()
    }
    this.waitBlocking(ready, BRIEF_MS)
    const isReady = ready()
    if (!isReady) this.#leftOut = PENALTY
    return isReady
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

  callSoon(callback: () => void): void {
    this.arm(callback)
    this.ringSelf()
  }

  waitBriefly(ready: () => boolean): boolean {
    return ready()
  }

  waitBlocking(): void {
    throw new Error('an inline doorbell cannot block its thread')
  }
}
