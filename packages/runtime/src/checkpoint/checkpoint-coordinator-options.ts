import type { Clock, Logger, Random } from '@flink-ts/core'
import type { SharedStateRegistry } from '@flink-ts/state'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import type { CheckpointLimitExceededError } from './checkpoint-errors.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import type { CheckpointGateway, CoordinatorSnapshots } from './checkpoint-gateways.js'
import type { CheckpointIdCounter } from './checkpoint-id-counter.js'
import type { CheckpointPlan } from './checkpoint-plan.js'
import type { CheckpointSettings } from './checkpoint-settings.js'
import type { CheckpointStatisticsTracker } from './checkpoint-statistics-tracker.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import type { CompletedCheckpointStore } from './completed-checkpoint-store.js'

/** What a CheckpointCoordinator works with. */
export interface CheckpointCoordinatorOptions {
  readonly jobId: string
  readonly settings: CheckpointSettings
  /** Who would take part now, or why nobody can. */
  readonly plan: () => CheckpointPlan | CheckpointFailureReason
  readonly gateway: CheckpointGateway
  readonly coordinators: CoordinatorSnapshots
  readonly storage: CheckpointStorage
  readonly store: CompletedCheckpointStore
  readonly counter: CheckpointIdCounter
  readonly sharedState: SharedStateRegistry
  readonly statistics: CheckpointStatisticsTracker
  /** Whether a checkpoint must use nothing of those before. Default: never. */
  readonly isFullForced?: () => boolean
  /** More failed than the job tolerates: all tasks restart. */
  readonly failJob: (error: CheckpointLimitExceededError) => void
  readonly schedule: ScheduleAction
  /** Runs an action in the main thread. */
  readonly execute: (action: () => void) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
