import type { Clock, Logger, Random } from '@flink-ts/core'
import type {
  HighAvailabilityContext,
  LeaderComponent,
  LeaderRetrieval,
  LeaderRetrievalContext,
  LeaderRetriever,
} from '@flink-ts/runtime'
import { NodeZooKeeperClient, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { checkWritable, clusterFolder, storageFileSystem } from './cluster-folder.js'
import { ClusterPaths } from './cluster-paths.js'
import { watchConnection } from './connection-watchdog.js'
import { LeaderWatches } from './retrieval/leader-watches.js'
import { ZooKeeperAccessError } from './zookeeper-ha-errors.js'
import { ZooKeeperHaServices } from './zookeeper-ha-services.js'
import {
  requiredStorageDirectory,
  type ZooKeeperHaSettings,
  zooKeeperHaSettings,
} from './zookeeper-ha-settings.js'

/**
 * High availability of a JobManager by the ensemble that the configuration names. Does not wait for the ensemble: one that does
 * not answer is tried for ever, with a warning that names the key. What can never work is told to `onFatalError`: refused
 * credentials, and foreign data where the cluster's would be.
 *
 * @throws IllegalConfigurationError naming the key, also if `high-availability.storageDir` is missing or cannot be written to
 */
export async function createZooKeeperHaServices(
  options: HighAvailabilityContext,
): Promise<ZooKeeperHaServices> {
  const { configuration, fileSystems, clock, random, log, contenderName } = options
  const { onFatalError, onClusterEnded } = options
  const settings = zooKeeperHaSettings(configuration)
  const directory = requiredStorageDirectory(settings)
  const storage = { fileSystem: storageFileSystem(fileSystems, directory), directory }
  const folder = clusterFolder(storage.fileSystem, directory, settings.clusterId)
  await checkWritable(folder, directory, random)
  return new ZooKeeperHaServices({
    zooKeeper: newZooKeeperClient(settings, { clock, random, log }),
    settings,
    storage,
    clock,
    random,
    log,
    contenderName,
    ...(onFatalError !== undefined && { onFatalError }),
    ...(onClusterEnded !== undefined && { onClusterEnded }),
  })
}

/**
 * For TaskManagers and clients.
 *
 * @throws IllegalConfigurationError naming the key
 */
export function createZooKeeperLeaderRetrieval(options: LeaderRetrievalContext): LeaderRetrieval {
  const { configuration, clock, random, log } = options
  const settings = zooKeeperHaSettings(configuration)
  const zooKeeper = newZooKeeperClient(settings, { clock, random, log })
  const retrieval = new ZooKeeperRetrieval(zooKeeper, settings, options)
  zooKeeper.start()
  return retrieval
}

/** Not started yet. */
export function newZooKeeperClient(
  settings: ZooKeeperHaSettings,
  world: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
): ZooKeeperClient {
  const { quorum, sessionTimeoutMs, connectionTimeoutMs, authorization, acl } = settings
  return new NodeZooKeeperClient({
    connectString: quorum,
    sessionTimeoutMs,
    connectionTimeoutMs,
    authorization,
    acl,
    ...world,
  })
}

/** By a client that the caller starts; this closes it. */
export class ZooKeeperRetrieval implements LeaderRetrieval {
  readonly #zooKeeper: ZooKeeperClient
  readonly #watches: LeaderWatches
  readonly #endings: readonly (() => void)[]

  constructor(
    zooKeeper: ZooKeeperClient,
    settings: ZooKeeperHaSettings,
    { clock, log, onFatalError }: LeaderRetrievalContext,
  ) {
    this.#zooKeeper = zooKeeper
    const paths = new ClusterPaths(settings.rootPath, settings.clusterId)
    const { retry } = settings
    let isTold = false
    const refused = (error: Error) => {
      if (isTold) return
      isTold = true
      if (onFatalError !== undefined) onFatalError(error)
      else log.error('No leader can be found in ZooKeeper', { error })
    }
    this.#watches = new LeaderWatches({
      zooKeeper,
      paths,
      retry,
      clock,
      log,
      onFatalError: refused,
    })
    this.#endings = [
      watchConnection({ zooKeeper, settings, clock, log }),
      zooKeeper.onSession((event) => {
        if (event.type !== 'auth-failed') return
        refused(new ZooKeeperAccessError(`credentials of scheme ${event.scheme}`))
      }),
    ]
  }

  leaderRetriever(component: LeaderComponent): LeaderRetriever {
    return this.#watches.retriever(component)
  }

  close(): Promise<void> {
    for (const end of this.#endings) end()
    this.#watches.close()
    return this.#zooKeeper.close()
  }
}
