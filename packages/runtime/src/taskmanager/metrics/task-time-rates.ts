import type { TaskTimes } from './task-time.js'

/** Shortest time that rates are measured over, in ms, once there is that much; Flink's interval. */
const SPAN_MS = 5000

interface Sample {
  readonly atMs: number
  readonly times: TaskTimes
}

/** What a task did per second of late, in ms. The first three add up to about 1000 while it runs. */
export interface TaskTimeRates {
  readonly busyTimeMsPerSecond: number
  readonly idleTimeMsPerSecond: number
  /** Soft and hard together. */
  readonly backPressuredTimeMsPerSecond: number
  readonly softBackPressuredTimeMsPerSecond: number
  readonly hardBackPressuredTimeMsPerSecond: number
}

const NOTHING: TaskTimeRates = {
  busyTimeMsPerSecond: 0,
  idleTimeMsPerSecond: 0,
  backPressuredTimeMsPerSecond: 0,
  softBackPressuredTimeMsPerSecond: 0,
  hardBackPressuredTimeMsPerSecond: 0,
}

/**
 * Turns sums of a task's time into rates, of the last five seconds or, where it is asked less often, of the time since
 * it was asked before.
 */
export class TaskTimeMeter {
  /** Oldest first; all but the first are younger than the span. */
  readonly #samples: Sample[] = [
    {
      atMs: Number.NEGATIVE_INFINITY,
      times: {
        busy: 0,
        idle: 0,
        softBackPressured: 0,
        hardBackPressured: 0,
        current: undefined,
      },
    },
  ]

  /** @param atMs by any clock that runs evenly */
  update(atMs: number, times: TaskTimes): TaskTimeRates {
    const samples = this.#samples
    samples.push({ atMs, times })
    while (samples.length > 2 && samples[1]!.atMs <= atMs - SPAN_MS) samples.shift()
    const before = samples[0]!.times
    // Time before the task ran belongs to nothing.
    const measured = total(times) - total(before)
    if (measured <= 0 || times.current === undefined) return NOTHING
    const rate = (ms: number) => (ms * 1000) / measured
    const soft = rate(times.softBackPressured - before.softBackPressured)
    const hard = rate(times.hardBackPressured - before.hardBackPressured)
    return {
      busyTimeMsPerSecond: rate(times.busy - before.busy),
      idleTimeMsPerSecond: rate(times.idle - before.idle),
      backPressuredTimeMsPerSecond: soft + hard,
      softBackPressuredTimeMsPerSecond: soft,
      hardBackPressuredTimeMsPerSecond: hard,
    }
  }
}

function total({ busy, idle, softBackPressured, hardBackPressured }: TaskTimes): number {
  return busy + idle + softBackPressured + hardBackPressured
}
