import { ClusterOptions, FlinkError } from '@flink-ts/core'
import type { ResourceManagerDriver, ResourceManagerDriverContext } from '@flink-ts/runtime'
import { LocalProcesses } from './local-processes.js'
import { ProcessResourceManagerDriver } from './process-resource-manager-driver.js'

/**
 * How `entrypoint` gets the driver of a package that it loads by its name.
 *
 * @throws FlinkError (FLINK_CANNOT_START_WORKERS) outside of a JobManager process
 */
export function createResourceManagerDriver(
  context: ResourceManagerDriverContext,
): ResourceManagerDriver {
  const { folder, taskManagerMain, configuration } = context
  if (folder === undefined || taskManagerMain === undefined) {
    throw new FlinkError(
      "Cannot start TaskManagers as processes: 'resourcemanager.driver: process' is for JobManager processes, not for clusters inside of a program",
      { code: 'FLINK_CANNOT_START_WORKERS' },
    )
  }
  const processes = new LocalProcesses({ ...context, folder, taskManagerMain })
  const shutdownTimeoutMs = configuration.get(ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT)
  return new ProcessResourceManagerDriver({ ...context, processes, shutdownTimeoutMs })
}
