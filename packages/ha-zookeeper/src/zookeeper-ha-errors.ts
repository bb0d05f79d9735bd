import { FlinkError, HighAvailabilityOptions } from '@flink-ts/core'

/** Where the nodes of the cluster would be there is something that is none of them. */
export class ForeignDataError extends FlinkError {
  readonly path: string

  constructor(path: string, what: string, cause?: unknown) {
    super(
      `Cannot use ${path} of ZooKeeper: ${what}. Remove it if nobody needs it, or choose another '${HighAvailabilityOptions.HA_CLUSTER_ID.key}' or '${HighAvailabilityOptions.HA_ZOOKEEPER_ROOT.key}'`,
      { code: 'FLINK_HA_FOREIGN_DATA', cause },
    )
    this.path = path
  }
}

/** The servers do not let this process in, or not at the nodes of the cluster. */
export class ZooKeeperAccessError extends FlinkError {
  constructor(what: string, cause?: unknown) {
    super(
      `ZooKeeper refuses ${what}: the credentials in '${HighAvailabilityOptions.ZOOKEEPER_CLIENT_AUTHORIZATION.key}' are not those of the cluster`,
      { code: 'FLINK_HA_ACCESS_REFUSED', cause },
    )
  }
}

/** The ensemble has begun anew: what JobManagers have kept there is gone, and the epochs of their terms begin anew. */
export class CoordinationDataLostError extends FlinkError {
  readonly path: string

  constructor(path: string) {
    super(
      `ZooKeeper has lost its data: ${path} was made by an earlier transaction than the one that this process knows. Nothing of the cluster is left there; start its JobManagers anew, and its TaskManagers, which would refuse leaders with lower epochs`,
      { code: 'FLINK_HA_DATA_LOST' },
    )
    this.path = path
  }
}

/** A file that belongs to an entry could not be written or read; it may be possible later. */
export class HaStorageError extends FlinkError {
  readonly path: string

  constructor(operation: 'write' | 'read', path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      `Could not ${operation} the file ${path} in '${HighAvailabilityOptions.HA_STORAGE_PATH.key}': ${reason}`,
      { code: 'FLINK_HA_STORAGE', retriable: true, cause },
    )
    this.path = path
  }
}

/** A cluster cannot be removed: a JobManager of it lives. */
export class ClusterHasContendersError extends FlinkError {
  readonly clusterId: string

  constructor(clusterId: string, contenders: readonly string[]) {
    super(
      `Could not remove what is kept of the cluster ${clusterId}: JobManagers of it live (${contenders.join(', ')}). Stop them first`,
      { code: 'FLINK_HA_CLUSTER_ALIVE' },
    )
    this.clusterId = clusterId
  }
}
