import {
  ClusterOptions,
  Configuration,
  deriveTaskManagerMemory,
  isHighlyAvailable,
  JobManagerOptions,
  MesosOptions,
  nodeHeapFlags,
  SecurityOptions,
  splitHostAndPort,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { ContainerInfo, Offer } from '@flink-ts/mesos-client'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import type { AgentRuntime } from './agent-runtime.js'
import { LaunchVariables } from './launch-environment.js'
import { taskCommand } from './task-command.js'
import type { LaunchedWorker } from './worker-launcher.js'

const TASK_PATTERN = '_TASK_'

export interface WorkerTaskOptions {
  /** Of the JobManager. */
  readonly configuration: Configuration
  readonly taskId: string
  readonly spec: WorkerResourceSpec
  readonly offer: Offer
  /** By configuration key. */
  readonly ports: Readonly<Record<string, number>>
  readonly runtime: AgentRuntime
  readonly container: ContainerInfo | undefined
  /** Undefined: it follows from the secret of the cluster, which is on the agents. */
  readonly ticket: string | undefined
  /** URL where the task shows its ticket. */
  readonly artifacts: string
  /** `host:port` of RPC. */
  readonly jobManager: string
  /** In whose name it makes files in Hadoop; undefined: whoever it runs as. */
  readonly userName: string | undefined
}

/**
 * The task of one TaskManager, as Mesos is told of it.
 *
 * @throws FlinkError FLINK_MESOS_LAUNCH for what no process can be given
 */
export function workerTask(options: WorkerTaskOptions): LaunchedWorker {
  const { configuration, taskId, spec, runtime, container, ticket, artifacts, userName } = options
  const command = taskCommand({
    configuration,
    runtime,
    properties: propertiesOf(options),
    userName,
    environment: {
      [LaunchVariables.TASK_NAME]: taskId,
      [LaunchVariables.FRAMEWORK_NAME]: configuration.get(MesosOptions.FRAMEWORK_NAME),
      [LaunchVariables.ARTIFACTS]: artifacts,
      [LaunchVariables.NODE_FLAGS]: nodeFlags(configuration, spec),
      ...(ticket === undefined ? {} : { [LaunchVariables.TICKET]: ticket }),
    },
  })
  return {
    command,
    ...(container === undefined ? {} : { container }),
    labels: Object.fromEntries(configuration.get(MesosOptions.TASKS_LABELS) ?? []),
    killGracePeriodMs: configuration.get(ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT),
  }
}

/** What is of this TaskManager alone. */
function propertiesOf(options: WorkerTaskOptions): Record<string, string> {
  const { configuration, taskId, spec, offer, ports } = options
  const secretPath = configuration.get(MesosOptions.SECRET_PATH)
  const hostname = configuration.get(MesosOptions.TASKS_HOSTNAME)
  return {
    ...spec.dynamicProperties,
    [TaskManagerOptions.RESOURCE_ID.key]: taskId,
    [TaskManagerOptions.HOST.key]: hostname?.replaceAll(TASK_PATTERN, taskId) ?? offer.hostname,
    ...Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, String(port)])),
    ...jobManagerProperties(options),
    ...(secretPath === undefined ? {} : { [SecurityOptions.CLUSTER_SECRET_FILE.key]: secretPath }),
  }
}

/** Where the JobManager is, unless somebody else tells. */
function jobManagerProperties(options: WorkerTaskOptions): Record<string, string> {
  if (isHighlyAvailable(options.configuration)) return {}
  const { host, port } = splitHostAndPort(options.jobManager)
  return { [JobManagerOptions.ADDRESS.key]: host, [JobManagerOptions.PORT.key]: port }
}

/** With which node keeps the main thread of a TaskManager to its part of the memory. */
function nodeFlags(
  configuration: Configuration,
  { dynamicProperties }: WorkerResourceSpec,
): string {
  const all = configuration.clone().merge(Configuration.fromMap(dynamicProperties))
  return nodeHeapFlags(deriveTaskManagerMemory(all)).join(' ')
}
