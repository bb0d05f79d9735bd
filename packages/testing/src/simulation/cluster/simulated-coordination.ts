import { Configuration, type FileSystem } from '@flink-ts/core'
import {
  ZooKeeperHaServices,
  type ZooKeeperHaSettings,
  ZooKeeperRetrieval,
  zooKeeperHaSettings,
} from '@flink-ts/ha-zookeeper'
import { LeadershipInvariant } from '../invariants/leadership-invariant.js'
import { TraceLogger } from '../trace/trace-logger.js'
import { SimulatedZooKeeper } from '../zookeeper/simulated-zookeeper.js'
import type { ZooKeeperObserver } from '../zookeeper/zookeeper-observer.js'
import type { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

/** `high-availability.storageDir` of all JobManagers, in the files of the world. */
export const HA_STORAGE = '/ha'

const CONFIGURATION: Readonly<Record<string, string>> = {
  'high-availability.type': 'zookeeper',
  'high-availability.zookeeper.quorum': 'zookeeper:2181',
  'high-availability.storageDir': HA_STORAGE,
  'high-availability.cluster-id': 'simulated',
  'high-availability.zookeeper.client.session-timeout': '20 s',
  'high-availability.zookeeper.client.connection-timeout': '5 s',
  'high-availability.zookeeper.client.retry-wait': '1 s',
}

/** A client that finds its connection broken tries again within this time. */
const RECONNECT_MS = 1_000

/** The ZooKeeper of a simulated cluster and the processes' parts in it. */
export class SimulatedCoordination {
  readonly zooKeeper: SimulatedZooKeeper
  readonly settings: ZooKeeperHaSettings
  readonly #world: SimulatedWorld
  readonly #configuration: Configuration
  /** Hear of what clients do, after the simulation itself. */
  readonly observers = new Set<ZooKeeperObserver>()

  /** @param configuration Flink keys of the cluster, beside those of the simulation */
  constructor(world: SimulatedWorld, configuration: Readonly<Record<string, string>>) {
    this.#world = world
    this.#configuration = Configuration.fromMap({ ...CONFIGURATION, ...configuration })
    this.settings = zooKeeperHaSettings(this.#configuration)
    const random = world.forkRandom()
    this.zooKeeper = new SimulatedZooKeeper({
      clock: world.time,
      random,
      log: new TraceLogger(world.trace, 'zk', { debug: world.debug }),
      latencyMs: () => 0.2 + random.next() * 3,
      reconnectDelayMs: () => random.next() * RECONNECT_MS,
      observer: {
        onSend: (client, operations) => {
          for (const observer of this.observers) observer.onSend?.(client, operations)
        },
        onCommitted: (client, operations) => {
          invariant.observe(client, operations)
          for (const observer of this.observers) observer.onCommitted?.(client, operations)
        },
      },
    })
    const invariant = new LeadershipInvariant({
      zooKeeper: this.zooKeeper,
      root: this.clusterNode,
      violated: (what) => world.violated(what),
    })
  }

  /** The node that everything of the cluster is below. */
  get clusterNode(): string {
    return `${this.settings.rootPath}/${this.settings.clusterId}`
  }

  /** Takes part as a JobManager. */
  join(process: SimulatedProcess, fileSystem: FileSystem): ZooKeeperHaServices {
    const { name, clock, random, log } = process
    return new ZooKeeperHaServices({
      zooKeeper: this.#createClient(process),
      settings: this.settings,
      storage: { fileSystem, directory: HA_STORAGE },
      clock,
      random,
      log,
      contenderName: name,
      onFatalError: (error) => this.#world.violated(`${name} cannot take part: ${error.message}`),
    })
  }

  /** Looks on as a TaskManager. */
  lookOn(process: SimulatedProcess): ZooKeeperRetrieval {
    const { name, clock, random, log } = process
    const zooKeeper = this.#createClient(process)
    const retrieval = new ZooKeeperRetrieval(zooKeeper, this.settings, {
      configuration: this.#configuration,
      clock,
      random,
      log,
      onFatalError: (error) => this.#world.violated(`${name} cannot look on: ${error.message}`),
    })
    zooKeeper.start()
    return retrieval
  }

  /** Name of the process that leads, as the servers see it: it may not know yet, or not know any more. */
  get leader(): string | undefined {
    const [first] = this.latchNodes
    return first === undefined ? undefined : this.zooKeeper.ownerOf(first)
  }

  /** Paths of those that lead or want to, in the order of their turns. */
  get latchNodes(): string[] {
    const latch = `${this.clusterNode}/leader/latch`
    return this.zooKeeper
      .children(latch)
      .sort((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1))
      .map((name) => `${latch}/${name}`)
  }

  /** Somebody removes the leader's node: the leader hears of it, and another JobManager, or the same one, leads next. */
  revokeLeadership(): void {
    const [first] = this.latchNodes
    if (first !== undefined) this.zooKeeper.delete(first)
  }

  /** What is kept for later leaders: nodes below that of the entries. */
  get entryPaths(): string[] {
    const entries = `${this.clusterNode}/entries/`
    return this.zooKeeper.paths.filter((path) => path.startsWith(entries))
  }

  #createClient({ name, clock }: SimulatedProcess) {
    const { sessionTimeoutMs, connectionTimeoutMs } = this.settings
    return this.zooKeeper.createClient({ name, clock, sessionTimeoutMs, connectionTimeoutMs })
  }
}
