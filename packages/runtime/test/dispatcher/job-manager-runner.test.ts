import { noopLogger } from '@flink-ts/core'
import { type FencingToken, MainThreadExecutor, RpcEndpoint, sameFencingToken } from '@flink-ts/rpc'
import {
  type ExecutionGraphInfo,
  JOB_MASTER_GATEWAY,
  type JobMasterGateway,
  type LeaderAddress,
  type LeaderContender,
  type LeaderElection,
} from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import { JobManagerRunner } from '../../dist/dispatcher/job-manager-runner.js'
import { settle, TestingCluster } from '../testing/cluster.js'
import { JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'

const token = (epoch: number): FencingToken => ({ epoch, uuid: `term-${epoch}` })

/** An election that a test decides. */
class TestingElection implements LeaderElection {
  contender: LeaderContender | undefined
  /** Of the term that goes on, as far as the contender has heard. */
  heard: FencingToken | undefined
  /** Epochs of those who said that they serve. */
  readonly confirmed: number[] = []
  /** Epochs of those who said so though they had heard that their term was over. */
  readonly confirmedTooLate: number[] = []
  leader: LeaderAddress | undefined
  isClosed = false
  readonly #mainThread: MainThreadExecutor

  constructor(mainThread: MainThreadExecutor) {
    this.#mainThread = mainThread
  }

  start(contender: LeaderContender): void {
    this.contender = contender
  }

  confirmLeadership(leader: LeaderAddress): void {
    const isCurrent = sameFencingToken(leader.token, this.heard)
    if (isCurrent) this.leader = leader
    const list = isCurrent ? this.confirmed : this.confirmedTooLate
    list.push(leader.token.epoch)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  grant(epoch: number): void {
    this.contender?.grantLeadership(token(epoch))
    this.#mainThread.execute(() => {
      this.heard = token(epoch)
    })
  }

  revoke(): void {
    this.contender?.revokeLeadership()
    this.#mainThread.execute(() => {
      this.heard = undefined
      this.leader = undefined
    })
  }
}

class World {
  readonly cluster = new TestingCluster()
  /** How the job has ended, as often as that is told. */
  readonly ended: string[] = []
  readonly fatal: unknown[] = []
  readonly mainThread = new MainThreadExecutor({
    name: 'dispatcher',
    clock: this.cluster.clock,
    onFatalError: (error) => void this.fatal.push(error),
  })
  readonly election = new TestingElection(this.mainThread)
  readonly runner: JobManagerRunner

  constructor(configuration: Readonly<Record<string, string>> = {}) {
    const { cluster } = this
    cluster.configure(configuration)
    this.runner = new JobManagerRunner({
      jobMaster: {
        jobGraph: jobGraph([vertex(1, 1)]),
        ...cluster.jobManagerServices,
        onFatalError: (error) => void this.fatal.push(error),
      },
      election: this.election,
      mainThread: this.mainThread,
      onJobEnded: ({ status }: ExecutionGraphInfo) => this.ended.push(status),
    })
  }

  async start(): Promise<this> {
    await this.cluster.resourceManager.start()
    this.runner.start()
    return this
  }

  async grant(epoch: number): Promise<void> {
    this.election.grant(epoch)
    await settle()
  }

  async revoke(): Promise<void> {
    this.election.revoke()
    await settle()
  }

  /** Of the JobMaster that has registered at the ResourceManager. */
  get epoch(): number | undefined {
    return this.cluster.resourceManager.jobMaster?.jobMasterToken.epoch
  }

  async close(): Promise<void> {
    await this.runner.close()
    this.mainThread.close()
    await this.cluster.close()
    if (this.fatal.length > 0) throw this.fatal[0]
    if (this.cluster.clock.pendingTimers !== 0) throw new Error('a closed runner left timers')
  }
}

class NamedEndpoint extends RpcEndpoint {
  protected override onStart(): void {
    this.serve(JOB_MASTER_GATEWAY, {} as JobMasterGateway)
  }
}

async function start(
  t: { teardown(fn: () => unknown): void },
  configuration: Readonly<Record<string, string>> = {},
): Promise<World> {
  const world = await new World(configuration).start()
  t.teardown(() => world.close())
  return world
}

t.test(
  'JobManagerRunner runs a JobMaster with each grant, and tells how the job ended once',
  async (t) => {
    const world = await start(t)
    const { runner, election, cluster } = world
    t.equal(runner.jobStatus, 'INITIALIZING', 'nobody leads yet')
    t.match(runner.executionGraphInfo(), { jobId: JOB_ID, vertices: [{ subtasks: { length: 1 } }] })
    t.match(await runner.requestJob(), { status: 'INITIALIZING' })

    await world.grant(1)
    t.strictSame([runner.jobStatus, election.confirmed, world.epoch], ['RUNNING', [1], 1])
    t.equal(election.leader?.endpointId, runner.jobMaster?.endpointId)

    const taskManager = await cluster.startTaskManager('tm1', 1)
    await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FINISHED')
    await settle()
    t.strictSame(world.ended, ['FINISHED'])
    t.equal(runner.jobStatus, 'RUNNING', 'until the result is kept')

    await world.revoke()
    await world.grant(2)
    await runner.close()
    t.strictSame([world.ended, election.confirmed], [['FINISHED'], [1]], 'what has ended stays so')
  },
)

t.test(
  'JobManagerRunner suspends the job with its leadership, and runs it anew with the next',
  async (t) => {
    const world = await start(t)
    const { runner, election, cluster } = world
    await world.grant(1)
    const taskManager = await cluster.startTaskManager('tm1', 1)
    const first = runner.jobMaster

    await world.revoke()
    t.equal(runner.jobMaster, undefined)
    t.equal(first?.jobStatus, 'SUSPENDED')
    t.strictSame([taskManager.goodbyes, taskManager.cancelled, taskManager.freed], [1, [], []])
    t.strictSame(cluster.resourceManager.disconnected, ['SUSPENDED'])
    t.strictSame([world.ended, runner.jobStatus], [[], 'INITIALIZING'])

    await world.grant(2)
    t.not(runner.jobMaster, first)
    t.strictSame([election.confirmed, world.epoch, runner.jobStatus], [[1, 2], 2, 'RUNNING'])
    await taskManager.register()
    await taskManager.offer(1)
    await settle()
    await taskManager.report(taskManager.deployed[1]!.executionAttemptId, 'FINISHED')
    await settle()
    t.strictSame(world.ended, ['FINISHED'])
  },
)

t.test(
  'JobManagerRunner: leadership that goes while the JobMaster starts leaves nobody serving',
  async (t) => {
    for (const turns of [0, 1, 2, 3, 4, 5, 8]) {
      const world = await new World().start()
      const { runner, election } = world
      election.grant(1)
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await world.revoke()
      t.equal(runner.jobMaster, undefined, `${turns} turns later`)
      t.strictSame(election.confirmedTooLate, [], `${turns} turns later`)

      election.grant(2)
      for (let i = 0; i < turns; i++) await Promise.resolve()
      election.revoke()
      await world.grant(3)
      t.equal(runner.jobStatus, 'RUNNING')
      t.strictSame([election.leader?.token.epoch, world.epoch], [3, 3], `${turns} turns later`)
      t.strictSame(election.confirmedTooLate, [])
      await world.close()
    }
  },
)

t.test('JobManagerRunner: a later grant ends the JobMaster of the earlier one first', async (t) => {
  const world = await start(t)
  await world.grant(1)
  const first = world.runner.jobMaster
  world.election.grant(2)
  await settle()
  t.equal(first?.jobStatus, 'SUSPENDED')
  t.strictSame([world.election.confirmed, world.epoch], [[1, 2], 2])
  t.strictSame(world.ended, [])
})

t.test(
  'JobManagerRunner tells nobody of an end that came after its leadership had gone',
  async (t) => {
    const world = await start(t)
    const { runner, election } = world
    await world.grant(1)
    // The JobMaster ends the job in its own main thread, before that of the Dispatcher hears of it.
    const cancelled = runner.cancel()
    await world.revoke()
    await cancelled
    t.strictSame(world.ended, [], 'the next leader runs the job again')

    await world.grant(2)
    t.strictSame(world.ended, ['CANCELED'], 'what was asked for is not forgotten')
    t.strictSame(election.confirmed, [1, 2])
  },
)

t.test(
  'JobManagerRunner.cancel: a job without JobMaster is cancelled when it gets one',
  async (t) => {
    const world = await start(t)
    await world.runner.cancel()
    t.strictSame(world.ended, [])
    await world.grant(1)
    t.strictSame(world.ended, ['CANCELED'])
    await world.runner.cancel()
    t.strictSame(world.ended, ['CANCELED'])
  },
)

t.test('JobManagerRunner: a JobMaster that cannot start has the job FAILED, once', async (t) => {
  const world = await start(t, { 'jobmanager.scheduler': 'AdaptiveBatch' })
  world.election.grant(1)
  world.election.revoke()
  await settle()
  t.strictSame(world.ended, [], 'not without leadership')
  await world.grant(2)
  t.strictSame(world.ended, ['FAILED'])
  t.match(world.runner.executionGraphInfo(), {
    status: 'FAILING',
    exceptionHistory: [],
  })
  await world.grant(3)
  t.strictSame(world.ended, ['FAILED'])
})

t.test(
  'JobManagerRunner: a start that fails after its term is over says nothing about the job',
  async (t) => {
    const told = new Set<string>()
    for (const turns of [0, 1, 2, 3, 4, 5, 6, 8]) {
      const world = await new World().start()
      const { runner, election, cluster } = world
      const { rpcService, clock } = cluster
      // Somebody has the name that the JobMaster of the first term would have.
      const occupied = `jobmanager_${JOB_ID}_1`
      const other = new NamedEndpoint({ rpcService, endpointId: occupied, log: noopLogger, clock })
      await other.start()
      election.grant(1)
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await world.revoke()
      told.add(String(world.ended))
      t.equal(runner.jobStatus, world.ended.length === 0 ? 'INITIALIZING' : 'FAILING')
      await world.grant(2)
      t.equal(runner.jobStatus, world.ended.length === 0 ? 'RUNNING' : 'FAILING')
      await other.close()
      await world.close()
    }
    t.strictSame([...told], ['', 'FAILED'], 'the end was told if it came in time')
  },
)

t.test(
  'JobManagerRunner.close suspends the job and takes no part in the election any more',
  async (t) => {
    const world = await start(t)
    await world.grant(1)
    const { jobMaster } = world.runner
    await Promise.all([world.runner.close(), world.runner.close()])
    t.equal(jobMaster?.jobStatus, 'SUSPENDED')
    t.equal(world.election.isClosed, true)
    await world.grant(2)
    t.strictSame([world.election.confirmed, world.ended], [[1], []])
    t.equal(world.runner.jobMaster, undefined)
  },
)

t.test(
  'JobManagerRunner keeps the result of the job exactly once, whenever leadership changes',
  async (t) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('grant' as const, 'revoke' as const), turns: fc.nat(12) }),
      fc.record({ kind: fc.constantFrom('cancel' as const, 'settle' as const), turns: fc.nat(3) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const world = await new World().start()
        const { election, runner } = world
        let epoch = 0
        let isCancelled = false
        for (const { kind, turns } of steps) {
          if (kind === 'grant') election.grant(++epoch)
          else if (kind === 'revoke') election.revoke()
          else if (kind === 'settle') await settle()
          else {
            isCancelled = true
            void runner.cancel()
          }
          for (let i = 0; i < turns; i++) await Promise.resolve()
        }
        await settle()
        await world.grant(++epoch)
        const expected = isCancelled ? ['CANCELED'] : []
        if (String(world.ended) !== String(expected)) throw new Error(`told: ${world.ended}`)
        if (election.confirmedTooLate.length > 0) throw new Error('served without leadership')
        if (!isCancelled && runner.jobStatus !== 'RUNNING') throw new Error(runner.jobStatus)
        await world.close()
      }),
      { numRuns: 100 },
    )
    t.pass()
  },
)
