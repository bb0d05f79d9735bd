import { SeededRandom } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type {
  JobCode,
  JobEdge,
  OneInputStreamOperator,
  OperatorFactory,
  TaskDeployment,
} from '@flink-ts/runtime'
import t, { type Test } from 'tap'
import { isOvertakable } from '../../../dist/taskmanager/checkpoint/in-flight-capture.js'
import { deployments, operator } from '../testing-job.js'
import {
  type Committed,
  connectedCounter,
  counter,
  numberSource,
  transactionalSink,
} from './exactly-once-job.js'
import { restoreOf, type TestingCheckpoint, TestingCluster } from './testing-cluster.js'

const KEYS = 23
const SPLITS = 4

function jobCode(count: number, committed: Committed, asynchronous: boolean): JobCode {
  return {
    operators: new Map([
      ['source', numberSource(SPLITS, count)],
      ['count', counter(KEYS)],
      ['sink', transactionalSink(committed, { asynchronous })],
    ]),
    edges: new Map([
      ['in-mid', { keySelector: (value: unknown) => (value as number) % KEYS }],
      ['mid-out', { keySelector: (value: unknown) => (value as [number])[0] }],
    ]),
  }
}

function plan(
  parallelism: number,
  run: number,
  { inlineThresholdBytes = 100, unaligned = false } = {},
): TaskDeployment[] {
  return deployments(
    [
      { id: 'in', parallelism, operators: [operator('source')] },
      { id: 'mid', parallelism, operators: [operator('count')] },
      { id: 'out', parallelism: Math.max(1, parallelism - 1), operators: [operator('sink')] },
    ],
    {
      job: {
        checkpointing: {
          isPeriodic: true,
          jobDirectory: 'memory:///checkpoints/job',
          inlineThresholdBytes,
          unaligned,
          afterTasksFinish: true,
        },
      },
    },
  ).map((deployment) => ({
    ...deployment,
    task: {
      ...deployment.task,
      overtakableOutputs: deployment.task.outputEdges.map(isOvertakable),
    },
    executionAttemptId: `${deployment.executionAttemptId}_${run}`,
    inputGates: deployment.inputGates.map((gate) => ({
      ...gate,
      gateId: `${gate.gateId}_${run}`,
      producers: gate.producers.map((p) => ({ ...p, partitionId: `${p.partitionId}_${run}` })),
    })),
    producedPartitions: deployment.producedPartitions.map((p) => ({
      ...p,
      partitionId: `${p.partitionId}_${run}`,
    })),
  }))
}

/** The same with a second source, whose records come to the other input of the counting tasks. */
function connectedPlan(
  parallelism: number,
  run: number,
  options: { unaligned?: boolean } = {},
): TaskDeployment[] {
  const first = plan(parallelism, run, options)
  const rename = (text: string) => text.replace(/^in/, 'in2')
  const second = first.filter(({ task }) => task.vertex.id === 'in')
  const secondEdge = (edge: JobEdge): JobEdge => ({
    ...edge,
    id: rename(edge.id) as JobEdge['id'],
    sourceVertexId: 'in2' as JobEdge['sourceVertexId'],
    sourceOperatorId: 'source2' as JobEdge['sourceOperatorId'],
    targetInputIndex: 1,
  })
  const sources = second.map((deployment) => ({
    ...deployment,
    executionAttemptId: rename(deployment.executionAttemptId),
    task: {
      ...deployment.task,
      vertex: {
        ...deployment.task.vertex,
        ...{ id: 'in2' as JobEdge['sourceVertexId'], name: 'in2' },
        operators: [operator('source2')],
      },
      outputEdges: deployment.task.outputEdges.map(secondEdge),
    },
    producedPartitions: deployment.producedPartitions.map((partition) => ({
      ...partition,
      partitionId: rename(partition.partitionId),
    })),
  }))
  const others = first.map((deployment): TaskDeployment => {
    const { inputGates, task } = deployment
    if (task.vertex.id !== 'mid') return deployment
    const gates = inputGates.map((gate) => ({
      ...gate,
      gateId: `${gate.gateId}/second`,
      producers: gate.producers.map((producer) => ({
        ...producer,
        partitionId: rename(producer.partitionId),
      })),
    }))
    const inputEdges = [...task.inputEdges, ...task.inputEdges.map(secondEdge)]
    return { ...deployment, task: { ...task, inputEdges }, inputGates: [...inputGates, ...gates] }
  })
  return [...sources, ...others]
}

function connectedCode(count: number, committed: Committed, asynchronous: boolean): JobCode {
  const { operators, edges } = jobCode(count, committed, asynchronous)
  return {
    operators: new Map(operators)
      .set('source2', numberSource(SPLITS, count, 3))
      .set('count', connectedCounter(KEYS)),
    edges: new Map(edges).set('in2-mid', edges.get('in-mid')!),
  }
}

/** Every key was counted up in steps of one, each step seen once. */
function checkCommitted(t: Test, { records }: Committed, total: number): void {
  const byKey = new Map<number, number[]>()
  for (const [key, n] of records) byKey.set(key, [...(byKey.get(key) ?? []), n])
  t.equal(records.length, total)
  for (const [key, counts] of byKey) {
    const sorted = counts.toSorted((a, b) => a - b)
    const isWhole = sorted.every((n, i) => n === i + 1)
    if (!isWhole) t.fail(`key ${key}: ${sorted.slice(0, 1000).join()}`)
  }
}

/** Runs the job, killed and restored at another parallelism now and then, to its end. */
async function runWithFailures(
  t: Test,
  options: {
    seed: number
    count: number
    asynchronous: boolean
    barrier?: Partial<CheckpointBarrier>
    isConnected?: boolean
  },
) {
  const { seed, count, asynchronous, barrier, isConnected = false } = options
  const committed: Committed = { records: [], transactions: new Set() }
  const cluster = new TestingCluster(seed)
  const code = isConnected ? connectedCode : jobCode
  await cluster.start(code(count, committed, asynchronous), isConnected ? 128 : 64)
  const random = new SeededRandom(seed)
  let restored: { checkpoint: TestingCheckpoint; plan: TaskDeployment[] } | undefined
  let nextId = 1
  let failures = 3
  let restores = 0
  for (let run = 0; ; run++) {
    const unaligned = barrier?.alignment === 'UNALIGNED' || barrier?.alignedTimeoutMs !== undefined
    const planOf = isConnected ? connectedPlan : plan
    const current = planOf(1 + random.nextInt(3), run, { unaligned })
    cluster.launch(
      current.map((deployment) =>
        restored === undefined
          ? deployment
          : { ...deployment, restore: restoreOf(restored.checkpoint, restored.plan, deployment) },
      ),
    )
    if (restored !== undefined) restores++
    await cluster.until(() => cluster.allRun, 'all run')
    const isLast = failures-- === 0
    const turnsToFailure = isLast ? Number.POSITIVE_INFINITY : 3 + random.nextInt(20)
    let pending: TestingCheckpoint | undefined
    let [turns, triggeredAt] = [0, 0]
    const hasEnded = () => cluster.launched.every(({ states }) => states.at(-1) === 'FINISHED')
    while (turns++ < turnsToFailure && !hasEnded()) {
      if (turns > 20_000) throw new Error('the job never ends')
      if (pending === undefined) {
        pending = cluster.trigger(nextId++, barrier)
        triggeredAt = turns
      }
      for (let i = random.nextInt(8); i >= 0; i--) await cluster.turn()
      if (pending.declined.length > 0) t.fail(pending.declined.join())
      if (!cluster.isComplete(pending)) {
        // A task that was triggered has ended instead.
        if (turns - triggeredAt > 500) {
          cluster.notifyAborted(pending.id)
          pending = undefined
        }
        continue
      }
      // What was finished before has no part in it.
      if (pending.acknowledged.size > 0) {
        restored = { checkpoint: pending, plan: current }
        // A notification that is lost is made up for by the next, or by the restore.
        if (random.nextInt(4) > 0) cluster.notifyComplete(pending.id)
      }
      pending = undefined
    }
    if (hasEnded()) break
    await cluster.kill()
  }
  checkCommitted(t, committed, SPLITS * count * (isConnected ? 2 : 1))
  await cluster.close()
  t.equal(cluster.clock.pendingTimers, 0)
  return restores
}

t.test('tasks under failures: every record counts once, at whatever parallelism', async (t) => {
  let restores = 0
  for (const seed of [1, 2, 3, 4, 5]) {
    restores += await runWithFailures(t, { seed, count: 3000, asynchronous: seed % 2 === 0 })
  }
  t.ok(restores >= 5, `restored ${restores} times`)
})

t.test(
  'tasks under failures: barriers that overtake records lose none and double none',
  async (t) => {
    let restores = 0
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const barrier = { alignment: 'UNALIGNED' } as const
      restores += await runWithFailures(t, {
        seed,
        count: 3000,
        asynchronous: seed % 2 === 0,
        barrier,
      })
    }
    t.ok(restores >= 5, `restored ${restores} times`)
  },
)

t.test(
  'tasks under failures: barriers that overtake records after some time lose none and double none',
  async (t) => {
    let restores = 0
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const barrier = { alignedTimeoutMs: 1 + ((seed * 7) % 30) }
      restores += await runWithFailures(t, {
        seed,
        count: 3000,
        asynchronous: seed % 2 === 0,
        barrier,
      })
    }
    t.ok(restores >= 5, `restored ${restores} times`)
  },
)

t.test('tasks with two inputs under failures: every record of both counts once', async (t) => {
  for (const barrier of [{}, { alignment: 'UNALIGNED' as const }, { alignedTimeoutMs: 15 }]) {
    let restores = 0
    for (const seed of [1, 2, 3, 4]) {
      restores += await runWithFailures(t, {
        ...{ seed, count: 1500, asynchronous: seed % 2 === 0, isConnected: true },
        barrier,
      })
    }
    t.ok(restores >= 4, `restored ${restores} times, ${JSON.stringify(barrier)}`)
  }
})

/** Two subtasks of each vertex, and a sink that takes 20 records and no more. */
async function stuckCluster(unaligned: boolean) {
  const committed: Committed = { records: [], transactions: new Set() }
  const code = jobCode(1e6, committed, false)
  const sink = transactionalSink(committed)
  let processed = 0
  const stuck: OperatorFactory = {
    ...sink,
    createOperator(context) {
      const operator = sink.createOperator(context) as OneInputStreamOperator
      return {
        ...operator,
        processElement: () => void processed++,
        whenReady: () => (processed > 20 ? new Promise<void>(() => {}) : undefined),
      }
    },
  }
  const cluster = new TestingCluster(1)
  await cluster.start({ ...code, operators: new Map(code.operators).set('sink', stuck) })
  cluster.launch(plan(2, 0, { unaligned }))
  await cluster.until(() => cluster.allRun, 'all run')
  for (let i = 0; i < 1000; i++) await cluster.turn()
  const close = async () => {
    await cluster.kill()
    await cluster.close()
  }
  return { cluster, processed: () => processed, close }
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

t.test('a task fails when a file of its state is damaged or gone', async (t) => {
  for (const damage of ['flipped', 'cut', 'gone'] as const) {
    const committed: Committed = { records: [], transactions: new Set() }
    const cluster = new TestingCluster(1)
    await cluster.start(jobCode(1e6, committed, false))
    const first = plan(1, 0, { inlineThresholdBytes: 0 })
    cluster.launch(first)
    await cluster.until(() => cluster.allRun, 'all run')
    for (let i = 0; i < 10; i++) await cluster.turn()
    const checkpoint = cluster.trigger(1)
    await cluster.until(() => cluster.isComplete(checkpoint), 'the checkpoint')
    await cluster.kill()
    const state = checkpoint.acknowledged.get('mid_0_0')!.get('count')!
    const { snapshot } = state.keyed!
    if (snapshot.kind !== 'file') throw new Error('it is in a file')
    await damageFile(cluster, snapshot.path, snapshot.sizeBytes, damage)
    cluster.launch(
      plan(1, 1, { inlineThresholdBytes: 0 }).map((deployment) => ({
        ...deployment,
        restore: restoreOf(checkpoint, first, deployment),
      })),
    )
    const counting = cluster.launched[1]!
    await cluster.until(() => counting.states.at(-1) === 'FAILED', damage)
    t.match(counting.error, { code: 'FLINK_SNAPSHOT_CORRUPT' }, damage)
    t.match(counting.error?.message, snapshot.path)
    await cluster.kill()
    await cluster.close()
  }
})

async function damageFile(
  { files }: TestingCluster,
  path: string,
  sizeBytes: number,
  damage: 'flipped' | 'cut' | 'gone',
): Promise<void> {
  const input = await files.open(path)
  const bytes = Buffer.alloc(sizeBytes)
  await input.read(bytes, 0)
  await input.close()
  await files.delete(path, { recursive: false })
  if (damage === 'gone') return
  bytes[sizeBytes >> 1]! ^= 4
  const output = await files.create(path, 'exclusive')
  await output.write(damage === 'cut' ? bytes.subarray(0, sizeBytes - 1) : bytes)
  await output.close()
}
