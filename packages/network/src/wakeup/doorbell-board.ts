import assert from 'node:assert/strict'
import { type Doorbell, LocalDoorbell, SharedDoorbell } from './doorbell.js'

/** Runs an action soon, after the caller returned; in order. */
export type Defer = (action: () => void) => void

/** Cloneable form of a {@link DoorbellBoard}. */
export interface DoorbellBoardHandle {
  readonly memory: SharedArrayBuffer
}

// One cache line per bell, so that ringing one does not slow the owner of its neighbour.
const STRIDE = 16
export const SIGNAL = 0
export const SLEEPING = 1
const POOL_WAITER = 2
// Line 0 is nobody's bell: it holds the board's own fields.
const HIGH_WATER = 0
const POOL_WAITERS = 1

/**
 * The doorbells of one TaskManager, one per partition, gate and network thread. A queue names the
 * bells of its two ends by number, so either end may be attached first, in any thread.
 *
 * A board made with `defer` is inline: all owners live in this thread and are called back through
 * `defer`; without, sleepers wait by `Atomics.waitAsync` or `Atomics.wait`. Nothing spins.
 */
export class DoorbellBoard {
  readonly #memory: SharedArrayBuffer
  readonly #ints: Int32Array
  readonly #capacity: number
  readonly #defer: Defer | undefined
  readonly #mayBlock: boolean
  readonly #free: number[] = []
  readonly #local = new Map<number, LocalDoorbell>()

  private constructor(memory: SharedArrayBuffer, defer: Defer | undefined, mayBlock: boolean) {
    this.#memory = memory
    this.#ints = new Int32Array(memory)
    this.#capacity = this.#ints.length / STRIDE
    this.#defer = defer
    this.#mayBlock = mayBlock
  }

  static create(options: { capacity: number; defer?: Defer | undefined }): DoorbellBoard {
    const memory = new SharedArrayBuffer((options.capacity + 1) * STRIDE * 4)
    return new DoorbellBoard(memory, options.defer, false)
  }

  /** In another thread than the one that made it. */
  static attach(handle: DoorbellBoardHandle): DoorbellBoard {
    return new DoorbellBoard(handle.memory, undefined, true)
  }

  handle(): DoorbellBoardHandle {
    return { memory: this.#memory }
  }

  get isInline(): boolean {
    return this.#defer !== undefined
  }

  /** A bell nobody uses. Only the thread that made the board allocates and frees. */
  allocate(): number {
    const bell = this.#free.pop() ?? Atomics.load(this.#ints, HIGH_WATER) + 1
    assert(
      bell < this.#capacity,
      `all ${this.#capacity - 1} doorbells of this TaskManager are in use; raise doorbellCapacity`,
    )
    if (bell > Atomics.load(this.#ints, HIGH_WATER)) Atomics.store(this.#ints, HIGH_WATER, bell)
    return bell
  }

  free(bell: number): void {
    this.setPoolWaiter(bell, false)
    Atomics.store(this.#ints, bell * STRIDE + SLEEPING, 0)
    this.#local.delete(bell)
    this.#free.push(bell)
  }

  /** The owner's end of a bell. */
  doorbell(bell: number): Doorbell {
    if (this.#defer === undefined)
      return new SharedDoorbell(this.#ints, bell * STRIDE, this.#mayBlock)
    let local = this.#local.get(bell)
    if (local === undefined) {
      local = new LocalDoorbell(this.#ints, bell * STRIDE, this.#defer)
      this.#local.set(bell, local)
    }
    return local
  }

  /** Wakes the owner if it sleeps; costs one load otherwise. 0 is nobody. */
  ring(bell: number): void {
    if (bell === 0) return
    const at = bell * STRIDE
    if (Atomics.load(this.#ints, at + SLEEPING) === 0) return
    if (Atomics.exchange(this.#ints, at + SLEEPING, 0) === 0) return
    Atomics.add(this.#ints, at + SIGNAL, 1)
    if (this.#defer === undefined) Atomics.notify(this.#ints, at + SIGNAL)
    else this.#local.get(bell)?.rung()
  }

  /** Has the bell rung when a network buffer is freed, until it is taken off again. */
  setPoolWaiter(bell: number, waiting: boolean): void {
    const before = Atomics.exchange(this.#ints, bell * STRIDE + POOL_WAITER, waiting ? 1 : 0)
    if (before === 0 && waiting) Atomics.add(this.#ints, POOL_WAITERS, 1)
    if (before === 1 && !waiting) Atomics.sub(this.#ints, POOL_WAITERS, 1)
  }

  /** A network buffer was freed. */
  ringPoolWaiters(): void {
    if (Atomics.load(this.#ints, POOL_WAITERS) === 0) return
    const last = Atomics.load(this.#ints, HIGH_WATER)
    for (let bell = 1; bell <= last; bell++) {
      if (Atomics.load(this.#ints, bell * STRIDE + POOL_WAITER) === 1) this.ring(bell)
    }
  }
}
