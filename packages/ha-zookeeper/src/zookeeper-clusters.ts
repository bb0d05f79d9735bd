import {
  type Clock,
  type Configuration,
  type FileSystem,
  type FileSystems,
  HighAvailabilityOptions,
  InMemoryFileSystem,
  type Logger,
  type Random,
} from '@flink-ts/core'
import { type LeaderStores, NamespacedLeaderStores } from '@flink-ts/runtime'
import { childPath, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { type ClusterFolder, clusterFolder, removeFilesUpTo } from './cluster-folder.js'
import { childrenOf, removeEmptyCluster } from './cluster-layout.js'
import { ClusterPaths, decodeNodeName, latchQueue } from './cluster-paths.js'
import { CoordinationReads, hasReason } from './coordination-reads.js'
import { newZooKeeperClient } from './create-zookeeper-ha-services.js'
import { endCluster } from './election/cluster-end.js'
import { EntryFiles } from './entries/entry-files.js'
import { NodeStore } from './entries/node-store.js'
import { findNodes, removeTree } from './entries/node-tree.js'
import { PathLocks } from './entries/path-locks.js'
import { FencedWriter } from './fenced-writer.js'
import { parseLeaderInformation } from './leader-information.js'
import { ClusterHasContendersError } from './zookeeper-ha-errors.js'
import { type ZooKeeperHaSettings, zooKeeperHaSettings } from './zookeeper-ha-settings.js'

/** What is kept of one cluster. */
export interface ZooKeeperClusterInfo {
  readonly clusterId: string
  /** Base URL of the leader's REST endpoint. */
  readonly leaderUrl: string | undefined
  /** Names of the living JobManagers, the leader first. */
  readonly contenders: readonly string[]
  readonly jobs: readonly ZooKeeperJobInfo[]
  /** Nodes, the cluster's own included. */
  readonly nodes: number
  /** Of files in `high-availability.storageDir`; undefined if that is not configured. */
  readonly bytes: number | undefined
}

export interface ZooKeeperJobInfo {
  readonly jobId: string
  /** Undefined if what is kept of the job has none, or cannot be read. */
  readonly name: string | undefined
  /** `submitted`: the next leader runs it. `ended`: its clean-up is due. `rest`: only other entries are left. */
  readonly state: 'submitted' | 'ended' | 'rest'
  readonly checkpoints: number
}

export interface CreateZooKeeperClustersOptions {
  readonly configuration: Configuration
  readonly fileSystems: FileSystems
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface ZooKeeperClustersOptions {
  /** Not started yet. */
  readonly zooKeeper: ZooKeeperClient
  readonly settings: ZooKeeperHaSettings
  /** `high-availability.storageDir`, if it is known. */
  readonly storage: { readonly fileSystem: FileSystem; readonly directory: string } | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** @throws IllegalConfigurationError naming the key */
export function createZooKeeperClusters(
  options: CreateZooKeeperClustersOptions,
): ZooKeeperClusters {
  const { configuration, fileSystems, clock, random, log } = options
  const settings = zooKeeperHaSettings(configuration)
  const { storageDirectory: directory } = settings
  return new ZooKeeperClusters({
    zooKeeper: newZooKeeperClient(settings, { clock, random, log }),
    settings,
    storage:
      directory === undefined
        ? undefined
        : { fileSystem: fileSystems.forPath(directory), directory },
    clock,
    random,
    log,
  })
}

/** What clusters keep below the configured root, for people. */
export class ZooKeeperClusters {
  readonly #options: ZooKeeperClustersOptions
  readonly #reads: CoordinationReads

  constructor(options: ZooKeeperClustersOptions) {
    this.#options = options
    const { zooKeeper, settings, clock, log } = options
    this.#reads = new CoordinationReads({
      zooKeeper,
      // Somebody waits.
      retry: { ...settings.retry, maxRetries: 0 },
      clock,
      log,
      contenderName: `A client of '${HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM.key}' (${settings.quorum})`,
    })
    zooKeeper.start()
  }

  /** Sorted by id. @throws CoordinationConnectionLostError naming the ensemble */
  async list(): Promise<ZooKeeperClusterInfo[]> {
    const { zooKeeper, settings } = this.#options
    const names = await this.#reads.run(`list ${settings.rootPath}`, () =>
      childrenOf(zooKeeper, settings.rootPath),
    )
    const clusters = await Promise.all(names.map((name) => this.#describe(decodeNodeName(name))))
    return clusters.filter((cluster) => cluster !== undefined)
  }

  /**
   * Removes all nodes and files of a cluster, and empty nodes above. By force also under JobManagers that live: they end first, as
   * with a cluster that is shut down, and whoever hangs finds that it can write nothing more, and ends, when it goes on.
   *
   * @param clusterId as in `high-availability.cluster-id`
   * @returns false if nothing is kept of such a cluster
   * @throws ClusterHasContendersError if a JobManager lives, unless `force`
   */
  async remove(
    clusterId: string,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<boolean> {
    const { zooKeeper } = this.#options
    const id = clusterId.replace(/^\/+|\/+$/g, '')
    const paths = this.#pathsOf(id)
    const folder = this.#folderOf(id)
    const hasFolder = folder !== undefined && (await folder.fileSystem.exists(folder.path))
    const isThere = await this.#reads.run(`look for ${paths.cluster}`, () =>
      zooKeeper.exists(paths.cluster),
    )
    if (isThere === undefined && !hasFolder) return false
    await this.#removeAsLeader(id, paths, { folder, force })
    await removeEmptyCluster(zooKeeper, paths)
    return true
  }

  close(): Promise<void> {
    this.#reads.close()
    return this.#options.zooKeeper.close()
  }

  /** Takes part in the election meanwhile, so that no JobManager begins on what is being removed. */
  async #removeAsLeader(
    clusterId: string,
    paths: ClusterPaths,
    { folder, force }: { readonly folder: ClusterFolder | undefined; readonly force: boolean },
  ): Promise<void> {
    const { zooKeeper, random, clock, log } = this.#options
    await zooKeeper.createRecursive(paths.latch)
    const latchPath = await zooKeeper.create(
      paths.latchPrefix(random.uuid()),
      Buffer.from('flink ha'),
      { ephemeral: true, sequential: true },
    )
    try {
      const stat = await zooKeeper.exists(latchPath)
      const token = { epoch: stat?.czxid ?? 0, uuid: random.uuid() }
      if (force) {
        await endCluster({
          ...{ zooKeeper, paths, own: latchPath, clock, log },
          mark: async (data) => (await zooKeeper.setData(paths.cluster, data, -1)).mzxid,
          putOut: (node) => zooKeeper.remove(node, -1),
        })
      } else {
        const contenders = await this.#contenders(paths, latchPath)
        if (contenders[0] !== undefined) throw new ClusterHasContendersError(clusterId, contenders)
      }
      const term = { token, latchPath, sessionId: zooKeeper.sessionId ?? '' }
      const writer = this.#writer(() => term, token)
      const access = { zooKeeper, reads: this.#reads, writer }
      await removeTree(access, paths.entries)
      for (const name of await childrenOf(zooKeeper, paths.leader)) {
        const path = childPath(paths.leader, name)
        if (path !== paths.latch) await removeTree(access, path)
      }
      // Whoever leads after this writes files of later terms.
      if (folder !== undefined) await removeFilesUpTo(folder, token.epoch)
    } finally {
      await zooKeeper.removeRecursive(latchPath)
    }
  }

  #writer(
    currentTerm: ConstructorParameters<typeof FencedWriter>[0]['currentTerm'],
    token: { readonly epoch: number; readonly uuid: string },
  ): FencedWriter {
    const { zooKeeper, log } = this.#options
    const onTermOver = () => {}
    return new FencedWriter({
      zooKeeper,
      log,
      contenderName: 'flink ha',
      token,
      currentTerm,
      onTermOver,
    })
  }

  /** @returns undefined: the node is not that of a cluster */
  async #describe(clusterId: string): Promise<ZooKeeperClusterInfo | undefined> {
    const { zooKeeper } = this.#options
    const paths = this.#pathsOf(clusterId)
    const folder = this.#folderOf(clusterId)
    const nodes = await this.#reads.run(`list ${paths.cluster}`, async () => {
      const names = await childrenOf(zooKeeper, paths.cluster)
      const isCluster = names.includes('leader') || names.includes('entries')
      return isCluster ? findNodes(zooKeeper, paths.cluster) : []
    })
    if (nodes.length === 0) return undefined
    const info = nodes.find(({ path }) => path === paths.connectionInfo({ kind: 'rest_server' }))
    return {
      clusterId,
      leaderUrl: info && addressIn(info.data),
      contenders: await this.#contenders(paths),
      jobs: await this.#jobs(paths, folder),
      nodes: nodes.length,
      bytes: folder && (await bytesIn(folder.fileSystem, folder.path)),
    }
  }

  async #contenders(paths: ClusterPaths, except?: string): Promise<string[]> {
    const { zooKeeper } = this.#options
    const queue = latchQueue(await childrenOf(zooKeeper, paths.latch))
      .map(({ name }) => childPath(paths.latch, name))
      .filter((path) => path !== except)
    const names = await Promise.all(
      queue.map(async (path) => {
        try {
          return Buffer.from((await zooKeeper.getData(path)).data).toString()
        } catch (error) {
          if (hasReason(error, 'no-node')) return undefined
          throw error
        }
      }),
    )
    return names.filter((name) => name !== undefined)
  }

  async #jobs(paths: ClusterPaths, folder: ClusterFolder | undefined): Promise<ZooKeeperJobInfo[]> {
    const { zooKeeper } = this.#options
    const stores = this.#storesOf(paths, folder)
    const [submitted, ended, kept] = await Promise.all([
      stores.jobGraphs.getJobIds(),
      stores.jobResults.getDirtyResults().catch(() => []),
      childrenOf(zooKeeper, paths.namespace('jobs')),
    ])
    const jobIds = new Set([...submitted, ...ended.map(({ jobId }) => jobId), ...kept])
    return Promise.all(
      [...jobIds].sort().map(async (jobId) => {
        const result = ended.find((each) => each.jobId === jobId)
        const graph =
          result === undefined && submitted.includes(jobId)
            ? // What cannot be read is listed without a name.
              await stores.jobGraphs.getJobGraph(jobId).catch(() => undefined)
            : undefined
        return {
          jobId,
          name: result?.name ?? graph?.name,
          state: result !== undefined ? 'ended' : submitted.includes(jobId) ? 'submitted' : 'rest',
          checkpoints: (await stores.jobNamespace(jobId, 'checkpoints').names()).length,
        } as const
      }),
    )
  }

  /** For reading. */
  #storesOf(paths: ClusterPaths, folder: ClusterFolder | undefined): LeaderStores {
    const { zooKeeper, clock, random, log, settings } = this.#options
    const writer = this.#writer(() => undefined, { epoch: 0, uuid: 'none' })
    const files = new EntryFiles({
      // Without the folder there is no file.
      fileSystem: folder?.fileSystem ?? new InMemoryFileSystem({ clock, random }),
      directory: folder?.entries ?? '/entries',
      random,
      log,
    })
    const shared = { zooKeeper, reads: this.#reads, writer, files, locks: new PathLocks() }
    return new NamespacedLeaderStores({
      executionPlans: settings.executionPlans,
      namespace: (namespace) =>
        new NodeStore({ ...shared, path: paths.namespace(namespace), top: paths.entries }),
      removeNamespace: (namespace) =>
        removeTree({ zooKeeper, reads: this.#reads, writer }, paths.namespace(namespace)),
    })
  }

  #pathsOf(clusterId: string): ClusterPaths {
    return new ClusterPaths(this.#options.settings.rootPath, clusterId)
  }

  #folderOf(clusterId: string): ClusterFolder | undefined {
    const { storage } = this.#options
    return storage && clusterFolder(storage.fileSystem, storage.directory, clusterId)
  }
}

function addressIn(data: Uint8Array): string | undefined {
  try {
    return parseLeaderInformation(data).address
  } catch {
    return undefined
  }
}

async function bytesIn(fileSystem: FileSystem, path: string): Promise<number> {
  if (!(await fileSystem.exists(path))) return 0
  const sizes = (await fileSystem.list(path)).map((each) =>
    each.isDirectory ? bytesIn(fileSystem, each.path) : Number(each.lengthBytes),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
