import { FlinkError, type Logger, noopLogger, serializeError } from '@flink-ts/core'
import t from 'tap'
import { settle, TestingCluster } from '../testing/cluster.js'
import { edge, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'

const userError = { name: 'RangeError', message: 'boom' }

function fixedDelay(attempts: number): Record<string, string> {
  return {
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': `${attempts}`,
    'restart-strategy.fixed-delay.delay': '2 s',
  }
}

/** What a task says that cannot read a partition. */
function unreadable(code: string, partitionId: string) {
  const cause = { name: 'NetworkError', message: 'no', code, facts: { values: { partitionId } } }
  return { name: 'TaskError', message: 'cannot read', cause }
}

const pipeline = () => jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2)])

t.test('losses of TaskManagers use up no restarts, other failures do', async (t) => {
  const job = await RunningJob.start(t, pipeline(), fixedDelay(1))
  await job.cluster.startTaskManager('stays', 1)
  for (let i = 0; i < 3; i++) {
    const lost = await job.cluster.startTaskManager(`lost${i}`, 1)
    t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
    await lost.crash()
    await settle()
    t.equal(job.info.status, 'RESTARTING')
    await job.cluster.advance(2000)
  }
  await job.cluster.startTaskManager('last', 1)
  t.strictSame(job.attempts, [3, 3, 3, 3])
  await job.report(0, 0, 'FAILED', userError)
  await job.cluster.advance(2000)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'], 'the one that it has')
  await job.report(0, 0, 'FAILED', userError)
  t.match(job.ended, [{ status: 'FAILED', failureCause: { message: /suppressed by FixedDelay/ } }])
})

t.test(
  'a failure to read from a TaskManager that turns out to be lost does not count',
  async (t) => {
    const job = await RunningJob.start(t, pipeline(), fixedDelay(0))
    const lost = await job.cluster.startTaskManager('tm1', 1)
    await job.cluster.startTaskManager('tm2', 1)
    t.equal(job.task(0, 0).taskManager, lost)
    const { partitionIds } = job.task(0, 0)
    lost.heartbeatFromJobMaster = () => new Promise(() => {})
    // The peer's task notices before the JobMaster does.
    await job.report(1, 1, 'FAILED', unreadable('FLINK_REMOTE_TRANSPORT', partitionIds[0]!))
    t.equal(job.info.status, 'RESTARTING')
    await lost.crash()
    await settle()
    t.equal(job.info.status, 'RESTARTING')
    await job.cluster.advance(2000)
    await job.cluster.startTaskManager('tm3', 1)
    t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
    await job.report(1, 1, 'FAILED', unreadable('FLINK_REMOTE_TRANSPORT', partitionIds[0]!))
    t.equal(job.info.status, 'RESTARTING', 'told once more of the attempt that was lost')
  },
)

t.test('a failure to read from a TaskManager that answers counts', async (t) => {
  const job = await RunningJob.start(t, pipeline(), fixedDelay(1))
  await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 1)
  for (const status of ['RESTARTING', 'FAILED']) {
    const { partitionIds } = job.task(0, 0)
    await job.report(1, 1, 'FAILED', unreadable('FLINK_REMOTE_TRANSPORT', partitionIds[0]!))
    t.equal(job.info.status, status)
    await job.cluster.advance(2000)
  }
  t.match(job.ended, [{ failureCause: { cause: { message: 'cannot read' } } }])
})

t.test('a peer that gives no answer is asked until its heartbeat is given up', async (t) => {
  const job = await RunningJob.start(t, pipeline(), fixedDelay(0))
  const silent = await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 1)
  const { partitionIds } = job.task(0, 0)
  silent.heartbeatFromJobMaster = () => new Promise(() => {})
  await job.report(1, 1, 'FAILED', unreadable('FLINK_PARTITION_NOT_FOUND', partitionIds[0]!))
  await job.cluster.advance(60_000, 60)
  t.equal(job.ended.length, 0)
  t.match(job.info.exceptionHistory.at(-1), { error: { code: 'FLINK_HEARTBEAT_LOST' } })
  await job.cluster.advance(2000)
  await job.cluster.startTaskManager('tm3', 1)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
})

t.test('no restart deploys onto a lost TaskManager; it may come back', async (t) => {
  const job = await RunningJob.start(t, pipeline(), fixedDelay(1))
  const lost = await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 1)
  const before = lost.deployed.length
  await lost.crash()
  await job.cluster.advance(2000)
  t.equal(job.info.waitingFor, 'waiting for slots: 2 required, 1 available')
  t.equal(lost.deployed.length, before)
  const again = await job.cluster.startTaskManager('tm1', 1)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
  t.equal(again.deployed.length, 2)
})

t.test('a task restarts in the slot it had, also when another slot was lost', async (t) => {
  const graph = jobGraph([vertex(1, 2)])
  const job = await RunningJob.start(t, graph, fixedDelay(5))
  await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 1)
  const slot = job.task(0, 1).descriptor.allocationId
  await job.report(0, 1, 'FAILED', userError)
  await job.cluster.advance(1000)
  // Task 0 loses its slot and would take the one that task 1 left a second ago.
  await job.cluster.taskManagers.find(({ id }) => id === 'tm1')!.crash()
  await job.cluster.advance(1000)
  t.equal(job.task(0, 1).descriptor.allocationId, slot)
  await job.cluster.advance(1000)
  await job.cluster.startTaskManager('tm3', 1)
  t.strictSame(job.states, ['RUNNING', 'RUNNING'])
  t.equal(job.task(0, 0).taskManager.id, 'tm3')
})

const batch = (partitioner: 'FORWARD' | 'HASH' = 'HASH') =>
  jobGraph(
    [vertex(1, 2), vertex(2, 2), vertex(3, 2)],
    [edge(1, 2, partitioner, 'blocking'), edge(2, 3, partitioner, 'blocking')],
    { jobType: 'BATCH' },
  )

async function finish(job: RunningJob, vertex: number): Promise<void> {
  for (const subtask of [0, 1]) await job.report(vertex, subtask, 'FINISHED')
}

t.test('a batch job runs stage by stage and releases results that were read', async (t) => {
  const job = await RunningJob.start(t, batch())
  const taskManager = await job.cluster.startTaskManager('tm1', 2)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'CREATED', 'CREATED', 'CREATED', 'CREATED'])
  const first = [0, 1].flatMap((subtask) => job.task(0, subtask).partitionIds)
  await job.report(0, 0, 'FINISHED')
  t.strictSame(job.states.slice(2, 4), ['CREATED', 'CREATED'], 'all inputs must be complete')
  await job.report(0, 1, 'FINISHED')
  t.strictSame(job.states.slice(2), ['RUNNING', 'RUNNING', 'CREATED', 'CREATED'])
  await job.report(1, 0, 'FINISHED')
  t.strictSame(taskManager.released, [], 'one consumer may still read')
  await job.report(1, 1, 'FINISHED')
  t.strictSame(taskManager.released, first)
  await finish(job, 2)
  t.match(job.ended, [{ status: 'FINISHED' }])
})

t.test('a lost partition restarts its producer with its consumers, nothing else', async (t) => {
  const job = await RunningJob.start(t, batch('FORWARD'), fixedDelay(1))
  await job.cluster.startTaskManager('tm1', 2)
  await job.report(0, 0, 'FINISHED')
  const [lost] = job.task(0, 0).partitionIds
  await job.report(1, 0, 'FAILED', unreadable('FLINK_PARTITION_NOT_FOUND', lost!))
  await job.cluster.advance(2000)
  t.strictSame(job.attempts, [1, 0, 1, 0, 0, 0])
  t.strictSame(job.states.slice(0, 3), ['RUNNING', 'RUNNING', 'CREATED'])
  await job.report(0, 0, 'FINISHED')
  t.equal(job.states[2], 'RUNNING')
})

t.test('a failure of a consumer alone does not run its producers again', async (t) => {
  const job = await RunningJob.start(t, batch(), fixedDelay(1))
  await job.cluster.startTaskManager('tm1', 2)
  await finish(job, 0)
  await job.report(1, 0, 'FAILED', userError)
  await job.cluster.advance(2000)
  t.strictSame(job.attempts, [0, 0, 1, 0, 0, 0])
})

t.test(
  'the loss of a TaskManager runs finished producers again whose results are needed',
  async (t) => {
    const job = await RunningJob.start(t, batch('FORWARD'), fixedDelay(0))
    const lost = await job.cluster.startTaskManager('tm1', 1)
    await job.cluster.startTaskManager('tm2', 1)
    t.equal(job.task(0, 0).taskManager, lost)
    await job.report(0, 0, 'FINISHED')
    t.equal(job.task(1, 0).taskManager, lost, 'consumers run where their input lies')
    await lost.crash()
    await job.cluster.advance(2000)
    await job.cluster.startTaskManager('tm3', 1)
    t.strictSame(job.attempts, [1, 0, 1, 0, 0, 0])
    for (const vertex of [0, 1, 2]) await job.report(vertex, 0, 'FINISHED')
    for (const vertex of [0, 1]) await job.report(vertex, 1, 'FINISHED')
    const attempts = job.attempts
    const idle = job.cluster.taskManagers.find(({ id }) => id === 'tm3')!
    await idle.crash()
    await job.cluster.advance(2000)
    t.strictSame(job.attempts, attempts, 'what lay there has been read')
    await job.report(2, 1, 'FINISHED')
    t.match(job.ended, [{ status: 'FINISHED' }])
  },
)

t.test('a result that is lost before its consumer begins is produced again at once', async (t) => {
  const graph = jobGraph(
    [vertex(1, 1), vertex(2, 1, { slotSharingGroup: 'b' }), vertex(3, 1)],
    [edge(1, 3, 'HASH', 'blocking'), edge(2, 3, 'HASH', 'blocking')],
    { jobType: 'BATCH' },
  )
  const job = await RunningJob.start(t, graph, fixedDelay(0))
  const lost = await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 1)
  const first = job.task(0, 0).taskManager === lost ? 0 : 1
  await job.report(first, 0, 'FINISHED')
  t.equal(job.states[2], 'CREATED')
  await lost.crash()
  await job.cluster.advance(2000)
  await job.cluster.startTaskManager('tm3', 1)
  t.equal(job.states[first], 'RUNNING')
  t.equal(job.attempts[first], 1)
  t.equal(job.attempts[1 - first], 0, 'the other producer is not concerned')
})

t.test('all consumers of what runs again run again, those that had finished too', async (t) => {
  const job = await RunningJob.start(t, batch(), fixedDelay(3))
  await job.cluster.startTaskManager('tm1', 2)
  await finish(job, 0)
  await job.report(1, 0, 'FINISHED')
  const [lost] = job.task(0, 0).partitionIds
  await job.report(1, 1, 'FAILED', unreadable('FLINK_PARTITION_NOT_FOUND', lost!))
  await job.cluster.advance(2000)
  t.strictSame(job.attempts.slice(0, 4), [1, 0, 1, 1])
  await job.report(0, 0, 'FINISHED')
  await finish(job, 1)
  await finish(job, 2)
  t.match(job.ended, [{ status: 'FINISHED' }], 'counts of readers are right again')
})

t.test('JobMaster.stopJob drains, and refuses to stop without a savepoint', async (t) => {
  const job = await RunningJob.start(t, jobGraph([vertex(1, 1)]))
  const { taskManager } = await job.cluster
    .startTaskManager('tm1', 1)
    .then((started) => ({ taskManager: started }))
  const gateway = taskManager.jobMaster()
  const jobId = job.info.jobId
  await t.rejects(gateway.stopJob({ jobId, drain: false }), { code: 'FLINK_STOP_REFUSED' })
  await gateway.stopJob({ jobId, drain: true })
  t.equal(job.info.status, 'RUNNING', 'until its tasks have finished')
  await job.report(0, 0, 'FINISHED')
  t.match(job.ended, [{ status: 'FINISHED' }])
  await job.jobMaster.stopJob(false)
})

t.test('a job that loses its leadership is SUSPENDED, and its tasks are left alone', async (t) => {
  const job = await RunningJob.start(t, pipeline(), fixedDelay(3))
  const taskManager = await job.cluster.startTaskManager('tm1', 2)
  await job.report(0, 0, 'FAILED', userError)
  const cancelled = taskManager.cancelled.length
  await job.jobMaster.close()
  await settle()
  t.match(job.ended, [{ status: 'SUSPENDED', endTimeMs: Number }])
  t.equal(taskManager.cancelled.length, cancelled)
  t.strictSame(taskManager.freed, [], 'the next leader may use the slots')
  t.equal(taskManager.goodbyes, 1)
})

t.test('JobMaster refuses a scheduler that this release has not', async (t) => {
  const started = RunningJob.start(t, pipeline(), { 'jobmanager.scheduler': 'AdaptiveBatch' })
  await t.rejects(started, { code: 'FLINK_SCHEDULER_UNAVAILABLE' })
})

t.test('two jobs that each hold part of the slots fail with slot.request.timeout', async (t) => {
  const configuration = { 'slot.request.timeout': '30 s', 'heartbeat.timeout': '1 d' }
  const jobs = [
    await RunningJob.start(t, pipeline(), configuration),
    await RunningJob.start(t, pipeline(), configuration),
  ]
  for (const job of jobs) await job.cluster.startTaskManager('tm1', 1)
  for (const job of jobs) {
    t.equal(job.info.waitingFor, 'waiting for slots: 2 required, 1 available')
    await job.cluster.advance(29_999)
    t.equal(job.info.status, 'RUNNING')
    await job.cluster.advance(1)
    t.match(job.ended, [
      { status: 'FAILED', failureCause: { cause: { code: 'FLINK_NO_RESOURCE_AVAILABLE' } } },
    ])
    t.equal(job.cluster.taskManagers[0]!.freed.length, 1, 'its part comes free for the other')
  }
})

t.test('a TaskManager that says good-bye is told of without alarm and stack', async (t) => {
  const lines: string[] = []
  const log = loggerInto(lines)
  const job = await RunningJob.start(t, pipeline(), fixedDelay(0), undefined, log)
  const [closing, broken] = [
    await job.cluster.startTaskManager('tm1', 1),
    await job.cluster.startTaskManager('tm2', 1),
  ]
  const leave = (taskManager: typeof closing, resourceId: string, code: string) =>
    taskManager.jobMaster().disconnectTaskManager({
      resourceId,
      cause: serializeError(new FlinkError(`${resourceId} goes`, { code })),
    })
  await leave(closing, 'tm1', 'FLINK_TASK_MANAGER_CLOSING')
  await leave(broken, 'tm2', 'FLINK_TESTING')
  const told = lines.filter((line) => line.includes('disconnected from the JobMaster'))
  t.strictSame(told, [
    'info TaskManager is disconnected from the JobMaster tm1 tm1 goes',
    'warn TaskManager is disconnected from the JobMaster tm2 FLINK_TESTING',
  ])
})

function loggerInto(lines: string[]): Logger {
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const { resourceId, cause, error } = fields
      lines.push(`${level} ${message} ${resourceId} ${cause ?? (error as { code?: string })?.code}`)
    }
  const log: Logger = {
    ...noopLogger,
    info: write('info'),
    warn: write('warn'),
    child: () => log,
  }
  return log
}

t.test('a TaskManager that said goodbye: why it ended', async (t) => {
  const DIAGNOSTICS = 'container ended with exit code -104: more memory than it was given'
  const goodbye = { name: 'E', code: 'FLINK_TASK_MANAGER_CLOSING', message: 'is shutting down' }
  const told = {
    error: {
      ...goodbye,
      cause: { code: 'FLINK_TASK_MANAGER_ENDED', message: new RegExp(DIAGNOSTICS) },
    },
  }

  async function started(t: Teardown, configuration: Record<string, string>) {
    const cluster = new TestingCluster()
    cluster.resourceManager.explainsEnds = true
    await cluster.resourceManager.start()
    const job = await RunningJob.startIn(cluster, pipeline(), {
      configuration,
    })
    t.teardown(async () => {
      await job.jobMaster.close()
      await cluster.close()
    })
    const taskManager = await cluster.startTaskManager('tm1', 2)
    const jobMaster = taskManager.jobMaster()
    return { job, cluster, jobMaster }
  }

  const end = { resourceId: 'tm1', diagnostics: DIAGNOSTICS }

  await t.test(
    'is added to the failure of a job that restarts, which nothing holds up',
    async (t) => {
      const { job, cluster, jobMaster } = await started(t, fixedDelay(1))
      await jobMaster.disconnectTaskManager({ resourceId: 'tm1', cause: goodbye })
      t.equal(job.info.status, 'RESTARTING', 'at once')
      await cluster.advance(2_000)
      t.notOk(job.info.exceptionHistory.at(-1)?.error.cause)
      await jobMaster.notifyTaskManagerEnded(end)
      t.match(job.info.exceptionHistory, [told])
      await jobMaster.notifyTaskManagerEnded({ ...end, diagnostics: 'told twice' })
      t.match(job.info.exceptionHistory, [told])
    },
  )

  await t.test('is what the end of a job waits for', async (t) => {
    const { job, cluster, jobMaster } = await started(t, { 'restart-strategy.type': 'none' })
    await jobMaster.disconnectTaskManager({ resourceId: 'tm1', cause: goodbye })
    await cluster.advance(4_900)
    t.equal(job.info.status, 'FAILED')
    t.same(job.ended, [])
    await jobMaster.notifyTaskManagerEnded({ ...end, resourceId: 'another' })
    t.same(job.ended, [])
    await jobMaster.notifyTaskManagerEnded(end)
    t.match(job.ended, [{ status: 'FAILED', failureCause: { cause: told.error } }])
  })

  await t.test('is waited for 5 s, and not when the JobMaster closes', async (t) => {
    for (const pass of [
      ({ cluster }: Started) => cluster.advance(5_000),
      ({ job }: Started) => job.jobMaster.close(),
    ]) {
      const under = await started(t, { 'restart-strategy.type': 'none' })
      await under.jobMaster.disconnectTaskManager({ resourceId: 'tm1', cause: goodbye })
      t.same(under.job.ended, [])
      await pass(under)
      t.match(under.job.ended, [{ status: 'FAILED', failureCause: { cause: goodbye } }])
    }
  })

  await t.test('is how the JobMaster hears of it, when it comes first', async (t) => {
    const { job, jobMaster } = await started(t, { 'restart-strategy.type': 'none' })
    await jobMaster.notifyTaskManagerEnded(end)
    t.match(job.ended, [{ failureCause: { cause: told.error.cause } }])
  })

  type Teardown = { teardown(fn: () => unknown): void }
  type Started = Awaited<ReturnType<typeof started>>
})

t.test(
  'a slot without room for its tasks ends the job, whatever its restart strategy',
  async (t) => {
    const job = await RunningJob.start(t, pipeline(), fixedDelay(1000))
    await job.cluster.startTaskManager('tm1', 2)
    const error = { name: 'E', code: 'FLINK_TASK_HEAP_TOO_SMALL', message: 'set the size to 1100m' }
    await job.report(0, 0, 'FAILED', error)
    t.match(job.ended, [{ status: 'FAILED', failureCause: { cause: error } }])
  },
)
