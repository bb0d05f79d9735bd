import { FlinkError, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { MainThreadExecutor } from '@flink-ts/rpc'
import {
  CoordinationConnectionLostError,
  type ExecutionGraphInfo,
  type JobGraph,
} from '@flink-ts/runtime'
import t from 'tap'
import { DispatcherTerm } from '../../dist/dispatcher/dispatcher-term.js'
import { settle } from '../testing/cluster.js'
import { JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'

const storageAway = () =>
  new FlinkError('Could not write the file', { code: 'FLINK_HA_STORAGE', retriable: true })
const connectionLost = () =>
  new CoordinationConnectionLostError({ operation: 'create', client: 'a' })
const broken = () => new FlinkError('a system error', { code: 'FLINK_ZOOKEEPER' })

const GRAPH: JobGraph = {
  ...jobGraph([vertex(1, 1)], [], { jobId: JOB_ID as JobGraph['jobId'] }),
  program: { bundleKey: 'key' } as NonNullable<JobGraph['program']>,
}
const ENDED = {
  jobId: JOB_ID,
  name: 'job',
  status: 'FINISHED',
  startTimeMs: 1,
  endTimeMs: 2,
  vertices: [],
} as unknown as ExecutionGraphInfo

/** A term over stores and blobs that fail as a test says. */
class World {
  readonly clock = new ManualClock(1_000)
  readonly log: string[] = []
  readonly fatal: unknown[] = []
  /** Of the next attempts at any store; `undefined`: that one works. */
  readonly failures: (FlinkError | undefined)[] = []
  blobsFail = false
  endJob: (info: ExecutionGraphInfo) => void = () => {}
  readonly mainThread = new MainThreadExecutor({
    name: 'dispatcher',
    clock: this.clock,
    onFatalError: (error) => this.fatal.push(error),
  })
  readonly term = new DispatcherTerm({
    mainThread: this.mainThread,
    log: noopLogger,
    cleanup: { maxRetries: 0, initialDelayMs: 1, maxDelayMs: 1 },
    keepResults: false,
    cleanUpCheckpoints: async () => {},
    createRunner: (_, onJobEnded) => {
      this.endJob = onJobEnded
      return {
        start: () => this.log.push('run'),
        close: async () => {},
        updateResourceRequirements: (_: unknown, keep: () => Promise<void>) => keep(),
      } as never
    },
    onJobEnded: ({ status }) => this.log.push(status),
    blobs: {
      registerJob: async () => void this.log.push('register'),
      releaseJob: async () => {
        this.log.push('release')
        if (this.blobsFail) throw new Error('the disk is busy')
      },
    },
    stores: {
      jobGraphs: {
        putJobGraph: () => this.#attempt('graph'),
        updateJobGraph: () => this.#attempt('update'),
        removeJobGraph: async () => {},
        getJobIds: async () => [],
      },
      jobResults: {
        hasJobResult: async () => false,
        getJobResult: async () => undefined,
        putDirtyResult: () => this.#attempt('result'),
        getDirtyResults: async () => {
          await this.#attempt('read')
          return []
        },
        markClean: async () => {},
      },
      cleanUpJob: async () => {},
    } as never,
  })

  /** What is logged while `ms` pass. */
  async advance(ms: number): Promise<string[]> {
    await settle()
    for (let i = 0; i < 10; i++) {
      this.clock.advance(ms / 10)
      await settle()
    }
    return this.log.splice(0)
  }

  async #attempt(what: string): Promise<void> {
    const failure = this.failures.shift()
    this.log.push(failure === undefined ? what : `no ${what}`)
    if (failure !== undefined) throw failure
  }
}

function start(t: { teardown(fn: () => unknown): void }): World {
  const world = new World()
  t.teardown(async () => {
    await world.term.close()
    world.mainThread.close()
  })
  return world
}

t.test('DispatcherTerm keeps how a job ended as soon as the storage is back', async (t) => {
  const world = start(t)
  await world.term.submit(GRAPH)
  world.log.splice(0)
  world.failures.push(storageAway(), connectionLost(), storageAway())
  world.endJob(ENDED)
  t.strictSame(await world.advance(2_000), [
    'no result',
    'no result',
    'no result',
    'result',
    'FINISHED',
    'release',
  ])
  t.strictSame(world.fatal, [])
})

t.test('DispatcherTerm that cannot keep how a job ended for another reason is fatal', async (t) => {
  const world = start(t)
  await world.term.submit(GRAPH)
  world.failures.push(broken())
  world.endJob(ENDED)
  await world.advance(2_000)
  t.match(world.fatal, [{ code: 'FLINK_ZOOKEEPER' }])
})

t.test('DispatcherTerm.recover waits for a storage that is away', async (t) => {
  const world = start(t)
  world.failures.push(storageAway(), connectionLost())
  const recovered = world.term.recover()
  t.strictSame(await world.advance(1_000), ['no read', 'no read', 'read'])
  await recovered
})

t.test('DispatcherTerm.submit refuses at once what is certainly not kept', async (t) => {
  const world = start(t)
  world.failures.push(storageAway())
  await t.rejects(world.term.submit(GRAPH), { code: 'FLINK_HA_STORAGE' })
  t.strictSame(world.log, ['register', 'no graph', 'release'])
})

t.test('DispatcherTerm.submit tells why a job is refused, not that clean-up failed', async (t) => {
  const world = start(t)
  world.blobsFail = true
  world.failures.push(storageAway())
  await t.rejects(world.term.submit(GRAPH), { code: 'FLINK_HA_STORAGE' })
})

t.test('DispatcherTerm.submit goes on when a job may be kept, and keeps its program', async (t) => {
  const world = start(t)
  world.failures.push(connectionLost(), storageAway(), storageAway())
  const submission = world.term.submit(GRAPH)
  submission.catch(() => {})
  t.strictSame(await world.advance(2_000), [
    'register',
    'no graph',
    'no graph',
    'no graph',
    'graph',
    'run',
  ])
  await submission
})

t.test('DispatcherTerm.submit never refuses for good what may be kept', async (t) => {
  const world = start(t)
  world.failures.push(connectionLost(), broken())
  const first = world.term.submit(GRAPH)
  first.catch(() => {})
  t.strictSame(await world.advance(1_000), ['register', 'no graph', 'no graph'])
  await t.rejects(first, { code: 'FLINK_COORDINATION_CONNECTION_LOST', retriable: true })
  // The client asks again: now the storage is away, and the job may be there still.
  world.failures.push(storageAway())
  const second = world.term.submit(GRAPH)
  second.catch(() => {})
  t.strictSame(await world.advance(1_000), ['register', 'no graph', 'graph', 'run'])
  await second
})

t.test('DispatcherTerm.close leaves a job that may be kept in doubt', async (t) => {
  const world = start(t)
  world.failures.push(connectionLost(), ...Array.from({ length: 9 }, storageAway))
  const submission = world.term.submit(GRAPH)
  submission.catch(() => {})
  await world.advance(500)
  await world.term.close()
  await t.rejects(submission, { code: 'FLINK_COORDINATION_CONNECTION_LOST' })
  t.notOk(world.log.includes('release'))
})

t.test('DispatcherTerm repeats a change of the parallelism that may have been kept', async (t) => {
  const world = start(t)
  await world.term.submit(GRAPH)
  world.log.splice(0)
  const update = () => world.term.updateResourceRequirements(JOB_ID, { vertices: [] })
  world.failures.push(storageAway())
  await t.rejects(update(), { code: 'FLINK_HA_STORAGE' }, 'one that is certainly not is refused')
  world.log.splice(0)
  world.failures.push(connectionLost(), storageAway())
  const updated = update()
  t.strictSame(await world.advance(2_000), ['no update', 'no update', 'update'])
  await updated
})
