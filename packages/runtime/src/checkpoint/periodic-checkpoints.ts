import type { CancelTimer, Random } from '@flink-ts/core'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import type { CheckpointSettings } from './checkpoint-settings.js'

export interface PeriodicCheckpointsOptions {
  readonly settings: Pick<CheckpointSettings, 'intervalMs' | 'minPauseMs'>
  readonly schedule: ScheduleAction
  readonly random: Random
  readonly trigger: () => void
}

/** Asks for a checkpoint once in each interval, while it is running. */
export class PeriodicCheckpoints {
  readonly #options: PeriodicCheckpointsOptions
  #cancelTimer: CancelTimer | undefined

  constructor(options: PeriodicCheckpointsOptions) {
    this.#options = options
  }

  /** The first comes after a random part of the interval. Idempotent; nothing happens without an interval. */
  start(): void {
    const { settings, random } = this.#options
    const { intervalMs, minPauseMs } = settings
    if (intervalMs === undefined || this.#cancelTimer !== undefined) return
    const earliestMs = Math.min(minPauseMs, intervalMs)
    this.#arm(earliestMs + random.nextInt(intervalMs - earliestMs + 1), intervalMs)
  }

  /** The next comes then. Nothing happens while it is not running. */
  postpone(delayMs: number): void {
    const { intervalMs } = this.#options.settings
    if (intervalMs !== undefined && this.#cancelTimer !== undefined) this.#arm(delayMs, intervalMs)
  }

  /** Idempotent. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #arm(delayMs: number, intervalMs: number): void {
    const { schedule, trigger } = this.#options
    this.#cancelTimer?.()
    this.#cancelTimer = schedule(delayMs, () => {
      this.#arm(intervalMs, intervalMs)
      trigger()
    })
  }
}
