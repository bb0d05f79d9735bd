import type { CancelTimer } from '@flink-ts/core'
import { type KeyedStateBackend, type KeyedTimer, NoCurrentKeyError } from '@flink-ts/state'
import { NO_WATERMARK } from '../watermarks.js'
import type { InternalTimerService, Triggerable } from './internal-timer-service.js'
import type { ProcessingTimeService } from './processing-time-service.js'
import { TimerQueue } from './timer-queue.js'
import { type FiringTurns, TIMERS_PER_TURN, WatermarkProgress } from './watermark-progress.js'

/** What a timer service is made with. */
export interface KeyedTimerServiceOptions {
  readonly backend: KeyedStateBackend
  readonly processingTime: ProcessingTimeService
  readonly whenAvailable: () => Promise<void> | undefined
  /** How a watermark's timers fire in turns. Absent: in one go. */
  readonly turns?: FiringTurns | undefined
}

/** Timers of one operator and name on the heap, with one timer of the clock for the next of them. */
export class KeyedTimerService<N> implements InternalTimerService<N> {
  readonly #name: string
  readonly #target: Triggerable<N>
  readonly #backend: KeyedStateBackend
  readonly #processingTime: ProcessingTimeService
  readonly #whenAvailable: () => Promise<void> | undefined
  readonly #eventTimers: TimerQueue<N>
  readonly #clockTimers: TimerQueue<N>
  readonly #progress: WatermarkProgress
  #watermark = NO_WATERMARK
  /** The timer of the clock that is waited for. */
  #armedFor = Number.POSITIVE_INFINITY
  #disarm: CancelTimer = () => {}
  #isFiring = false

  /** @throws StateNameTakenError if the operator has a state, or other timers, of this name */
  constructor(name: string, target: Triggerable<N>, options: KeyedTimerServiceOptions) {
    const { backend, processingTime, whenAvailable, turns } = options
    this.#name = name
    this.#target = target
    this.#backend = backend
    this.#processingTime = processingTime
    this.#whenAvailable = whenAvailable
    this.#eventTimers = new TimerQueue(backend.maxParallelism)
    this.#clockTimers = new TimerQueue(backend.maxParallelism)
    this.#progress = new WatermarkProgress((time, limit) => this.#fireEvents(time, limit), turns)
    // Flink's names.
    this.#register(`_timer_state/event_${name}`, this.#eventTimers)
    this.#register(`_timer_state/processing_${name}`, this.#clockTimers)
    this.#arm()
  }

  currentProcessingTime(): number {
    return this.#processingTime.currentTimeMs()
  }

  get currentWatermark(): number {
    return this.#watermark
  }

  get numberOfTimers(): number {
    return this.#eventTimers.size + this.#clockTimers.size
  }

  registerProcessingTimeTimer(namespace: N, timestampMs: number): void {
    this.#clockTimers.add(timestampMs, this.#currentKey(), namespace)
    if (timestampMs < this.#armedFor && !this.#isFiring) this.#arm()
  }

  deleteProcessingTimeTimer(namespace: N, timestampMs: number): void {
    // The clock stays as it is set: at the worst nothing is due then.
    this.#clockTimers.delete(timestampMs, this.#currentKey(), namespace)
  }

  registerEventTimeTimer(namespace: N, timestampMs: number): void {
    this.#eventTimers.add(timestampMs, this.#currentKey(), namespace)
  }

  deleteEventTimeTimer(namespace: N, timestampMs: number): void {
    this.#eventTimers.delete(timestampMs, this.#currentKey(), namespace)
  }

  advanceWatermark(timestampMs: number, then: () => void = () => {}): void {
    const isLate = timestampMs <= this.#watermark
    if (isLate && this.whenFired() === undefined) then()
    else this.#progress.advance(timestampMs, then)
  }

  /** Resolves when all timers of the watermark have fired; undefined: they have. */
  whenFired(): Promise<void> | undefined {
    return this.#progress.whenDone()
  }

  /** Fires what is left of the watermark, in one go. */
  fireAll(): void {
    this.#progress.finish()
  }

  #fireEvents(timestampMs: number, limit: number): boolean {
    this.#watermark = Math.max(this.#watermark, timestampMs)
    for (let fired = 0; fired < limit; fired++) {
      const timer = this.#eventTimers.pollDue(timestampMs)
      if (timer === undefined) return true
      this.#backend.setCurrentKey(timer.key)
      this.#target.onEventTime(timer)
    }
    return false
  }

  #currentKey(): unknown {
    const key = this.#backend.currentKey
    if (key === undefined) throw new NoCurrentKeyError(`timers ${this.#name}`)
    return key
  }

  #register(stateName: string, queue: TimerQueue<N>): void {
    this.#backend.registerTimers(stateName, {
      timersOf: (keyGroup) => queue.ofKeyGroup(keyGroup),
      restoreTimers: (_keyGroup, timers: readonly KeyedTimer[]) => {
        for (const { timestamp, key, namespace } of timers) {
          queue.add(timestamp, key, namespace as N)
        }
        if (queue === this.#clockTimers) this.#arm()
      },
    })
  }

  /** Sets the clock for the next timer. */
  #arm(): void {
    const next = this.#clockTimers.peek()
    if (next === undefined || next.timestamp === this.#armedFor) return
    this.#disarm()
    this.#armAt(next.timestamp)
  }

  #armAt(timestampMs: number): void {
    this.#armedFor = timestampMs
    this.#disarm = this.#processingTime.registerTimer(
      timestampMs,
      () => this.#fire(),
      `timers ${this.#name}`,
    )
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = this.#processingTime.currentTimeMs()
    this.#isFiring = true
    try {
      for (let fired = 0; fired < TIMERS_PER_TURN; fired++) {
        const timer = this.#clockTimers.pollDue(now)
        if (timer === undefined) break
        this.#backend.setCurrentKey(timer.key)
        this.#target.onProcessingTime(timer)
      }
    } finally {
      this.#isFiring = false
    }
    this.#armAfterTurn(now)
  }

  /** What is due still and what has become due waits for its turn, and for an output that can take more. */
  #armAfterTurn(now: number): void {
    const next = this.#clockTimers.peek()
    const available =
      next !== undefined && next.timestamp <= now ? this.#whenAvailable() : undefined
    if (available === undefined) {
      this.#arm()
      return
    }
    // Not set for anything meanwhile: nothing that is registered may overtake what is due.
    this.#armedFor = Number.NEGATIVE_INFINITY
    available.then(
      () => {
        this.#armedFor = Number.POSITIVE_INFINITY
        this.#arm()
      },
      (error: unknown) => {
        // In the task's turn, so that it fails.
        this.#processingTime.registerTimer(now, () => {
          throw error
        })
      },
    )
  }
}
