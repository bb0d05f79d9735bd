import type { Clock } from '@flink-ts/core'
import type { BufferWaitStrategy } from '@flink-ts/network'

/**
 * What a task does with its time; Flink's terms. Soft backpressure: it waits for output buffers between two inputs, and
 * answers mails meanwhile. Hard: it waits within an input, blocked.
 */
export type TaskActivity = 'busy' | 'idle' | 'softBackPressured' | 'hardBackPressured'

const ACTIVITIES: readonly TaskActivity[] = [
  'busy',
  'idle',
  'softBackPressured',
  'hardBackPressured',
]

/** What was measured up to a moment, in ms. */
export interface TaskTimes {
  readonly busy: number
  readonly idle: number
  readonly softBackPressured: number
  readonly hardBackPressured: number
  /** What the task is doing; undefined before it runs and after its end. */
  readonly current: TaskActivity | undefined
}

// Int32: odd while the rest is being written.
const VERSION_BYTES = 8
// Doubles: since when (ms since the epoch), the activity (its place from 1; 0: none), then the sums by activity.
const SINCE = 0
const CURRENT = 1
const SUMS = 2
const DOUBLES = SUMS + ACTIVITIES.length

/** Bytes of memory that a {@link TaskTime} is written to and read from. */
export const TASK_TIME_BYTES = VERSION_BYTES + DOUBLES * 8

/**
 * Adds up what a task does with its time. Asks the clock only on a change, and writes to memory that another thread
 * reads by {@link readTaskTimes}, also while the task sleeps or is blocked.
 */
export class TaskTime {
  readonly #clock: Clock
  readonly #version: Int32Array
  readonly #values: Float64Array
  /** Between the clock of this thread and the wall clock, which the reader has too. */
  readonly #epochMs: number
  #activity: TaskActivity | undefined

  /** @param memory of {@link TASK_TIME_BYTES}, from `byteOffset` on */
  constructor(
    clock: Clock,
    memory: ArrayBufferLike = new ArrayBuffer(TASK_TIME_BYTES),
    byteOffset = 0,
  ) {
    this.#clock = clock
    this.#version = new Int32Array(memory, byteOffset, 1)
    this.#values = new Float64Array(memory, byteOffset + VERSION_BYTES, DOUBLES)
    this.#epochMs = epochOf(clock)
  }

  /** What the task is doing. */
  get activity(): TaskActivity | undefined {
    return this.#activity
  }

  /** @param activity undefined: the task has ended */
  enter(activity: TaskActivity | undefined): void {
    if (activity === this.#activity) return
    const values = this.#values
    const now = this.#epochMs + this.#clock.monotonicNow()
    Atomics.add(this.#version, 0, 1)
    if (this.#activity !== undefined) {
      values[SUMS + ACTIVITIES.indexOf(this.#activity)]! += now - values[SINCE]!
    }
    values[SINCE] = now
    values[CURRENT] = activity === undefined ? 0 : ACTIVITIES.indexOf(activity) + 1
    Atomics.add(this.#version, 0, 1)
    this.#activity = activity
  }

  /** Time of `activity` until now, in ms. */
  accumulatedMs(activity: TaskActivity): number {
    const sum = this.#values[SUMS + ACTIVITIES.indexOf(activity)]!
    if (activity !== this.#activity) return sum
    return sum + this.#epochMs + this.#clock.monotonicNow() - this.#values[SINCE]!
  }

  /** Waits for buffers by `strategy`, which counts as hard backpressure. */
  whileBlocked(strategy: BufferWaitStrategy): BufferWaitStrategy {
    return {
      await: (doorbell, ready) => {
        const before = this.#activity
        this.enter('hardBackPressured')
        try {
          return strategy.await(doorbell, ready)
        } finally {
          this.enter(before)
        }
      },
    }
  }
}

/** Reads what a {@link TaskTime} writes, in any thread. @returns undefined if it is being written all the time */
export function readTaskTimes(
  clock: Clock,
  memory: ArrayBufferLike,
  byteOffset: number,
): TaskTimes | undefined {
  const version = new Int32Array(memory, byteOffset, 1)
  const values = new Float64Array(memory, byteOffset + VERSION_BYTES, DOUBLES)
  for (let tried = 0; tried < 1000; tried++) {
    const before = Atomics.load(version, 0)
    const [since, current, ...sums] = values
    if (before % 2 !== 0 || Atomics.load(version, 0) !== before) continue
    if (current! > 0) {
      const now = epochOf(clock) + clock.monotonicNow()
      sums[current! - 1]! += Math.max(0, now - since!)
    }
    const [busy, idle, softBackPressured, hardBackPressured] = sums as [
      number,
      number,
      number,
      number,
    ]
    return { busy, idle, softBackPressured, hardBackPressured, current: ACTIVITIES[current! - 1] }
  }
  return undefined
}

/** When the clock's monotonic time was 0, in ms since the epoch. */
function epochOf(clock: Clock): number {
  return clock.now() - clock.monotonicNow()
}
