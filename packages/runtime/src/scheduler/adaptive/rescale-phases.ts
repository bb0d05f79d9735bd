import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { StateMachine, type TransitionTable } from '../../executiongraph/state-machine.js'
import type { ScheduleAction } from '../../jobmaster/slotpool/slot-pool.js'

/** How near a change of the parallelism is; Flink's names. */
export type RescalePhase = 'Cooldown' | 'Idling' | 'Stabilizing' | 'Transitioning'

export const RESCALE_PHASE_TRANSITIONS: TransitionTable<RescalePhase> = {
  Cooldown: ['Idling', 'Stabilizing', 'Transitioning'],
  Idling: ['Stabilizing', 'Transitioning'],
  Stabilizing: ['Idling', 'Transitioning'],
  Transitioning: [],
}

export interface RescalePhasesOptions {
  readonly jobId: string
  /** Nothing changes before. Milliseconds. */
  readonly cooldownMs: number
  /** With sufficient but not with the desired slots: so long is waited for more. Milliseconds. */
  readonly stabilizationMs: number
  /** All that the job can use is there. */
  readonly hasDesired: () => boolean
  /** What is there is enough to go (on) with. */
  readonly hasSufficient: () => boolean
  /** Told once: the change is due. */
  readonly onTransition: () => void
  readonly schedule: ScheduleAction
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Decides when what is there is to be used: at once if it is all that is desired, after a quiet time if
 * it only suffices, and never right after the last change.
 */
export class RescalePhases {
  readonly #options: RescalePhasesOptions
  readonly #phase: StateMachine<RescalePhase>
  #cancelTimer: CancelTimer | undefined
  #closed = false

  constructor(options: RescalePhasesOptions) {
    this.#options = options
    const { clock, log, jobId } = options
    this.#phase = new StateMachine({
      subject: 'Rescaling',
      ids: { jobId },
      table: RESCALE_PHASE_TRANSITIONS,
      initial: 'Cooldown',
      clock,
      log,
    })
  }

  get phase(): RescalePhase {
    return this.#phase.state
  }

  /** Begins with the cool-down, which may be none. */
  start(): void {
    const { cooldownMs } = this.#options
    if (cooldownMs <= 0) this.#afterCooldown()
    else this.#arm(cooldownMs, () => this.#afterCooldown())
  }

  /** The slots that are there, or what the job can use, changed. */
  changed(): void {
    if (this.#closed || this.phase === 'Cooldown' || this.phase === 'Transitioning') return
    const { hasDesired, hasSufficient } = this.#options
    if (hasDesired()) this.#transition()
    else if (this.phase === 'Idling' && hasSufficient()) this.#stabilize()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
  }

  #afterCooldown(): void {
    const { hasDesired, hasSufficient } = this.#options
    if (hasDesired()) this.#transition()
    else if (hasSufficient()) this.#stabilize()
    else this.#phase.transitionTo('Idling')
  }

  #stabilize(): void {
    this.#phase.transitionTo('Stabilizing')
    this.#arm(Math.max(0, this.#options.stabilizationMs), () => {
      if (this.#options.hasSufficient()) this.#transition()
      else this.#phase.transitionTo('Idling')
    })
  }

  #transition(): void {
    this.#cancelTimer?.()
    this.#phase.transitionTo('Transitioning')
    this.#options.onTransition()
  }

  #arm(delayMs: number, action: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.schedule(delayMs, () => {
      if (!this.#closed) action()
    })
  }
}
