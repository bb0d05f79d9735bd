import {
  type Clock,
  Configuration,
  InMemoryFileSystem,
  type LogFields,
  type Logger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { ZooKeeperHaServices, zooKeeperHaSettings } from '@flink-ts/ha-zookeeper'
import type { FencingToken } from '@flink-ts/rpc'
import type { LeaderAddress, LeaderComponent, LeaderStores } from '@flink-ts/runtime'
import {
  SimulatedZooKeeper,
  type SimulatedZooKeeperClient,
  type ZooKeeperObserver,
} from '@flink-ts/testing'

export const DISPATCHER = { kind: 'dispatcher' } as const
export const LATCH = '/flink/default/leader/latch'
export const INFO = '/flink/default/leader/dispatcher/connection_info'
export const ENTRIES = '/flink/default/entries'
export const FOLDER = '/ha/default'
export const bytes = (text: string) => Buffer.from(text)

/** An ensemble without latency, a folder and JobManagers, by the clock of the test. */
export class HaWorld {
  readonly clock: Clock
  readonly manual = new ManualClock(1_000)
  readonly random: SeededRandom
  readonly zooKeeper: SimulatedZooKeeper
  readonly fileSystem: InMemoryFileSystem
  readonly logged: { level: string; message: string; fields: LogFields }[] = []

  constructor({
    seed = 1,
    clock,
    latencyMs,
    observer,
  }: {
    seed?: number
    clock?: Clock
    latencyMs?: () => number
    observer?: ZooKeeperObserver
  } = {}) {
    this.clock = clock ?? this.manual
    this.random = new SeededRandom(seed)
    const world = { clock: this.clock, random: this.random }
    this.zooKeeper = new SimulatedZooKeeper({
      ...world,
      ...(latencyMs && { latencyMs }),
      ...(observer && { observer }),
    })
    this.fileSystem = new InMemoryFileSystem({ ...world, scheme: 'file' })
  }

  get log(): Logger {
    const at =
      (level: string) =>
      (message: string, fields: LogFields = {}) =>
        void this.logged.push({ level, message, fields })
    const log: Logger = {
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      child: () => log,
    }
    return log
  }

  /** Data of a node. */
  text(path: string): string {
    return Buffer.from(this.zooKeeper.data(path) ?? []).toString()
  }

  /** Where others find the Dispatcher. */
  published(): string {
    return JSON.parse(this.text(INFO)).address
  }

  warnings(): string[] {
    return this.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)
  }

  client(
    name: string,
    options: Partial<Parameters<SimulatedZooKeeper['createClient']>[0]> = {},
  ): SimulatedZooKeeperClient {
    return this.zooKeeper.createClient({ name, sessionTimeoutMs: 10_000, ...options })
  }

  settings(values: Record<string, string> = {}) {
    return zooKeeperHaSettings(
      Configuration.fromMap({
        'high-availability.zookeeper.quorum': 'zk1:2181',
        'high-availability.storageDir': '/ha',
        'high-availability.zookeeper.client.session-timeout': '10 s',
        'high-availability.zookeeper.client.retry-wait': '1 s',
        ...values,
      }),
    )
  }

  process(
    name: string,
    { settings = {}, zooKeeper = this.client(name), endOfCluster }: ProcessOptions = {},
  ): HaProcess {
    return new HaProcess(this, name, this.settings(settings), zooKeeper, endOfCluster)
  }

  /** Paths of files below the folder of the cluster. */
  async files(): Promise<string[]> {
    return this.#filesIn(FOLDER)
  }

  /** Moves time on in steps, so that what follows each one runs. */
  async advance(byMs: number, stepMs = 500): Promise<void> {
    await settle()
    for (let left = byMs; left > 0; left -= stepMs) {
      this.manual.advance(Math.min(left, stepMs))
      await settle()
    }
  }

  async #filesIn(folder: string): Promise<string[]> {
    if (!(await this.fileSystem.exists(folder))) return []
    const found = await this.fileSystem.list(folder)
    const below = await Promise.all(
      found.map(({ path, isDirectory }) => (isDirectory ? this.#filesIn(path) : [path])),
    )
    return below.flat()
  }
}

interface ProcessOptions {
  settings?: Record<string, string>
  zooKeeper?: SimulatedZooKeeperClient
  /** What it does when the leader ends the cluster; default: it does not listen. */
  endOfCluster?: 'ends' | 'hangs' | undefined
}

/** A JobManager as far as its high availability is concerned. */
export class HaProcess {
  readonly name: string
  readonly ha: ZooKeeperHaServices
  readonly zooKeeper: SimulatedZooKeeperClient
  /** What its components have heard: `+epoch` and `-`. */
  readonly news: string[] = []
  readonly tokens: FencingToken[] = []
  readonly fatal: Error[] = []
  clusterEnds = 0

  constructor(
    world: HaWorld,
    name: string,
    settings: ReturnType<HaWorld['settings']>,
    zooKeeper: SimulatedZooKeeperClient,
    endOfCluster?: ProcessOptions['endOfCluster'],
  ) {
    this.name = name
    this.zooKeeper = zooKeeper
    this.ha = new ZooKeeperHaServices({
      zooKeeper,
      settings,
      storage: { fileSystem: world.fileSystem, directory: settings.storageDirectory! },
      clock: world.clock,
      random: world.random,
      log: world.log,
      contenderName: name,
      onFatalError: (error) => void this.fatal.push(error),
      ...(endOfCluster !== undefined && {
        onClusterEnded: () => {
          this.clusterEnds++
          if (endOfCluster === 'ends') void this.ha.close({ cleanUp: true })
        },
      }),
    })
  }

  contend(component: LeaderComponent = DISPATCHER) {
    const election = this.ha.leaderElection(component)
    election.start({
      grantLeadership: (token) => {
        this.tokens.push(token)
        this.news.push(`+${this.tokens.length}`)
        election.confirmLeadership({ address: this.name, endpointId: component.kind, token })
      },
      revokeLeadership: () => void this.news.push('-'),
    })
    return election
  }

  get leads(): boolean {
    return this.ha.token !== undefined
  }

  /** Of its latest term. */
  stores(): LeaderStores {
    return this.ha.stores(this.tokens.at(-1)!)
  }

  /** What a retriever of this process tells, in order. */
  watch(component: LeaderComponent = DISPATCHER): (LeaderAddress | undefined)[] {
    const told: (LeaderAddress | undefined)[] = []
    this.ha.leaderRetriever(component).start((leader) => void told.push(leader))
    return told
  }
}

/** Until nothing more happens at this moment. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
