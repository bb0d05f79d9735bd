import { ClusterOptions, FlinkError, isHighlyAvailable } from '@flink-ts/core'
import type {
  ResourceManagerDriver,
  ResourceManagerDriverContext,
  VersionedStore,
} from '@flink-ts/runtime'
import { LocalProcesses } from './local-processes.js'
import { ProcessResourceManagerDriver } from './process-resource-manager-driver.js'
import { FileWorkerRecords } from './records/file-worker-records.js'
import { StoreWorkerRecords } from './records/store-worker-records.js'

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
  // Several JobManagers keep what they have to hand on; a file would be that of all clusters with one configured address.
  const records = isHighlyAvailable(configuration)
    ? (store: VersionedStore) => new StoreWorkerRecords({ ...context, store, processes })
    : () => new FileWorkerRecords(processes)
  const shutdownTimeoutMs = configuration.get(ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT)
  return new ProcessResourceManagerDriver({ ...context, processes, records, shutdownTimeoutMs })
}
