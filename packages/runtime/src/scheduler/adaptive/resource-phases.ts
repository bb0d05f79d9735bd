import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { ScheduleAction } from '../../jobmaster/slotpool/slot-provider.js'
import type { NoResourceAvailableError } from '../no-resource-available-error.js'
import type { AdaptiveResources } from './adaptive-resources.js'
import type { AdaptiveSchedulerSettings } from './adaptive-scheduler-settings.js'
import { RescalePhases } from './rescale-phases.js'
import type { VertexParallelism } from './slot-distribution.js'

export interface ResourcePhasesOptions {
  readonly jobId: string
  readonly settings: AdaptiveSchedulerSettings
  readonly resources: AdaptiveResources
  readonly schedule: ScheduleAction
  readonly clock: Clock
  readonly log: Logger
}

/** Watches the resources of an adaptive job: for its start, and then for a chance to rescale it. */
export class ResourcePhases {
  readonly #options: ResourcePhasesOptions
  #phases: RescalePhases | undefined
  #cancelTimeout: CancelTimer | undefined

  constructor(options: ResourcePhasesOptions) {
    this.#options = options
  }

  /**
   * @param onSufficient the job can start, and waiting longer would not help, or is not allowed
   * @param onTooFew it cannot, after the longest time to wait
   */
  awaitStart(onSufficient: () => void, onTooFew: (error: NoResourceAvailableError) => void): void {
    const { settings, resources, schedule } = this.#options
    const { resourceWaitTimeoutMs } = settings
    if (resourceWaitTimeoutMs >= 0) {
      this.#cancelTimeout = schedule(resourceWaitTimeoutMs, () => {
        if (resources.possibleParallelism !== undefined) onSufficient()
        else onTooFew(resources.tooFewAfter(resourceWaitTimeoutMs))
      })
    }
    this.#begin({
      cooldownMs: 0,
      stabilizationMs: settings.submissionStabilizationMs,
      hasDesired: () => resources.hasDesired,
      hasSufficient: () => resources.possibleParallelism !== undefined,
      onTransition: onSufficient,
    })
  }

  /** @param onBetter the resources allow another parallelism than `current`, and the pauses are over */
  awaitRescale(current: VertexParallelism, onBetter: () => void): void {
    const { settings, resources } = this.#options
    const differs = () => {
      const possible = resources.possibleParallelism
      return possible !== undefined && [...possible].some(([id, n]) => current.get(id) !== n)
    }
    this.#begin({
      cooldownMs: settings.executingCooldownMs,
      stabilizationMs: settings.executingStabilizationMs,
      hasDesired: () => resources.hasDesired && differs(),
      hasSufficient: differs,
      onTransition: onBetter,
    })
  }

  /** The resources, or what is wished for, changed. */
  changed(): void {
    this.#phases?.changed()
  }

  /** Nothing is told any more until the next wait. */
  close(): void {
    this.#phases?.close()
    this.#phases = undefined
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
  }

  #begin(
    what: Pick<
      ConstructorParameters<typeof RescalePhases>[0],
      'cooldownMs' | 'stabilizationMs' | 'hasDesired' | 'hasSufficient' | 'onTransition'
    >,
  ): void {
    const { jobId, schedule, clock, log } = this.#options
    this.#phases = new RescalePhases({ jobId, schedule, clock, log, ...what })
    this.#phases.start()
  }
}
