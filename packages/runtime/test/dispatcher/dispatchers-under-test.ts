import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { type ManualClock as Clock, ManualClock } from '@flink-ts/core/testing'
import { InProcessRpcNetwork } from '@flink-ts/rpc'
import {
  DISPATCHER_GATEWAY,
  Dispatcher,
  type DispatcherGateway,
  InMemoryCoordination,
  InMemoryHighAvailability,
  type JobGraph,
  type LeaderAddress,
} from '@flink-ts/runtime'
import { settle } from '../testing/cluster.js'
import { hex, jobGraph, vertex } from '../testing/job-graphs.js'

export const encode = (graph: unknown) => ({ jobGraph: Buffer.from(JSON.stringify(graph)) })
export const graphOf = (n = 0xab) =>
  jobGraph([vertex(1, 1)], [], { jobId: hex(n) as JobGraph['jobId'] })

/** Several JobManagers that consist of a Dispatcher, and a client that follows the leader. */
export class Cluster {
  readonly clock: Clock = new ManualClock(1_000_000)
  readonly random: SeededRandom
  readonly network = new InProcessRpcNetwork()
  readonly coordination: InMemoryCoordination
  readonly processes = new Map<string, JobManager>()
  /** Answers `true` while blobs cannot be released. */
  blobsAreStuck = () => false
  /** Whether the blobs of a term cannot be closed. */
  blobsStayOpen = false
  readonly #client = this.network.createService({ address: 'client:1', clock: this.clock })
  leader: LeaderAddress | undefined

  constructor({ seed = 1, latencyMs }: { seed?: number; latencyMs?: () => number } = {}) {
    this.random = new SeededRandom(seed)
    this.coordination = new InMemoryCoordination({
      clock: this.clock,
      random: this.random,
      log: noopLogger,
      sessionTimeoutMs: 10_000,
      ...(latencyMs === undefined ? {} : { latencyMs }),
    })
    const ha = this.ha('client')
    ha.leaderRetriever({ kind: 'dispatcher' }).start((leader) => {
      this.leader = leader
    })
  }

  ha(client: string) {
    return new InMemoryHighAvailability({
      client,
      log: noopLogger,
      coordination: this.coordination,
    })
  }

  async start(name: string, configuration: Record<string, string> = {}): Promise<JobManager> {
    const jobManager = new JobManager(this, name, configuration)
    this.processes.set(name, jobManager)
    await jobManager.dispatcher.start()
    await settle()
    return jobManager
  }

  /** Of the leader, or of whoever `address` names with the token that it had. */
  gateway(leader = this.leader): DispatcherGateway {
    if (leader === undefined) throw new Error('nobody leads')
    return this.#client.connect(leader.address, leader.endpointId, DISPATCHER_GATEWAY, {
      fencingToken: leader.token,
    })
  }

  async advance(ms: number, steps = 1): Promise<void> {
    await settle()
    for (let i = 0; i < steps; i++) {
      this.clock.advance(ms / steps)
      await settle()
    }
  }

  async jobs(leader = this.leader): Promise<Record<string, string>> {
    const { jobs } = await this.gateway(leader).listJobs({})
    return Object.fromEntries(jobs.map(({ jobId, status }) => [jobId, status]))
  }

  async close(): Promise<void> {
    for (const { dispatcher, rpcService } of this.processes.values()) {
      await dispatcher.close()
      await rpcService.close()
    }
    await this.#client.close()
    this.coordination.close()
    if (this.clock.pendingTimers !== 0) throw new Error(`${this.clock.pendingTimers} timers left`)
  }
}

class JobManager {
  readonly name: string
  readonly ha: InMemoryHighAvailability
  readonly rpcService
  readonly dispatcher: Dispatcher
  readonly blobs: string[] = []
  sweeps = 0
  readonly ended: string[] = []
  readonly fatal: unknown[] = []

  constructor(cluster: Cluster, name: string, configuration: Record<string, string>) {
    this.name = name
    this.ha = cluster.ha(name)
    this.rpcService = cluster.network.createService({ address: `${name}:1`, clock: cluster.clock })
    this.dispatcher = new Dispatcher({
      configuration: Configuration.fromMap(configuration),
      rpcService: this.rpcService,
      highAvailability: this.ha,
      fileSystems: { get: () => undefined } as never,
      loadModule: async () => ({}),
      clock: cluster.clock,
      random: cluster.random,
      log: noopLogger,
      resourceId: name,
      clusterVersion: { version: '0.1.0', nodeMajor: 20 },
      blobs: () => ({
        registerJob: async (jobId) => void this.blobs.push(`+${jobId}`),
        releaseJob: async (jobId) => {
          if (cluster.blobsAreStuck()) throw new Error('the disk is busy')
          this.blobs.push(`-${jobId}`)
        },
        removeAbandoned: async () => void this.sweeps++,
        close: async () => {
          if (cluster.blobsStayOpen) throw new Error('the disk is busy')
        },
      }),
      onJobEnded: ({ jobId, status }) => this.ended.push(`${jobId}:${status}`),
      onFatalError: (error) => this.fatal.push(error),
    })
  }
}

export async function start(t: Tap, options: ConstructorParameters<typeof Cluster>[0] = {}) {
  const cluster = new Cluster(options)
  t.teardown(() => cluster.close())
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  return { cluster, a, b, coordination: cluster.coordination }
}

type Tap = { teardown(fn: () => unknown): void }
