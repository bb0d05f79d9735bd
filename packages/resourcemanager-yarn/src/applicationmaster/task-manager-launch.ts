import {
  Configuration,
  deriveTaskManagerMemory,
  HighAvailabilityOptions,
  isHighlyAvailable,
  JobManagerOptions,
  nodeHeapFlags,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { ContainerId, ContainerLaunchContext } from '@flink-ts/hadoop-rpc'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import { containerCommand } from '../deployment/container-command.js'
import type { YarnDeployment } from '../deployment/yarn-deployment.js'

export interface TaskManagerLaunchOptions {
  readonly deployment: YarnDeployment
  /** Of the JobManager. */
  readonly configuration: Configuration
  /** `host:port` of its RPC. */
  readonly jobManagerAddress: string
}

/**
 * How a container becomes a TaskManager. What it must have is on its command line, over the configuration that lies in its folder;
 * where the JobManager is only where nobody else tells of it.
 */
export function taskManagerLaunch(
  containerId: ContainerId,
  spec: WorkerResourceSpec,
  { deployment, configuration, jobManagerAddress }: TaskManagerLaunchOptions,
): ContainerLaunchContext {
  const properties: Record<string, string> = {
    ...spec.dynamicProperties,
    [TaskManagerOptions.RESOURCE_ID.key]: containerId,
  }
  if (isHighlyAvailable(configuration)) {
    const { key } = HighAvailabilityOptions.HA_CLUSTER_ID
    properties[key] = configuration.get(HighAvailabilityOptions.HA_CLUSTER_ID)
  } else {
    const colon = jobManagerAddress.lastIndexOf(':')
    properties[JobManagerOptions.ADDRESS.key] = jobManagerAddress.slice(0, colon)
    properties[JobManagerOptions.PORT.key] = jobManagerAddress.slice(colon + 1)
  }
  const all = configuration.clone().merge(Configuration.fromMap(properties))
  const memory = deriveTaskManagerMemory(all)
  const words = [
    deployment.nodePath,
    ...nodeHeapFlags(memory),
    `${deployment.mainsPath}/task-manager.js`,
    ...['--configDir', '.', '--container', 'yarn'],
    ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
  ]
  return {
    localResources: deployment.localResources,
    environment: deployment.environment,
    // YARN shows the end of files with this name among the diagnostics of a container that failed.
    commands: [
      containerCommand(words, { stdout: 'taskmanager.out', stderr: 'taskmanager.stderr' }),
    ],
  }
}
