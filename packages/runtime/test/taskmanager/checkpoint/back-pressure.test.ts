import type { OneInputStreamOperator, OperatorFactory } from '@flink-ts/runtime'
import t from 'tap'
import { type Committed, transactionalSink } from './exactly-once-job.js'
import { checkCommitted, jobCode, plan, SPLITS } from './exactly-once-run.js'
import { restoreOf, type TestingCheckpoint, TestingCluster } from './testing-cluster.js'

t.setTimeout(300_000)

/** Two subtasks of each vertex, and a sink that takes 20 records and no more until it is set free. */
async function stuckCluster(unaligned: boolean, count = 1e6) {
  const committed: Committed = { records: [], transactions: new Set() }
  const code = jobCode(count, committed, false)
  let isFree = false
  const sink = transactionalSink(committed)
  let processed = 0
  const stuck: OperatorFactory = {
    ...sink,
    createOperator(context) {
      const operator = sink.createOperator(context) as OneInputStreamOperator
      return {
        ...operator,
        processElement(value: unknown, timestamp: number) {
          processed++
          operator.processElement(value, timestamp)
        },
        whenReady: () => (processed > 20 && !isFree ? new Promise<void>(() => {}) : undefined),
      }
    },
  }
  const cluster = new TestingCluster(1)
  await cluster.start({ ...code, operators: new Map(code.operators).set('sink', stuck) })
  const tasks = plan(2, 0, { unaligned })
  cluster.launch(tasks)
  await cluster.until(() => cluster.allRun, 'all run')
  for (let i = 0; i < 1000; i++) await cluster.turn()
  const close = async () => {
    await cluster.kill()
    await cluster.close()
  }
  const setFree = () => {
    isFree = true
  }
  return { cluster, tasks, committed, processed: () => processed, setFree, close }
}

function inFlightBytes(checkpoint: TestingCheckpoint): number {
  const parts = [...checkpoint.acknowledged.values()].flatMap((state) => [...state.values()])
  return parts.reduce((sum, { inFlight }) => sum + (inFlight?.sizeBytes ?? 0), 0)
}

t.test('an unaligned checkpoint is complete although nobody processes anything', async (t) => {
  for (const alignment of ['ALIGNED', 'UNALIGNED'] as const) {
    const { cluster, processed, close } = await stuckCluster(alignment === 'UNALIGNED')
    const before = processed()
    const checkpoint = cluster.trigger(1, { alignment })
    for (let i = 0; i < 200; i++) await cluster.turn()
    t.equal(processed(), before, 'the sink is stuck')
    t.equal(cluster.isComplete(checkpoint), alignment === 'UNALIGNED', alignment)
    if (alignment === 'UNALIGNED') t.ok(inFlightBytes(checkpoint) > 10_000)
    await close()
  }
})

t.test(
  'an aligned checkpoint that nobody lets pass is complete when its time is over',
  async (t) => {
    const { cluster, processed, close } = await stuckCluster(true)
    const before = processed()
    const checkpoint = cluster.trigger(1, { alignedTimeoutMs: 500 })
    for (let i = 0; i < 450; i++) await cluster.turn()
    t.notOk(cluster.isComplete(checkpoint), 'not before')
    t.equal(inFlightBytes(checkpoint), 0)
    for (let i = 0; i < 200; i++) await cluster.turn()
    t.ok(cluster.isComplete(checkpoint))
    t.equal(processed(), before, 'the sink is stuck')
    t.ok(inFlightBytes(checkpoint) > 10_000, `in flight: ${inFlightBytes(checkpoint)} bytes`)
    let persisted = 0
    for (const [attempt, { unaligned, bytesPersistedDuringAlignment }] of checkpoint.metrics) {
      t.equal(unaligned, !attempt.startsWith('in'), attempt)
      persisted += bytesPersistedDuringAlignment
    }
    t.equal(persisted, inFlightBytes(checkpoint))
    cluster.notifyComplete(1)
    t.equal(cluster.trigger(2, { alignedTimeoutMs: 50 }).id, 2)
    await cluster.until(() => cluster.isComplete(cluster.checkpoints.get(2)!), 'the next one')
    await close()
    t.equal(cluster.clock.pendingTimers, 0)
  },
)

t.test('what was overtaken in full buffers is processed once after a restore', async (t) => {
  const COUNT = 8_000
  for (const [barrier, parallelism] of [
    [{ alignment: 'UNALIGNED' as const }, 2],
    [{ alignedTimeoutMs: 100 }, 2],
    [{ alignedTimeoutMs: 100 }, 3],
  ] as const) {
    const { cluster, tasks, committed, setFree, close } = await stuckCluster(true, COUNT)
    const checkpoint = cluster.trigger(1, barrier)
    await cluster.until(() => cluster.isComplete(checkpoint), 'the checkpoint')
    const sides = [...checkpoint.metrics].map(
      ([attempt, { bytesPersistedDuringAlignment }]) =>
        [attempt.slice(0, 3), bytesPersistedDuringAlignment] as const,
    )
    t.ok(
      sides.some(([vertex, bytes]) => vertex === 'in_' && bytes > 1000),
      'sources have stored some of it',
    )
    await cluster.kill()
    setFree()
    cluster.launch(
      plan(parallelism, 1, { unaligned: true }).map((deployment) => ({
        ...deployment,
        restore: restoreOf(checkpoint, tasks, deployment),
      })),
    )
    await cluster.until(() => cluster.allRun, 'all run')
    const hasEnded = () => cluster.launched.every(({ states }) => states.at(-1) === 'FINISHED')
    for (let id = 10; !hasEnded(); id++) {
      const next = cluster.trigger(id)
      for (let i = 0; i < 2000 && !cluster.isComplete(next); i++) await cluster.turn()
      if (cluster.isComplete(next)) cluster.notifyComplete(id)
      else cluster.notifyAborted(id)
      await cluster.turn()
    }
    checkCommitted(t, committed, SPLITS * COUNT)
    await close()
  }
})
