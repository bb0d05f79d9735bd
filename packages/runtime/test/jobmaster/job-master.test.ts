import { accumulatorValue, IntCounter, snapshotAccumulator } from '@flink-ts/core'
import { accumulatorsOf } from '@flink-ts/runtime'
import t from 'tap'
import { settle } from '../testing/cluster.js'
import { edge, jobGraph, vertex } from '../testing/job-graphs.js'
import { FIXED_DELAY, run, states, twoVertices, userError } from './job-under-test.js'

t.test('JobMaster takes reports that overtake each other', async (t) => {
  const { cluster, ended } = await run(t, jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1')
  taskManager.obedient = false
  await taskManager.offer(1)
  await settle()
  const { executionAttemptId } = taskManager.deployed[0]!
  await taskManager.report(executionAttemptId, 'FINISHED')
  await settle()
  t.match(ended, [{ status: 'FINISHED' }])
  t.equal(ended[0]!.vertices[0]!.subtasks[0]!.current.timestamps.RUNNING > 0, true)
  await taskManager.report(executionAttemptId, 'RUNNING')
  await taskManager.report(executionAttemptId, 'FINISHED')
  t.pass('late and repeated reports are acknowledged')
})

t.test('JobMaster refuses reports of attempts that should not run', async (t) => {
  const { cluster } = await run(t, jobGraph([vertex(1, 1)]), { configuration: FIXED_DELAY })
  const taskManager = await cluster.startTaskManager('tm1', 1)
  await t.rejects(taskManager.report('no-such-attempt', 'RUNNING'), {
    code: 'FLINK_EXECUTION_ATTEMPT_UNKNOWN',
  })
  const { executionAttemptId } = taskManager.deployed[0]!
  await taskManager.report(executionAttemptId, 'FAILED', userError)
  await t.rejects(taskManager.report(executionAttemptId, 'RUNNING'), /not expected to run/)
})

t.test('JobMaster refuses a stale fencing token', async (t) => {
  const { cluster } = await run(t, jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const stale = taskManager.jobMaster({ epoch: 2, uuid: 'jm-token' })
  await t.rejects(stale.requestJobStatus({ jobId: '' }), { code: 'FLINK_RPC_FENCING_TOKEN' })
})

t.test('JobMaster fails the job with the user error when there is no restart', async (t) => {
  const { cluster, ended } = await run(t, twoVertices())
  const taskManager = await cluster.startTaskManager('tm1', 2)
  const failed = taskManager.deployed[0]!.executionAttemptId
  await taskManager.report(failed, 'FAILED', userError)
  await settle()
  t.match(ended, [
    {
      status: 'FAILED',
      failureCause: {
        name: 'JobException',
        message: 'Recovery is suppressed by NoRestartBackoffTimeStrategy',
        cause: userError,
      },
      exceptionHistory: [{ error: userError, taskName: 'v1 (1/2)', taskManagerId: 'tm1' }],
    },
  ])
  t.strictSame(states(ended[0]!), ['FAILED', 'CANCELED', 'CANCELED', 'CANCELED'])
})

t.test(
  'JobMaster restarts with fixed delay, and fails when the attempts are used up',
  async (t) => {
    const { cluster, ended, info } = await run(t, twoVertices(), { configuration: FIXED_DELAY })
    const taskManager = await cluster.startTaskManager('tm1', 2)
    for (let attempt = 0; attempt < 3; attempt++) {
      await taskManager.report(taskManager.deployed.at(-1)!.executionAttemptId, 'FAILED', userError)
      await settle()
      t.equal(info().status, 'RESTARTING')
      await cluster.advance(1999)
      t.equal(info().status, 'RESTARTING')
      await cluster.advance(1)
      t.equal(info().status, 'RUNNING')
      t.strictSame(states(info()), ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
      t.equal(info().vertices[0]!.subtasks[0]!.current.attemptNumber, attempt + 1)
    }
    t.equal(taskManager.freed.length, 0, 'slots are used again')
    await taskManager.report(taskManager.deployed.at(-1)!.executionAttemptId, 'FAILED', userError)
    await settle()
    t.match(ended, [{ status: 'FAILED', failureCause: { message: /FixedDelay/ } }])
    t.equal(ended[0]!.exceptionHistory.length, 4)
    t.equal(ended[0]!.vertices[1]!.subtasks[1]!.history.length, 3)
  },
)

t.test('JobMaster restarts only the region of the failed task', async (t) => {
  const graph = jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2, 'FORWARD')])
  const { cluster, info } = await run(t, graph, { configuration: FIXED_DELAY })
  const taskManager = await cluster.startTaskManager('tm1', 2)
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', userError)
  await settle()
  await cluster.advance(2000)
  const attempts = info().vertices.map(({ subtasks }) =>
    subtasks.map(({ current }) => current.attemptNumber),
  )
  t.strictSame(attempts, [
    [1, 0],
    [1, 0],
  ])
})

t.test('JobMaster: jobmanager.execution.failover-strategy full restarts all regions', async (t) => {
  const graph = jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2, 'FORWARD')])
  for (const [strategy, expected] of [
    ['full', [1, 1, 1, 1]],
    ['region', [1, 0, 1, 0]],
  ] as const) {
    const { cluster, info } = await run(t, graph, {
      configuration: { ...FIXED_DELAY, 'jobmanager.execution.failover-strategy': strategy },
    })
    const taskManager = await cluster.startTaskManager('tm1', 2)
    await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', userError)
    await settle()
    await cluster.advance(2000)
    const attempts = info().vertices.flatMap(({ subtasks }) =>
      subtasks.map(({ current }) => current.attemptNumber),
    )
    t.strictSame(attempts, expected, strategy)
    t.equal(info().status, 'RUNNING')
  }
})

t.test(
  'JobMaster: jobmanager.execution.attempts-history-size earlier attempts are kept',
  async (t) => {
    for (const [size, kept] of [
      ['2', [2, 3]],
      ['1', [3]],
    ] as const) {
      const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), {
        configuration: {
          ...FIXED_DELAY,
          'restart-strategy.fixed-delay.attempts': '10',
          'jobmanager.execution.attempts-history-size': size,
        },
      })
      const taskManager = await cluster.startTaskManager('tm1', 1)
      for (let failures = 0; failures < 4; failures++) {
        const { executionAttemptId } = taskManager.deployed.at(-1)!
        await taskManager.report(executionAttemptId, 'FAILED', userError)
        await settle()
        await cluster.advance(2000)
      }
      const { current, history } = info().vertices[0]!.subtasks[0]!
      t.equal(current.attemptNumber, 4)
      t.strictSame(
        history.map(({ attemptNumber }) => attemptNumber),
        kept,
      )
      t.match(
        history.map(({ state }) => state),
        kept.map(() => 'FAILED'),
      )
    }
  },
)

t.test('JobMaster runs the producer again when its blocking result is lost', async (t) => {
  const graph = jobGraph([vertex(1, 1), vertex(2, 1)], [edge(1, 2, 'FORWARD', 'blocking')], {
    jobType: 'BATCH',
  })
  const { cluster, info } = await run(t, graph, { configuration: FIXED_DELAY })
  const first = await cluster.startTaskManager('tm1', 1)
  await first.report(first.deployed[0]!.executionAttemptId, 'FINISHED')
  await settle()
  t.strictSame(states(info()), ['FINISHED', 'RUNNING'])
  await first.crash()
  await settle()
  await cluster.advance(2000)
  t.strictSame(states(info()), ['SCHEDULED', 'CREATED'])
  const second = await cluster.startTaskManager('tm2', 1)
  t.strictSame(states(info()), ['RUNNING', 'CREATED'])
  await second.report(second.deployed[0]!.executionAttemptId, 'FINISHED')
  await settle()
  t.strictSame(states(info()), ['FINISHED', 'RUNNING'])
})

t.test(
  'JobMaster fails tasks that two reports in a row miss, and cancels unknown ones',
  async (t) => {
    const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), { configuration: FIXED_DELAY })
    const taskManager = await cluster.startTaskManager('tm1', 1)
    taskManager.reportedAttempts = ['zombie']
    await cluster.advance(10_000)
    t.equal(info().status, 'RUNNING', 'one report may be older than the deployment')
    await cluster.advance(10_000)
    t.equal(info().status, 'RESTARTING')
    t.match(info().exceptionHistory[0], { error: { code: 'FLINK_TASK_NOT_DEPLOYED' } })
    t.ok(taskManager.cancelled.includes('zombie'))
  },
)

t.test('JobMaster does not count a deployment onto a dead TaskManager as an attempt', async (t) => {
  const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), {
    configuration: { ...FIXED_DELAY, 'restart-strategy.fixed-delay.attempts': '0' },
  })
  const alive = await cluster.startTaskManager('tm2')
  alive.submitTask = async () => {
    throw Object.assign(new Error('gone'), { code: 'FLINK_TASK_MANAGER_NOT_REGISTERED' })
  }
  await alive.offer(1)
  await settle()
  t.equal(info().status, 'RESTARTING')
})

t.test('JobMaster asks for metrics that are older than a second', async (t) => {
  const { cluster, jobMaster } = await run(t, jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const { executionAttemptId } = taskManager.deployed[0]!
  const io = {
    numRecordsIn: 1,
    numRecordsOut: 2,
    numBytesIn: 3,
    numBytesOut: 4,
    numBuffersOut: 5,
    accumulatedBusyMs: 6,
    accumulatedIdleMs: 7,
    accumulatedBackPressuredMs: 8,
  }
  taskManager.metrics = [{ executionAttemptId, io, channels: [], values: {}, accumulators: [] }]
  const shown = async () =>
    (await jobMaster.requestJob()).vertices[0]!.subtasks[0]!.current.metrics?.io.numRecordsIn
  t.equal(await shown(), 1)
  taskManager.metrics = [
    {
      executionAttemptId,
      io: { ...io, numRecordsIn: 9 },
      channels: [],
      values: {},
      accumulators: [],
    },
  ]
  t.equal(await shown(), 1)
  await cluster.advance(1001)
  t.equal(await shown(), 9)
})

t.test('JobMaster: heartbeats bring metrics and accumulators of current attempts', async (t) => {
  const { cluster, jobMaster } = await run(t, jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const { executionAttemptId } = taskManager.deployed[0]!
  const counter = new IntCounter()
  counter.add(5)
  const io = {
    numRecordsIn: 11,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numBuffersOut: 0,
    accumulatedBusyMs: 0,
    accumulatedIdleMs: 0,
    accumulatedBackPressuredMs: 0,
  }
  const accumulators = [snapshotAccumulator('n', counter)]
  const metrics = { io, channels: [], values: { 'Task.x': 3 }, accumulators }
  taskManager.metrics = [
    { ...metrics, executionAttemptId },
    { ...metrics, executionAttemptId: 'of an earlier attempt' },
  ]
  const shown = () => jobMaster.executionGraphInfo().vertices[0]!.subtasks[0]!.current.metrics
  await cluster.advance(9_999)
  t.equal(shown(), undefined)
  await cluster.advance(1)
  t.match(shown(), { io: { numRecordsIn: 11 }, values: { 'Task.x': 3 } })
  const [snapshot, ...more] = accumulatorsOf(jobMaster.executionGraphInfo().vertices)
  t.strictSame([accumulatorValue(snapshot!), more], [5, []])
})

t.test(
  'closing a JobMaster suspends its job and keeps the slots for the next leader',
  async (t) => {
    const { cluster, jobMaster, ended } = await run(t, jobGraph([vertex(1, 1)]))
    const taskManager = await cluster.startTaskManager('tm1', 1)
    await jobMaster.close()
    await settle()
    t.match(ended, [{ status: 'SUSPENDED' }])
    t.equal(taskManager.goodbyes, 1)
    t.strictSame(taskManager.freed, [])
  },
)
