import type { JobGraph } from '@flink-ts/runtime'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  isTerminalJobStatus,
  JOB_STATUS_TRANSITIONS,
} from '../../dist/executiongraph/job-status.js'
import {
  ADAPTIVE_SCHEDULER_TRANSITIONS,
  VISIBLE_JOB_STATUS,
} from '../../dist/scheduler/adaptive/adaptive-scheduler-state.js'
import {
  alignForwardEdges,
  checkRequirements,
} from '../../dist/scheduler/adaptive/parallelism-bounds.js'
import {
  desiredSlots,
  distributeSlots,
  minimumSlots,
} from '../../dist/scheduler/adaptive/slot-distribution.js'
import { settle } from '../testing/cluster.js'
import { edge, hex, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'

const ADAPTIVE = {
  'jobmanager.scheduler': 'Adaptive',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '1',
  'restart-strategy.fixed-delay.delay': '2 s',
}
const userError = { name: 'RangeError', message: 'boom' }

async function run(t: Test, graph: JobGraph, configuration: Record<string, string> = {}) {
  const job = await RunningJob.start(t, graph, { ...ADAPTIVE, ...configuration })
  const { cluster, jobMaster, ended } = job
  const info = () => job.info
  return {
    cluster,
    jobMaster,
    ended,
    info,
    /** Subtasks per vertex. */
    parallelism: () => info().vertices.map(({ subtasks }) => subtasks.length),
    states: () => job.states,
    setBounds: (bounds: Record<number, [lower: number, upper: number]>) =>
      jobMaster.updateResourceRequirements({
        vertices: Object.entries(bounds).map(([n, [lowerBound, upperBound]]) => ({
          vertexId: hex(Number(n)),
          lowerBound,
          upperBound,
        })),
      }),
  }
}

const twoVertices = (parallelism = 4) =>
  jobGraph([vertex(1, parallelism), vertex(2, parallelism)], [edge(1, 2)])

t.test('AdaptiveScheduler: its states show as statuses that may follow each other', async (t) => {
  for (const [from, nexts] of Object.entries(ADAPTIVE_SCHEDULER_TRANSITIONS)) {
    for (const to of nexts) {
      if (from === 'Finished' || to === 'Finished') continue
      const before = VISIBLE_JOB_STATUS[from as keyof typeof VISIBLE_JOB_STATUS]
      const after = VISIBLE_JOB_STATUS[to as keyof typeof VISIBLE_JOB_STATUS]
      if (before === after) continue
      t.ok(JOB_STATUS_TRANSITIONS[before].includes(after), `${from} → ${to}: ${before} → ${after}`)
    }
  }
})

t.test('AdaptiveScheduler starts at once with all the slots that it can use', async (t) => {
  const { cluster, info, parallelism, states } = await run(t, twoVertices(2))
  t.strictSame(cluster.resourceManager.declared, [2])
  t.equal(info().status, 'CREATED')
  t.equal(info().waitingFor, 'waiting for slots: 2 desired, 1 required, 0 available')
  await cluster.startTaskManager('tm1', 2)
  t.equal(info().status, 'RUNNING')
  t.strictSame(parallelism(), [2, 2])
  t.ok(states().every((state) => state === 'RUNNING'))
  t.ok(
    info().vertices.every(({ subtasks }) => subtasks.every((s) => s.current.attemptNumber === 0)),
  )
})

t.test(
  'AdaptiveScheduler starts with fewer slots when no more have come for a while',
  async (t) => {
    const { cluster, info, parallelism } = await run(t, twoVertices(4))
    await cluster.startTaskManager('tm1', 2)
    t.equal(info().status, 'CREATED')
    await cluster.advance(9_000)
    t.equal(info().status, 'CREATED', 'submission.resource-stabilization-timeout is 10 s')
    await cluster.advance(1_000)
    t.equal(info().status, 'RUNNING')
    t.strictSame(parallelism(), [2, 2])
    t.equal(cluster.resourceManager.declared.at(-1), 4, 'it goes on wishing for more')
  },
)

t.test('AdaptiveScheduler fails a job whose slots are too few for too long', async (t) => {
  const { cluster, ended } = await run(t, twoVertices(2))
  await cluster.advance(5 * 60_000, 10)
  t.match(ended, [
    {
      status: 'FAILED',
      failureCause: {
        code: 'FLINK_NO_RESOURCE_AVAILABLE',
        message: /submission\.resource-wait-timeout/,
      },
    },
  ])
})

t.test('AdaptiveScheduler scales up when TaskManagers join', async (t) => {
  const { cluster, info, parallelism, states } = await run(t, twoVertices(4))
  const first = await cluster.startTaskManager('tm1', 2)
  await cluster.advance(10_000)
  await cluster.startTaskManager('tm2', 1)
  await cluster.advance(29_000)
  t.strictSame(parallelism(), [2, 2], 'not before cooldown-after-rescaling of 30 s')
  await cluster.advance(1_000)
  t.strictSame(parallelism(), [2, 2], 'one slot is not all that it wants')
  await cluster.startTaskManager('tm3', 1)
  await settle()
  await cluster.advance(1)
  t.strictSame(parallelism(), [4, 4], 'all that it wants is used at once')
  t.equal(info().status, 'RUNNING')
  t.ok(states().every((state) => state === 'RUNNING'))
  t.equal(first.cancelled.length, 4, 'the tasks before were ended first')
  t.ok(
    info()
      .vertices.flatMap(({ subtasks }) => subtasks.slice(0, 2))
      .every(({ current }) => current.attemptNumber === 1),
    'attempts go on counting',
  )
  t.equal(info().exceptionHistory.length, 0, 'a rescale is no failure')
})

t.test('AdaptiveScheduler scales up to what there is after a quiet minute', async (t) => {
  const { cluster, parallelism } = await run(t, twoVertices(4))
  await cluster.startTaskManager('tm1', 2)
  await cluster.advance(10_000)
  await cluster.advance(30_000)
  await cluster.startTaskManager('tm2', 1)
  await cluster.advance(59_000, 10)
  t.strictSame(parallelism(), [2, 2])
  await cluster.advance(1_000)
  await cluster.advance(1)
  t.strictSame(parallelism(), [3, 3])
})

for (const strategy of ['fixed-delay', 'none']) {
  t.test(
    `AdaptiveScheduler scales down when a TaskManager leaves; that is no restart: ${strategy}`,
    (t) => scalesDown(t, strategy),
  )
}

async function scalesDown(t: Test, strategy: string): Promise<void> {
  const { cluster, info, parallelism } = await run(t, twoVertices(2), {
    'restart-strategy.type': strategy,
    'restart-strategy.fixed-delay.attempts': '0',
  })
  await cluster.startTaskManager('tm1', 1)
  const second = await cluster.startTaskManager('tm2', 1)
  t.strictSame(parallelism(), [2, 2])
  await second.crash()
  await settle()
  t.equal(info().status, 'RESTARTING')
  await cluster.advance(2_000)
  t.equal(info().status, 'CREATED')
  await cluster.advance(10_000)
  t.equal(info().status, 'RUNNING')
  t.strictSame(parallelism(), [1, 1])
  t.equal(info().exceptionHistory.length, 1)
}

t.test(
  'AdaptiveScheduler restarts the whole job after a failure, as often as allowed',
  async (t) => {
    const { cluster, info, ended, states } = await run(t, twoVertices(2))
    const tm = await cluster.startTaskManager('tm1', 2)
    await tm.report(tm.deployed[0]!.executionAttemptId, 'FAILED', userError)
    await settle()
    t.equal(info().status, 'RESTARTING')
    t.equal(tm.cancelled.length, 4)
    await cluster.advance(2_000)
    t.equal(info().status, 'RUNNING')
    t.ok(states().every((state) => state === 'RUNNING'))
    t.equal(tm.deployed.length, 8)
    await tm.report(tm.deployed[5]!.executionAttemptId, 'FAILED', userError)
    await settle()
    t.match(ended, [{ status: 'FAILED', failureCause: { cause: userError } }])
    t.equal(ended[0]!.exceptionHistory.length, 2)
  },
)

t.test('AdaptiveScheduler finishes when every task has', async (t) => {
  const { cluster, ended } = await run(t, twoVertices(2))
  const tm = await cluster.startTaskManager('tm1', 2)
  for (const { executionAttemptId } of tm.deployed) await tm.report(executionAttemptId, 'FINISHED')
  await settle()
  t.match(ended, [{ status: 'FINISHED' }])
})

for (const [where, until] of [
  ['WaitingForResources', 0],
  ['Executing', 1],
  ['Restarting', 2],
] as const) {
  t.test(`AdaptiveScheduler cancels in ${where}`, async (t) => {
    const { cluster, jobMaster, ended } = await run(t, twoVertices(2))
    if (until > 0) {
      const tm = await cluster.startTaskManager('tm1', 2)
      if (until > 1) await tm.report(tm.deployed[0]!.executionAttemptId, 'FAILED', userError)
      await settle()
    }
    await jobMaster.cancelJob()
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
    t.ok(
      ended[0]!.vertices.every(({ subtasks }) =>
        subtasks.every(({ current }) => {
          return current.state === 'CANCELED' || current.state === 'FAILED'
        }),
      ),
    )
  })
}

t.test('AdaptiveScheduler: new bounds rescale the running job', async (t) => {
  const { cluster, parallelism, setBounds, jobMaster } = await run(t, twoVertices(2))
  const tm = await cluster.startTaskManager('tm1', 2)
  await cluster.advance(30_000)
  await setBounds({ 1: [1, 1], 2: [1, 1] })
  await settle()
  await cluster.advance(1)
  t.strictSame(parallelism(), [1, 1])
  t.equal(cluster.resourceManager.declared.at(-1), 1)
  await cluster.advance(50_000, 10)
  t.equal(tm.freed.length, 1, 'the other slot goes back after slot.idle.timeout')
  await setBounds({ 1: [1, 3], 2: [1, 2] })
  await settle()
  t.equal(cluster.resourceManager.declared.at(-1), 3)
  await cluster.startTaskManager('tm2', 2)
  await cluster.advance(1)
  t.strictSame(parallelism(), [3, 2])
  t.same(await jobMaster.requestResourceRequirements(), {
    vertices: [
      { vertexId: hex(1), lowerBound: 1, upperBound: 3 },
      { vertexId: hex(2), lowerBound: 1, upperBound: 2 },
    ],
  })
})

t.test('AdaptiveScheduler refuses bounds that the job cannot have', async (t) => {
  const { setBounds } = await run(t, twoVertices(2))
  const refused = (message: RegExp) => ({ code: 'FLINK_INVALID_RESOURCE_REQUIREMENTS', message })
  await t.rejects(setBounds({ 1: [1, 2] }), refused(/vertex .*2 \(v2\) are missing/))
  await t.rejects(setBounds({ 1: [1, 2], 2: [1, 2], 3: [1, 1] }), refused(/no vertex/))
  await t.rejects(setBounds({ 1: [0, 2], 2: [1, 2] }), refused(/lower bound is 0/))
  await t.rejects(setBounds({ 1: [3, 2], 2: [1, 2] }), refused(/upper bound 2 is less than .* 3/))
  await t.rejects(setBounds({ 1: [1, 129], 2: [1, 2] }), refused(/max parallelism 128/))
})

t.test('the Default scheduler has no bounds to change', async (t) => {
  const { setBounds, jobMaster } = await run(t, twoVertices(2), {
    'jobmanager.scheduler': 'Default',
  })
  const refused = {
    code: 'FLINK_RESCALING_UNSUPPORTED',
    message: /jobmanager\.scheduler: Adaptive/,
  }
  await t.rejects(setBounds({ 1: [1, 2], 2: [1, 2] }), refused)
  await t.rejects(jobMaster.requestResourceRequirements(), refused)
})

t.test('jobmanager.scheduler: Adaptive leaves batch jobs to the Default scheduler', async (t) => {
  const graph = jobGraph([vertex(1, 2)], [], { jobType: 'BATCH' })
  const { info } = await run(t, graph)
  t.match(info(), { status: 'RUNNING', waitingFor: 'waiting for slots: 2 required, 0 available' })
})

t.test(
  'jobmanager.scheduler: Adaptive leaves jobs whose slots differ to the Default one',
  async (t) => {
    const resources = {
      cpuCores: 1,
      taskHeapBytes: 1,
      taskOffHeapBytes: 0,
      managedBytes: 0,
      extendedResources: {},
    }
    const slotSharingGroups = [{ name: 'default', resources }]
    const { info } = await run(t, jobGraph([vertex(1, 2)], [], { slotSharingGroups }))
    t.match(info(), { status: 'RUNNING', waitingFor: 'waiting for slots: 2 required, 0 available' })
  },
)

t.test('scheduler-mode: reactive uses every slot, up to the max parallelism', async (t) => {
  const graph = jobGraph([vertex(1, 1, { maxParallelism: 3 }), vertex(2, 1)], [edge(1, 2)])
  const { cluster, parallelism } = await run(t, graph, {
    'jobmanager.scheduler': 'Default',
    'scheduler-mode': 'reactive',
    'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': '0',
    'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout': '0',
  })
  t.strictSame(cluster.resourceManager.declared, [128])
  await cluster.startTaskManager('tm1', 2)
  await cluster.advance(1)
  t.strictSame(parallelism(), [2, 2])
  await cluster.startTaskManager('tm2', 3)
  await cluster.advance(1, 2)
  t.strictSame(parallelism(), [3, 5])
})

t.test('AdaptiveScheduler suspends without ending its tasks', async (t) => {
  const { cluster, jobMaster, ended } = await run(t, twoVertices(2))
  const tm = await cluster.startTaskManager('tm1', 2)
  await jobMaster.close()
  t.match(ended, [{ status: 'SUSPENDED' }])
  t.ok(isTerminalJobStatus(ended[0]!.status))
  t.equal(tm.cancelled.length, 0)
})

for (const [how, status] of [
  ['is lost', 'RESTARTING'],
  ['answers', 'FAILED'],
] as const) {
  t.test(`AdaptiveScheduler: a failure to read from a TaskManager that ${how}`, async (t) => {
    const job = await RunningJob.start(t, twoVertices(2), {
      ...ADAPTIVE,
      'restart-strategy.fixed-delay.attempts': '0',
    })
    const lost = await job.cluster.startTaskManager('tm1', 1)
    await job.cluster.startTaskManager('tm2', 1)
    const partitionId = job.task(0, 0).partitionIds[0]!
    if (status === 'RESTARTING') lost.heartbeatFromJobMaster = () => new Promise(() => {})
    const code = 'FLINK_REMOTE_TRANSPORT'
    const cause = { name: 'NetworkError', message: 'no', code, facts: { values: { partitionId } } }
    await job.report(1, 1, 'FAILED', { name: 'TaskError', message: 'cannot read', cause })
    if (status === 'RESTARTING') await lost.crash()
    await settle()
    t.equal(job.info.status, status)
  })
}

t.test('distributeSlots: bounds hold, slot sharing groups are fed in turn', async () => {
  const boundsOf = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 8 }))
    .map(([lowerBound, more]) => ({ lowerBound, upperBound: lowerBound + more }))
  const arbitrary = fc.record({
    vertices: fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c'), bounds: boundsOf }), {
      minLength: 1,
      maxLength: 6,
    }),
    slots: fc.integer({ min: 0, max: 60 }),
  })
  fc.assert(
    fc.property(arbitrary, ({ vertices, slots }) => {
      const graph = jobGraph(
        vertices.map(({ group }, n) => vertex(n + 1, 1, { slotSharingGroup: group })),
      )
      const bounds = new Map(vertices.map((v, n) => [hex(n + 1), v.bounds]))
      const result = distributeSlots(graph, bounds, slots)
      if (slots < minimumSlots(graph, bounds)) return result === undefined
      if (result === undefined) return false
      const used = new Map<string, number>()
      for (const [n, { group, bounds: own }] of vertices.entries()) {
        const parallelism = result.get(hex(n + 1))!
        if (parallelism < own.lowerBound || parallelism > own.upperBound) return false
        used.set(group, Math.max(used.get(group) ?? 0, parallelism))
      }
      const total = [...used.values()].reduce((sum, n) => sum + n, 0)
      return total === Math.min(slots, desiredSlots(graph, bounds))
    }),
  )
})

t.test('alignForwardEdges gives vertices that FORWARD joins the same bounds', async (t) => {
  const graph = jobGraph(
    [vertex(1, 1), vertex(2, 1), vertex(3, 1), vertex(4, 1)],
    [edge(1, 2, 'FORWARD'), edge(2, 3, 'FORWARD'), edge(3, 4, 'HASH')],
  )
  const bounds = (lowerBound: number, upperBound: number) => ({ lowerBound, upperBound })
  const requirements = new Map([
    [hex(1), bounds(1, 8)],
    [hex(2), bounds(2, 4)],
    [hex(3), bounds(1, 6)],
    [hex(4), bounds(1, 8)],
  ])
  checkRequirements(graph, requirements)
  t.strictSame(Object.fromEntries(alignForwardEdges(graph, requirements)), {
    [hex(1)]: bounds(2, 4),
    [hex(2)]: bounds(2, 4),
    [hex(3)]: bounds(2, 4),
    [hex(4)]: bounds(1, 8),
  })
})
