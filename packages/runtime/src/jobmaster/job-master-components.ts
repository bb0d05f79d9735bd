import {
  type AllocationId,
  type Clock,
  ClusterOptions,
  Configuration,
  type Logger,
} from '@flink-ts/core'
import type { ShuffleMaster } from '@flink-ts/network'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import { slotProfilesOf } from '../jobgraph/slot-profiles.js'
import type {
  EndpointAddress,
  ErrorInfo,
  TaskExecutorToJobMasterHeartbeatPayload,
} from '../messages/messages.generated.js'
import type { Scheduler, SchedulerOperations } from '../scheduler/scheduler.js'
import { createScheduler } from '../scheduler/scheduler-factory.js'
import { DeploymentReconciler } from './deployment-reconciler.js'
import type { JobMasterOptions } from './job-master-options.js'
import { jobMasterSettings } from './job-master-settings.js'
import { LossExplanations } from './loss-explanations.js'
import { ResourceManagerConnection } from './resource-manager-connection.js'
import { SlotPool } from './slotpool/slot-pool.js'
import { TaskDeployer } from './task-deployer.js'
import {
  type TaskCheckpointFacts,
  TaskDeploymentDescriptors,
} from './task-deployment-descriptors.js'
import { TaskManagerConnections } from './task-manager-connections.js'
import { TaskMetricsCache } from './task-metrics-cache.js'

/** What a JobMaster consists of. */
export interface JobMasterComponents {
  readonly scheduler: Scheduler
  readonly slotPool: SlotPool
  readonly taskManagers: TaskManagerConnections
  readonly resourceManager: ResourceManagerConnection
  readonly metrics: TaskMetricsCache
  readonly reconciler: DeploymentReconciler
  readonly explanations: LossExplanations
}

/** What happens to the components that concerns the JobMaster as a whole. */
export interface JobMasterEvents
  extends Pick<
      SchedulerOperations,
      | 'executionEnded'
      | 'prepareRestart'
      | 'subtasksReset'
      | 'resultsConsumed'
      | 'graphReplaced'
      | 'jobTerminated'
    >,
    TaskCheckpointFacts {
  /** The newest completed checkpoint; 0: none. */
  latestCompletedCheckpointId(): bigint
  heartbeat(resourceId: string, payload: TaskExecutorToJobMasterHeartbeatPayload): void
  taskManagerLost(resourceId: string, cause: Error): void
  slotFailed(allocationId: AllocationId, cause: ErrorInfo): void
}

/** The job's own configuration over that of the cluster. */
export function configurationOf({
  configuration,
  jobGraph,
}: Pick<JobMasterOptions, 'configuration' | 'jobGraph'>): Configuration {
  return configuration.clone().merge(Configuration.fromMap(jobGraph.configuration))
}

/**
 * Makes the components of one JobMaster and joins them.
 *
 * @throws IllegalConfigurationError naming the key whose value is not valid
 */
export function createJobMasterComponents(
  options: JobMasterOptions & { readonly shuffleMaster: ShuffleMaster },
  endpoint: EndpointAddress & {
    readonly mainThread: MainThreadExecutor
    readonly clock: Clock
    readonly log: Logger
  },
  events: JobMasterEvents,
): JobMasterComponents {
  const { jobGraph, fencingToken } = options
  const { jobId } = jobGraph
  const configuration = configurationOf(options)
  const settings = jobMasterSettings(configuration)
  const { address, endpointId, mainThread, clock, log } = endpoint
  const execute = (action: () => void) => mainThread.execute(action)
  const schedule = (delayMs: number, action: () => void) => mainThread.schedule(delayMs, action)
  const gateway = (resourceId: string) => taskManagers.gateway(resourceId)
  const graph = () => scheduler.executionGraph

  const slotPool = new SlotPool({
    log,
    schedule,
    idleTimeoutMs: settings.slotIdleTimeoutMs,
    // The ResourceManager's, whatever the job says.
    fineGrained: options.configuration.get(ClusterOptions.FINE_GRAINED_RESOURCE_MANAGEMENT),
    profiles: slotProfilesOf(jobGraph).values(),
    balanceTasks: settings.balanceTasks,
    onRequirementChanged: () => resourceManager.requirementsChanged(),
    freeSlot: (slot, reason) => taskManagers.freeSlot(slot, reason),
  })
  const taskManagers = new TaskManagerConnections({
    rpcService: options.rpcService,
    mainThread,
    clock,
    log,
    heartbeat: settings.heartbeat,
    jobId,
    token: options.fencingToken,
    allocationIds: (resourceId) =>
      slotPool.slotsOf(resourceId).map(({ allocationId }) => allocationId),
    latestCompletedCheckpointId: () => events.latestCompletedCheckpointId(),
    onHeartbeat: (resourceId, payload) => events.heartbeat(resourceId, payload),
    onLost: (resourceId, cause) => events.taskManagerLost(resourceId, cause),
  })
  const resourceManager = new ResourceManagerConnection({
    rpcService: options.rpcService,
    mainThread,
    clock,
    log,
    retriever: options.highAvailability.leaderRetriever({ kind: 'resourcemanager' }),
    registration: settings.registration,
    heartbeat: settings.heartbeat,
    jobId,
    address: { address, endpointId },
    token: fencingToken,
    resourceId: options.resourceId,
    requirements: () => slotPool.requirements,
  })
  const explanations = new LossExplanations({
    areExpected: () => resourceManager.explainsEnds,
    schedule,
  })
  const deployer = new TaskDeployer({
    gateway,
    schedule,
    execute,
    log,
    failTask: (attemptId, cause, counts) => scheduler.failTask(attemptId, cause, counts),
    slotRefused: (allocationId, cause) => events.slotFailed(allocationId, cause),
  })
  const descriptors = new TaskDeploymentDescriptors(
    jobGraph,
    { address, endpointId },
    fencingToken,
    options.shuffleMaster,
    events,
  )
  const reconciler = new DeploymentReconciler({
    graph,
    gateway,
    log,
    failTask: (attemptId, cause) => scheduler.failTask(attemptId, cause),
  })
  const scheduler: Scheduler = createScheduler({
    jobGraph,
    configuration,
    settings,
    startsTaskManagers: options.startsTaskManagers === true,
    slots: slotPool,
    schedule,
    clock,
    random: options.random,
    log,
    operations: {
      deploy: (vertices) => {
        for (const vertex of vertices) {
          if (vertex.current.slot !== undefined) reconciler.deployed(vertex.current)
          deployer.submit(vertex.current, descriptors.create(vertex))
        }
      },
      cancelOnTaskManager: (execution) => deployer.cancel(execution),
      executionEnded: (vertex) => events.executionEnded(vertex),
      prepareRestart: (proceed) => events.prepareRestart(proceed),
      subtasksReset: (vertices) => events.subtasksReset(vertices),
      resultsConsumed: (results) => events.resultsConsumed(results),
      askTaskManager: (resourceId) =>
        taskManagers.ask(resourceId, () => scheduler.taskManagerAlive(resourceId)),
      graphReplaced: () => events.graphReplaced(),
      jobTerminated: (status) => {
        const failure = status === 'FAILED' ? graph().failureCause : undefined
        explanations.whenExplained(failure, () => events.jobTerminated(status))
      },
    },
  })
  return {
    scheduler,
    slotPool,
    taskManagers,
    resourceManager,
    metrics: new TaskMetricsCache({ graph, gateway, clock, log }),
    reconciler,
    explanations,
  }
}
