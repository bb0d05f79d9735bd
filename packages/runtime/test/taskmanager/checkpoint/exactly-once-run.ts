import { SeededRandom } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { JobCode, JobEdge, TaskDeployment } from '@flink-ts/runtime'
import type { Test } from 'tap'
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
export const SPLITS = 4

/** Numbers are counted by key and written into a sink with two phases. */
export function jobCode(count: number, committed: Committed, asynchronous: boolean): JobCode {
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

/** The tasks of that job, of one run of many. */
export function plan(
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
export function checkCommitted(t: Test, { records }: Committed, total: number): void {
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
export async function runWithFailures(
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
