import {
  AdaptiveSchedulerOptions,
  type Clock,
  type Configuration,
  FlinkError,
  JobManagerOptions,
  type Logger,
  type Random,
  StateRecoveryOptions,
} from '@flink-ts/core'
import { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobMasterSettings } from '../jobmaster/job-master-settings.js'
import type { ScheduleAction, SlotPool } from '../jobmaster/slotpool/slot-pool.js'
import { AdaptiveScheduler } from './adaptive/adaptive-scheduler.js'
import { adaptiveSchedulerSettings } from './adaptive/adaptive-scheduler-settings.js'
import { DefaultScheduler } from './default-scheduler.js'
import { createRestartStrategy } from './restart-strategy.js'
import type { Scheduler, SchedulerOperations, SchedulerType } from './scheduler.js'

/** What any scheduler is made of. */
export interface SchedulerContext {
  readonly jobGraph: JobGraph
  /** The job's own over that of the cluster. */
  readonly configuration: Configuration
  readonly settings: JobMasterSettings
  /** The ResourceManager's driver does; advice for whoever waits for slots depends on it. */
  readonly startsTaskManagers: boolean
  readonly slots: SlotPool
  readonly operations: SchedulerOperations
  readonly schedule: ScheduleAction
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Makes the scheduler of one job. @throws FlinkError if it cannot run such a job */
export type SchedulerFactory = (context: SchedulerContext) => Scheduler

const FACTORIES: Readonly<Record<SchedulerType, SchedulerFactory | undefined>> = {
  Default: createDefaultScheduler,
  Adaptive: createAdaptiveScheduler,
  AdaptiveBatch: undefined,
}

/**
 * Makes the scheduler that `jobmanager.scheduler` names.
 *
 * @throws FlinkError with code FLINK_SCHEDULER_UNAVAILABLE if there is no such scheduler
 * @throws IllegalConfigurationError naming the key whose value is not valid
 */
export function createScheduler(context: SchedulerContext): Scheduler {
  const type = schedulerTypeOf(context)
  const factory = FACTORIES[type]
  if (factory === undefined) {
    throw new FlinkError(
      `Cannot run job '${context.jobGraph.name}' with jobmanager.scheduler ${type}: this release has ` +
        'no such scheduler; leave the key out or set it to Default',
      { code: 'FLINK_SCHEDULER_UNAVAILABLE' },
    )
  }
  return factory(context)
}

function schedulerTypeOf({ configuration, jobGraph, log }: SchedulerContext): SchedulerType {
  const reactive = configuration.get(AdaptiveSchedulerOptions.SCHEDULER_MODE) === 'REACTIVE'
  const type = reactive ? 'Adaptive' : configuration.get(JobManagerOptions.SCHEDULER)
  if (type !== 'Adaptive') return type
  const { jobId, jobType, slotSharingGroups } = jobGraph
  if (jobType === 'BATCH') {
    // As in Flink: only streaming jobs can be rescaled while they run.
    log.info('A batch job is scheduled by the Default scheduler', { jobId })
    return 'Default'
  }
  if (slotSharingGroups !== undefined) {
    // The Adaptive scheduler counts slots and does not tell them apart.
    log.warn('A job with resources of slot sharing groups is scheduled by the Default scheduler', {
      jobId,
    })
    return 'Default'
  }
  return 'Adaptive'
}

function createAdaptiveScheduler(context: SchedulerContext): Scheduler {
  const { attemptsHistorySize, exceptionHistorySize } = context.settings
  return new AdaptiveScheduler({
    ...context,
    attemptsHistorySize,
    exceptionHistorySize,
    restartStrategy: createRestartStrategy(context.configuration, context),
    settings: adaptiveSchedulerSettings(context.configuration),
  })
}

function createDefaultScheduler(context: SchedulerContext): Scheduler {
  const { settings } = context
  const restartStrategy = createRestartStrategy(context.configuration, context)
  return new DefaultScheduler({
    ...context,
    graph: new ExecutionGraph({
      ...context,
      attemptsHistorySize: settings.attemptsHistorySize,
      restartStrategy: restartStrategy.description,
    }),
    restartStrategy,
    failoverStrategy: settings.failoverStrategy,
    slotRequestTimeoutMs: settings.slotRequestTimeoutMs,
    balanceTasks: settings.balanceTasks !== undefined,
    staysWithState: context.configuration.get(StateRecoveryOptions.LOCAL_RECOVERY),
    exceptionHistorySize: settings.exceptionHistorySize,
  })
}
