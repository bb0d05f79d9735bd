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
import fc from 'fast-check'
import t from 'tap'
import { settle } from '../testing/cluster.js'
import { hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'

const encode = (graph: unknown) => ({ jobGraph: Buffer.from(JSON.stringify(graph)) })
const graphOf = (n = 0xab) => jobGraph([vertex(1, 1)], [], { jobId: hex(n) as JobGraph['jobId'] })

/** Several JobManagers that consist of a Dispatcher, and a client that follows the leader. */
class Cluster {
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

async function start(t: Tap, options: ConstructorParameters<typeof Cluster>[0] = {}) {
  const cluster = new Cluster(options)
  t.teardown(() => cluster.close())
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  return { cluster, a, b, coordination: cluster.coordination }
}
type Tap = { teardown(fn: () => unknown): void }

t.test('Dispatcher goes on with the jobs of a former leader, which refuses calls', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const former = cluster.leader
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  coordination.grantLeadership('b')
  await settle()
  t.equal(cluster.leader?.address, b.rpcService.address)
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  await t.rejects(cluster.gateway(former).listJobs({}), { code: 'FLINK_RPC_NOT_LEADER' })
  await t.rejects(cluster.gateway(former).submitJob(encode(graphOf(1))), {
    code: 'FLINK_RPC_NOT_LEADER',
  })
  t.strictSame(a.ended, [], 'a suspended job has not ended')
})

t.test('Dispatcher keeps the bounds of a job that were set while it ran', async (t) => {
  const cluster = new Cluster()
  t.teardown(() => cluster.close())
  for (const name of ['a', 'b']) await cluster.start(name, { 'jobmanager.scheduler': 'Adaptive' })
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const set = (lowerBound: number, upperBound: number) =>
    cluster.gateway().updateJobResourceRequirements({
      jobId: JOB_ID,
      requirements: { vertices: [{ vertexId: hex(1), lowerBound, upperBound }] },
    })
  const bounds = async () => {
    const { vertices } = await cluster.gateway().requestJobResourceRequirements({ jobId: JOB_ID })
    return vertices.map(({ lowerBound, upperBound }) => [lowerBound, upperBound])
  }
  t.strictSame(await bounds(), [[1, 1]], 'of the program')
  await set(2, 7)
  await t.rejects(set(8, 7), { code: 'FLINK_INVALID_RESOURCE_REQUIREMENTS' })
  t.strictSame(await bounds(), [[2, 7]])
  for (const leader of ['b', 'a']) {
    cluster.coordination.grantLeadership(leader)
    await settle()
    t.match(cluster.leader, { address: `${leader}:1` })
    t.strictSame(await bounds(), [[2, 7]])
  }
  await t.rejects(
    cluster.gateway().updateJobResourceRequirements({
      jobId: hex(9),
      requirements: { vertices: [] },
    }),
    { code: 'FLINK_JOB_NOT_FOUND' },
  )
})

t.test('Dispatcher forgets all and recovers all in several terms in a row', async (t) => {
  const { cluster, coordination } = await start(t)
  for (const n of [1, 2, 3]) await cluster.gateway().submitJob(encode(graphOf(n)))
  for (let i = 0; i < 10; i++) coordination.revokeLeadership()
  await settle()
  t.match(coordination.leader, { client: 'a', token: { epoch: 11 } })
  const running = { [hex(1)]: 'RUNNING', [hex(2)]: 'RUNNING', [hex(3)]: 'RUNNING' }
  t.strictSame(await cluster.jobs(), running)
  for (let i = 0; i < 5; i++) {
    coordination.revokeLeadership()
    await Promise.resolve()
  }
  await settle()
  t.match(cluster.leader, { address: 'b:1', token: { epoch: 16 } })
  t.strictSame(await cluster.jobs(), running)
})

t.test('Dispatcher serves a term although the one before it did not end in order', async (t) => {
  const { cluster, a, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  cluster.blobsStayOpen = true
  for (const leader of ['b', 'a']) {
    coordination.grantLeadership(leader)
    await settle()
    t.match(cluster.leader, { address: `${leader}:1` })
    t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  }
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher acknowledges a submission only when its graph is kept', async (t) => {
  const { cluster, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  let acknowledged = false
  const submission = cluster.gateway().submitJob(encode(graphOf()))
  void submission.then(() => {
    acknowledged = true
  })
  await cluster.advance(29, 29)
  t.strictSame([acknowledged, coordination.entryPaths], [false, []], 'it looks for a result first')
  await cluster.advance(1)
  t.strictSame([acknowledged, coordination.entryPaths], [false, [`execution-plans/${JOB_ID}`]])
  await cluster.advance(20, 2)
  t.equal(acknowledged, true)
})

t.test('Dispatcher does not acknowledge what a later leader does not find', async (t) => {
  const { cluster, a, coordination } = await start(t)
  const leader = cluster.leader
  coordination.expireSession('a', { unnoticed: true })
  await settle()
  t.equal(cluster.leader?.address, 'b:1')
  await t.rejects(cluster.gateway(leader).submitJob(encode(graphOf())), {
    code: 'FLINK_LEADERSHIP_LOST',
  })
  t.strictSame(coordination.entryPaths, [])
  t.strictSame(await cluster.jobs(leader), {}, 'the former leader does not know it yet')
  coordination.notice('a')
  await settle()
  await t.rejects(cluster.jobs(leader), { code: 'FLINK_RPC_NOT_LEADER' })
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher submits once although the answer of the store was lost', async (t) => {
  const { cluster, a, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  const leader = cluster.leader
  const submission = cluster.gateway().submitJob(encode(graphOf()))
  await cluster.advance(30, 30)
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  coordination.disconnect('a')
  await t.rejects(submission, { code: 'FLINK_COORDINATION_CONNECTION_LOST', retriable: true })
  await cluster.advance(10_000)
  await cluster.advance(300, 30)
  t.not(cluster.leader?.token.epoch, leader?.token.epoch)
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  await t.rejects(
    Promise.all([cluster.gateway().submitJob(encode(graphOf())), cluster.advance(100, 10)]),
    { code: 'FLINK_DUPLICATE_JOB_SUBMISSION' },
  )
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher tells that a job has ended only when the result is kept', async (t) => {
  const { cluster, a, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  const gateway = cluster.gateway()
  await Promise.all([gateway.submitJob(encode(graphOf())), cluster.advance(100, 10)])
  await gateway.cancelJob({ jobId: JOB_ID })
  await cluster.advance(5)
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'CANCELLING' })
  t.match(await gateway.requestMultipleJobDetails({}), {
    jobs: [{ status: 'CANCELLING', endTimeMs: -1 }],
  })
  t.strictSame(await gateway.requestJobResult({ jobId: JOB_ID }), {})
  t.strictSame(a.ended, [])
  await cluster.advance(7)
  t.ok(coordination.entryPaths.includes(`job-results/${JOB_ID}`))
  t.strictSame(a.ended, [])
  await cluster.advance(300, 30)
  t.match(await gateway.requestJobResult({ jobId: JOB_ID }), { result: { status: 'CANCELED' } })
  t.strictSame(a.ended, [`${JOB_ID}:CANCELED`])
  t.strictSame(coordination.entryPaths, [], 'nothing is left behind')
})

t.test('a job whose result was refused is run again by the next leader', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const leader = cluster.leader
  coordination.expireSession('a', { unnoticed: true })
  await settle()
  await cluster.gateway(leader).cancelJob({ jobId: JOB_ID })
  await settle()
  t.match(await cluster.gateway(leader).requestJobStatus({ jobId: JOB_ID }), {
    status: 'CANCELLING',
  })
  t.strictSame([a.ended, b.ended, a.fatal], [[], [], []])
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  coordination.notice('a')
  await settle()
  t.strictSame([a.ended, a.fatal], [[], []])
})

t.test(
  'a job with a result is not run again; its clean-up goes on under the next leader',
  async (t) => {
    const { cluster, a, b, coordination } = await start(t)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    cluster.blobsAreStuck = () => true
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await settle()
    t.strictSame(a.ended, [`${JOB_ID}:CANCELED`], 'the clean-up delays nobody')
    t.strictSame(coordination.entryPaths, [`job-results/${JOB_ID}`])
    await cluster.advance(7_000, 7)
    coordination.grantLeadership('b')
    await settle()
    t.strictSame(await cluster.jobs(), { [JOB_ID]: 'CANCELED' })
    t.match(await cluster.gateway().requestJobResult({ jobId: JOB_ID }), {
      result: { status: 'CANCELED', name: graphOf().name },
    })
    await t.rejects(cluster.gateway().submitJob(encode(graphOf())), {
      code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
      message: /has ended/,
    })
    cluster.blobsAreStuck = () => false
    await cluster.advance(1_000)
    t.strictSame(coordination.entryPaths, [])
    t.strictSame(b.blobs, [`-${JOB_ID}`])
    t.strictSame([a.fatal, b.fatal], [[], []])
  },
)

t.test('a leader that fell between result and clean-up leaves no job to run', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  const { jobResults } = a.ha.stores(a.ha.token!)
  await jobResults.putDirtyResult({
    jobId: JOB_ID,
    name: 'job',
    status: 'FINISHED',
    startTimeMs: 1,
    endTimeMs: 2,
    accumulators: [],
  })
  coordination.grantLeadership('b')
  await settle()
  t.strictSame(b.ended, [`${JOB_ID}:FINISHED`])
  t.strictSame((await cluster.gateway().listJobs({})).jobs, [{ jobId: JOB_ID, status: 'FINISHED' }])
  t.strictSame(coordination.entryPaths, [])
})

t.test('Dispatcher repeats a clean-up with growing pauses, as cleanup-strategy says', async (t) => {
  const attemptsOf = async (configuration: Record<string, string>, ms: number, steps: number) => {
    const cluster = new Cluster()
    let attempts = 0
    cluster.blobsAreStuck = () => ++attempts > 0
    await cluster.start('a', configuration)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await cluster.advance(ms, steps)
    await cluster.close()
    return attempts
  }
  t.equal(await attemptsOf({}, 15_000, 15), 5, 'at 0, 1, 3, 7, 15 s')
  const fixed = {
    'cleanup-strategy.type': 'fixed-delay',
    'cleanup-strategy.fixed-delay.delay': '2 s',
    'cleanup-strategy.fixed-delay.attempts': '3',
  }
  t.equal(await attemptsOf(fixed, 30_000, 15), 4)
  t.equal(await attemptsOf({ 'cleanup-strategy.type': 'none' }, 30_000, 3), 1)
})

t.test(
  'job-result-store.delete-on-commit false keeps results, and refuses their jobs',
  async (t) => {
    const cluster = new Cluster()
    t.teardown(() => cluster.close())
    const configuration = { 'job-result-store.delete-on-commit': 'false' }
    await cluster.start('a', configuration)
    await cluster.start('b', configuration)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await settle()
    cluster.coordination.grantLeadership('b')
    await settle()
    t.strictSame(cluster.coordination.entryPaths, [`job-results/${JOB_ID}`])
    t.strictSame(await cluster.jobs(), {}, 'it is clean: nothing is shown of it')
    await t.rejects(cluster.gateway().submitJob(encode(graphOf())), {
      code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
      message: /has ended/,
    })
    t.match(await cluster.gateway().requestJobResult({ jobId: JOB_ID }), {
      result: { jobId: JOB_ID, status: 'CANCELED' },
    })
    await t.rejects(cluster.gateway().requestJobResult({ jobId: 'e'.repeat(32) }), {
      code: 'FLINK_JOB_NOT_FOUND',
    })
  },
)

t.test('Dispatcher leaves out jobs that it cannot read, and goes on with the others', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await cluster.gateway().submitJob(encode(graphOf(0xcd)))
  const stores = a.ha.stores(a.ha.token!)
  const garbage = Buffer.from('garbage')
  await stores.namespace('execution-plans').create('unknown', garbage)
  // It has ended, whatever its result is: it must not run again.
  await stores.namespace('job-results').create(graphOf(0xcd).jobId, garbage)
  await settle()
  const kept = coordination.entryPaths
  coordination.grantLeadership('b')
  await settle()
  t.strictSame(b.fatal, [])
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  await t.rejects(cluster.gateway().requestJobStatus({ jobId: 'unknown' }), {
    code: 'FLINK_HA_ENTRY_CORRUPT',
    message: /execution-plans\/unknown.*not JSON/,
  })
  await t.rejects(cluster.gateway().cancelJob({ jobId: graphOf(0xcd).jobId }), {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  await t.rejects(cluster.gateway().submitJob(encode(graphOf(0xcd))), {
    code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
  })
  t.strictSame(coordination.entryPaths, kept, 'what they left is not touched')
  t.equal(b.sweeps, 0, 'nor are programs that may be theirs')
})

type Step =
  | { kind: 'submit' | 'cancel'; job: number }
  | { kind: 'revoke' | 'stick' | 'unstick' }
  | { kind: 'expire'; unnoticed: boolean }
  | { kind: 'cut'; unaware: boolean }
  | { kind: 'mend' }
  | { kind: 'pass'; ms: number }

const job = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('submit' as const, 'cancel' as const), job }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('revoke' as const, 'stick' as const, 'unstick' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('expire' as const), unnoticed: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), unaware: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mend' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(3, 20, 3_000) }),
  },
)

t.test(
  'Dispatcher loses no acknowledged job and runs no ended one again, whenever leadership changes',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
        const latency = new SeededRandom(seed)
        const cluster = new Cluster({ seed, latencyMs: () => latency.nextInt(15) })
        const { coordination } = cluster
        const names = ['a', 'b', 'c']
        for (const name of names) await cluster.start(name)
        await cluster.advance(200, 10)
        const acknowledged = new Set<string>()
        const calls: Promise<unknown>[] = []
        let stuck = false
        cluster.blobsAreStuck = () => stuck
        const call = async (action: (gateway: DispatcherGateway) => Promise<unknown>) => {
          try {
            await action(cluster.gateway())
            return true
          } catch {
            // Nobody led, the leader changed, or the job was there already.
            return false
          }
        }
        for (const s of steps) {
          const leader = coordination.leader?.client
          if (s.kind === 'submit') {
            const jobId = hex(s.job + 1)
            calls.push(
              call((gateway) => gateway.submitJob(encode(graphOf(s.job + 1)))).then((ok) => {
                if (ok) acknowledged.add(jobId)
              }),
            )
          } else if (s.kind === 'cancel') {
            calls.push(call((gateway) => gateway.cancelJob({ jobId: hex(s.job + 1) })))
          } else if (s.kind === 'pass') await cluster.advance(s.ms, 3)
          else if (s.kind === 'stick') stuck = true
          else if (s.kind === 'unstick') stuck = false
          else if (s.kind === 'revoke') coordination.revokeLeadership()
          else if (s.kind === 'expire' && leader !== undefined)
            coordination.expireSession(leader, s)
          else if (s.kind === 'cut' && leader !== undefined) coordination.disconnect(leader, s)
          else if (s.kind === 'mend') for (const name of names) coordination.reconnect(name)
        }
        stuck = false
        for (const name of names) {
          coordination.reconnect(name)
          coordination.notice(name)
        }
        await cluster.advance(40_000, 40)
        await Promise.all(calls)
        const ended = new Set(
          [...cluster.processes.values()].flatMap((process) =>
            process.ended.map((entry) => entry.slice(0, 32)),
          ),
        )
        const shown = await cluster.jobs()
        for (const jobId of acknowledged) {
          const status = shown[jobId]
          if (ended.has(jobId)) {
            if (status === 'RUNNING') {
              throw new Error(`job ${jobId} ended and runs again`)
            }
          } else if (status !== 'RUNNING') throw new Error(`job ${jobId} is ${status}: lost`)
        }
        const running = Object.keys(shown).filter((jobId) => shown[jobId] === 'RUNNING')
        const left = running.sort().map((jobId) => `execution-plans/${jobId}`)
        if (String(coordination.entryPaths) !== String(left)) {
          throw new Error(`left behind: ${coordination.entryPaths}`)
        }
        const fatal = [...cluster.processes.values()].flatMap((process) => process.fatal)
        if (fatal.length > 0) throw fatal[0]
        await cluster.close()
      }),
      { numRuns: 150 },
    )
    t.pass()
  },
)
