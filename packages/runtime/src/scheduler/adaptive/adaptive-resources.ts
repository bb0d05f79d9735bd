import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { JobGraph } from '../../jobgraph/job-graph.js'
import type { SlotProvider } from '../../jobmaster/slotpool/slot-pool.js'
import { NoResourceAvailableError } from '../no-resource-available-error.js'
import { AdaptiveSlots } from './adaptive-slots.js'
import { arrangeAsBefore } from './arrange-as-before.js'
import {
  alignForwardEdges,
  checkRequirements,
  initialRequirements,
  type JobResourceRequirements,
} from './parallelism-bounds.js'
import {
  desiredSlots,
  distributeSlots,
  minimumSlots,
  type VertexParallelism,
} from './slot-distribution.js'

export interface AdaptiveResourcesOptions {
  readonly jobGraph: JobGraph
  readonly reactive: boolean
  readonly preferMinimalTaskManagers: boolean
  readonly staysWithState: boolean
  readonly slots: SlotProvider
  /** See `NoResourceAvailableError`. Default false. */
  readonly startsTaskManagers?: boolean
  /** A slot came. */
  readonly onChanged: () => void
}

/** What an adaptive job may use, what it has, and what it can make of that. */
export class AdaptiveResources {
  readonly #options: AdaptiveResourcesOptions
  readonly #slots: AdaptiveSlots
  /** What the job runs in, or ran in last. */
  #used: AssignedSlot[] = []
  #requirements: JobResourceRequirements
  /** The requirements with FORWARD edges taken into account. */
  #bounds: JobResourceRequirements

  constructor(options: AdaptiveResourcesOptions) {
    this.#options = options
    this.#slots = new AdaptiveSlots(options.slots, options.onChanged)
    this.#requirements = initialRequirements(options.jobGraph, options.reactive)
    this.#bounds = alignForwardEdges(options.jobGraph, this.#requirements)
  }

  /** The bounds that were asked for last. */
  get requirements(): JobResourceRequirements {
    return this.#requirements
  }

  /** @throws InvalidResourceRequirementsError; nothing has changed then */
  updateRequirements(requirements: JobResourceRequirements): void {
    checkRequirements(this.#options.jobGraph, requirements)
    this.#requirements = requirements
    this.#bounds = alignForwardEdges(this.#options.jobGraph, requirements)
  }

  get availableSlots(): number {
    return this.#slots.count
  }

  get desiredSlots(): number {
    return desiredSlots(this.#options.jobGraph, this.#bounds)
  }

  get minimumSlots(): number {
    return minimumSlots(this.#options.jobGraph, this.#bounds)
  }

  get hasDesired(): boolean {
    return this.availableSlots >= this.desiredSlots
  }

  /** The parallelism that the available slots allow; undefined: they are too few. */
  get possibleParallelism(): VertexParallelism | undefined {
    return distributeSlots(this.#options.jobGraph, this.#bounds, this.#slots.count)
  }

  /** For people. */
  get waitingFor(): string {
    const { shortage } = this.#options.slots
    const why = shortage === undefined ? '' : ` (${shortage})`
    return (
      `waiting for slots: ${this.desiredSlots} desired, ${this.minimumSlots} required, ` +
      `${this.availableSlots} available${why}`
    )
  }

  /** Why the job cannot start after so long. */
  tooFewAfter(timeoutMs: number): NoResourceAvailableError {
    const { jobGraph, slots, startsTaskManagers = false } = this.#options
    return new NoResourceAvailableError({
      jobName: jobGraph.name,
      requiredSlots: this.minimumSlots,
      availableSlots: this.availableSlots,
      shortage: slots.shortage,
      timeoutMs,
      startsTaskManagers,
      timeoutKey: 'jobmanager.adaptive-scheduler.submission.resource-wait-timeout',
    })
  }

  /** Wishes for all slots that the job can use. */
  declare(): void {
    this.#slots.declare(this.desiredSlots)
  }

  /** Chooses the slots to run in, and gives the others back. */
  use(count: number): AssignedSlot[] {
    const { preferMinimalTaskManagers, staysWithState } = this.#options
    const chosen = this.#slots.choose(count, preferMinimalTaskManagers)
    this.#slots.releaseAllBut(chosen)
    this.#used = staysWithState ? arrangeAsBefore(chosen, this.#used) : chosen
    return this.#used
  }

  /** These slots are gone. */
  lost(allocationIds: readonly AllocationId[]): void {
    this.#slots.lost(allocationIds)
  }

  close(): void {
    this.#slots.close()
  }
}
