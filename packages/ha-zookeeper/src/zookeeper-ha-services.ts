import type { CancelTimer, FileSystem } from '@flink-ts/core'
import { type FencingToken, formatFencingToken } from '@flink-ts/rpc'
import {
  type HighAvailabilityServices,
  type LeaderComponent,
  type LeaderElection,
  LeaderElectionService,
  type LeaderRetriever,
  type LeaderStores,
  NamespacedLeaderStores,
} from '@flink-ts/runtime'
import { childPath, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import {
  type ClusterFolder,
  clusterFolder,
  removeEmptyFolders,
  removeFilesUpTo,
} from './cluster-folder.js'
import { childrenOf, prepareCluster, removeEmptyCluster } from './cluster-layout.js'
import { ClusterPaths } from './cluster-paths.js'
import { watchConnection } from './connection-watchdog.js'
import { CoordinationReads, hasReason } from './coordination-reads.js'
import { ClusterEnd, endCluster, fencedEnd } from './election/cluster-end.js'
import { LeaderLatch } from './election/leader-latch.js'
import type { WonLatch } from './election/leader-latch-options.js'
import { Leftovers } from './election/leftovers.js'
import { PublishedAddresses } from './election/published-addresses.js'
import { EntryFiles } from './entries/entry-files.js'
import { fileOf, NodeStore } from './entries/node-store.js'
import { isUntidy, type NodeAccess, removeEmptyAbove, removeTree } from './entries/node-tree.js'
import { PathLocks } from './entries/path-locks.js'
import { sweep } from './entries/sweep.js'
import { FencedWriter, type ZooKeeperTerm } from './fenced-writer.js'
import { LeaderWatches } from './retrieval/leader-watches.js'
import { ZooKeeperAccessError } from './zookeeper-ha-errors.js'
import type { ZooKeeperHaServicesOptions } from './zookeeper-ha-services-options.js'

const SWEEP_RETRY_MS = 30_000

/** High availability of one JobManager process by ZooKeeper and a folder that all JobManagers reach. */
export class ZooKeeperHaServices implements HighAvailabilityServices {
  readonly blobStorage: { readonly fileSystem: FileSystem; readonly directory: string }
  readonly #options: ZooKeeperHaServicesOptions
  readonly #paths: ClusterPaths
  readonly #folder: ClusterFolder
  readonly #reads: CoordinationReads
  readonly #files: EntryFiles
  readonly #locks = new PathLocks()
  readonly #watches: LeaderWatches
  readonly #leftovers: Leftovers
  readonly #latch: LeaderLatch
  readonly #clusterEnd: ClusterEnd
  readonly #election: LeaderElectionService
  readonly #endings: (() => void)[] = []
  #term: ZooKeeperTerm | undefined
  #addresses: PublishedAddresses | undefined
  #cancelSweep: CancelTimer | undefined
  #fatalError: Error | undefined
  #closed: Promise<void> | undefined
  /** Nodes of the cluster are made until it settles, however. */
  #preparation: Promise<void> = Promise.resolve()

  constructor(options: ZooKeeperHaServicesOptions) {
    this.#options = options
    const { zooKeeper, settings, storage, clock, random, log, contenderName } = options
    const paths = new ClusterPaths(settings.rootPath, settings.clusterId)
    this.#paths = paths
    this.#folder = clusterFolder(storage.fileSystem, storage.directory, settings.clusterId)
    this.blobStorage = { fileSystem: storage.fileSystem, directory: this.#folder.blob }
    const { retry } = settings
    this.#reads = new CoordinationReads({ zooKeeper, retry, clock, log, contenderName })
    this.#files = new EntryFiles({
      fileSystem: storage.fileSystem,
      directory: this.#folder.entries,
      random,
      log,
    })
    this.#watches = new LeaderWatches({ zooKeeper, paths, retry, clock, log })
    this.#leftovers = new Leftovers(zooKeeper)
    const processUuid = random.uuid()
    this.#clusterEnd = new ClusterEnd({
      ...{ zooKeeper, paths, log },
      onClusterEnded: options.onClusterEnded,
      onFatalError: (error) => this.#onFatalError(error),
    })
    this.#latch = new LeaderLatch({
      zooKeeper,
      paths,
      processUuid,
      contenderName,
      tolerateSuspendedConnections: settings.tolerateSuspendedConnections,
      retry,
      clock,
      log,
      prepare: () => {
        this.#preparation = this.#clusterEnd.prepare().then(() => prepareCluster(zooKeeper, paths))
        return this.#preparation
      },
      hasEnded: (czxid) => this.#clusterEnd.hasEnded(czxid),
      onWon: (latch) => this.#onWon(latch),
      onLost: () => this.#onLost(),
      removeLeftovers: () => this.#leftovers.remove(),
      onFatalError: (error) => this.#onFatalError(error),
    })
    this.#election = new LeaderElectionService({
      log,
      driver: {
        join: () => this.#latch.join(),
        publish: (component, leader) => this.#addresses?.publish(component, leader),
        withdraw: (component, leader) => this.#addresses?.withdraw(component, leader),
      },
    })
    this.#endings.push(
      watchConnection({ zooKeeper, settings, clock, log }),
      zooKeeper.onSession((event) => {
        if (event.type === 'reconnected') this.#addresses?.reconnected()
        if (event.type === 'auth-failed') {
          this.#onFatalError(new ZooKeeperAccessError(`credentials of scheme ${event.scheme}`))
        }
      }),
    )
    zooKeeper.start()
  }

  /** Of the term that this process believes to lead. */
  get token(): FencingToken | undefined {
    return this.#term?.token
  }

  leaderElection(component: LeaderComponent): LeaderElection {
    return this.#election.election(component)
  }

  leaderRetriever(component: LeaderComponent): LeaderRetriever {
    return this.#watches.retriever(component)
  }

  stores(token: FencingToken): LeaderStores {
    const access = this.#accessOf(token)
    const { settings } = this.#options
    return new NamespacedLeaderStores({
      executionPlans: settings.executionPlans,
      namespace: (namespace) =>
        new NodeStore({
          ...access,
          files: this.#files,
          locks: this.#locks,
          path: this.#paths.namespace(namespace),
          top: this.#paths.entries,
        }),
      removeNamespace: (namespace) => this.#removeNamespace(access, namespace),
    })
  }

  /** Gives up leadership, if this process has it, and takes part again behind the others. */
  giveUpLeadership(reason: string): void {
    this.#latch.giveUp(reason)
  }

  stopContending(): void {
    this.#latch.stopContending()
  }

  close({ cleanUp = false }: { readonly cleanUp?: boolean } = {}): Promise<void> {
    this.#closed ??= this.#close(cleanUp)
    return this.#closed
  }

  // ---------------------------------------------------------------- the term

  #onWon({ latchPath, czxid, sessionId }: WonLatch): void {
    const { zooKeeper, clock, random, log } = this.#options
    const token = { epoch: czxid, uuid: random.uuid() }
    this.#term = { token, latchPath, sessionId }
    const access = this.#accessOf(token)
    const { writer } = access
    this.#addresses = new PublishedAddresses({
      zooKeeper,
      paths: this.#paths,
      writer,
      clock,
      log,
      onWrite: (path) => this.#leftovers.add(path, sessionId),
      onRemoved: (path) => this.#leftovers.forget(path, sessionId),
    })
    this.#election.granted(token)
    this.#sweep(access)
  }

  #onLost(): void {
    this.#term = undefined
    this.#addresses?.close()
    this.#addresses = undefined
    this.#cancelSweep?.()
    this.#election.revoked()
  }

  #accessOf(token: FencingToken): NodeAccess {
    const { zooKeeper, contenderName, log } = this.#options
    const writer = new FencedWriter({
      zooKeeper,
      contenderName,
      log,
      token,
      currentTerm: () => this.#term,
      onTermOver: ({ latchPath }) => this.#latch.termIsOver(latchPath),
    })
    return { zooKeeper, reads: this.#reads, writer }
  }

  #sweep(access: NodeAccess): void {
    const { clock, log } = this.#options
    const { writer } = access
    sweep({ ...access, paths: this.#paths, files: this.#files, log }).catch((error) => {
      if (writer.isOver || this.#closed !== undefined) return
      log.warn('Could not look for what earlier terms have left; trying again', {
        token: formatFencingToken(writer.token),
        error,
        retryInMs: SWEEP_RETRY_MS,
      })
      this.#cancelSweep = clock.schedule(SWEEP_RETRY_MS, () => this.#sweep(access))
    })
  }

  async #removeNamespace(access: NodeAccess, namespace: string): Promise<void> {
    const path = this.#paths.namespace(namespace)
    await this.#removeEntries(access, path)
    try {
      await removeEmptyAbove(access, { path, top: this.#paths.entries })
    } catch (error) {
      if (!isUntidy(error)) throw error
    }
  }

  async #removeEntries(access: NodeAccess, path: string): Promise<void> {
    await removeTree(access, path, (node) => {
      this.#files.doubt(node.path, fileOf(node.data), 'former')
    })
    this.#files.treeRemoved(path)
  }

  #onFatalError(error: Error): void {
    if (this.#fatalError !== undefined || this.#closed !== undefined) return
    this.#fatalError = error
    const { onFatalError, log } = this.#options
    if (onFatalError !== undefined) onFatalError(error)
    else log.error('High availability on ZooKeeper cannot work', { error })
  }

  // ---------------------------------------------------------------- the end

  async #close(cleanUp: boolean): Promise<void> {
    const { zooKeeper, log } = this.#options
    let isCleanedUp = false
    try {
      if (cleanUp && this.#term !== undefined) {
        await this.#cleanUp(this.#term)
        isCleanedUp = true
      } else if (cleanUp) {
        log.info('What the cluster keeps is not removed: this process does not lead')
      }
    } finally {
      this.#latch.close()
      this.#clusterEnd.close()
      this.#watches.close()
      this.#reads.close()
      for (const end of this.#endings) end()
      await this.#files.settled()
      await this.#tidyUp(isCleanedUp)
      await zooKeeper.close()
    }
  }

  /** Removes all that the cluster keeps, as long as this process leads. */
  async #cleanUp({ token, latchPath }: ZooKeeperTerm): Promise<void> {
    const { zooKeeper, clock, log } = this.#options
    const paths = this.#paths
    const access = this.#accessOf(token)
    const { writer } = access
    log.info('Removing all that the cluster keeps', {
      node: paths.cluster,
      folder: this.#folder.path,
    })
    if (this.#clusterEnd.begin()) {
      await endCluster({
        zooKeeper,
        paths,
        own: latchPath,
        clock,
        log,
        ...fencedEnd(writer, paths),
      })
    }
    this.#addresses?.close()
    await removeTree(access, paths.entries)
    const components = await this.#reads.run(`list ${paths.leader}`, () =>
      childrenOf(zooKeeper, paths.leader),
    )
    for (const name of components) {
      const path = childPath(paths.leader, name)
      if (path !== paths.latch) await removeTree(access, path)
    }
    await this.#files.settled()
    // Another process may lead since the nodes went.
    await removeFilesUpTo(this.#folder, token.epoch)
  }

  /** Leaves no empty nodes and folders behind if nobody else takes part. */
  async #tidyUp(isCleanedUp: boolean): Promise<void> {
    const { zooKeeper, log } = this.#options
    if (!zooKeeper.isConnected) return
    try {
      // What it makes behind the removal would stay. Its failure is the latch's affair.
      await this.#preparation.catch(() => {})
      await this.#leftovers.remove()
      const { node } = this.#latch
      if (node !== undefined) await removeNode(zooKeeper, node)
      const isGone = await removeEmptyCluster(zooKeeper, this.#paths)
      if (isGone && !isCleanedUp) await removeEmptyFolders(this.#folder)
    } catch (error) {
      log.info('Empty nodes or folders of the cluster are left', {
        node: this.#paths.cluster,
        error,
      })
    }
  }
}

async function removeNode(zooKeeper: ZooKeeperClient, path: string): Promise<void> {
  try {
    await zooKeeper.remove(path, -1)
  } catch (error) {
    if (!hasReason(error, 'no-node')) throw error
  }
}
