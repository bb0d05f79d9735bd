import t from 'tap'
import type { JobGraph } from '../../dist/jobgraph/job-graph.js'
import { settle } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'
import {
  complete,
  fail,
  KEYS,
  overviewOf,
  pipeline,
  restoredTexts,
  restoreOf,
  start,
  triggered,
  untilTriggered,
} from './checkpointed-job.js'

async function savepoint(job: RunningJob, targetDirectory = 'memory:///sp') {
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const answer = gateway.triggerSavepoint({
    jobId: JOB_ID,
    targetDirectory,
    cancelJob: false,
    formatType: '',
    triggerId: '',
  })
  answer.catch(() => {})
  await settle()
  const trigger = triggered(job).at(-1)!
  t.match(trigger.options, { snapshotType: 'SAVEPOINT' })
  t.match(trigger.options.targetLocation, /^memory:\/\/\/sp\/savepoint-/)
  await complete(job, trigger.checkpointId)
  return (await answer).location
}

/** A cluster in which a job of one source and two counters has left a savepoint. */
async function withSavepoint(t: { teardown(fn: () => unknown): void }) {
  const job = await start(t, { 'execution.checkpointing.interval': '0 ms' })
  const path = await savepoint(job)
  await job.jobMaster.close()
  const begin = async (graph: JobGraph, keys: Record<string, string> = {}): Promise<RunningJob> => {
    const { cluster } = job
    const next = await RunningJob.startIn(
      cluster,
      { ...graph, jobId: hex(0xcd) as typeof JOB_ID },
      { configuration: { ...KEYS, 'execution.state-recovery.path': path, ...keys }, epoch: 5 },
    )
    t.teardown(() => next.jobMaster.close())
    if (next.ended.length > 0) return next
    for (const taskManager of cluster.taskManagers) {
      taskManager.triggered.length = 0
      await taskManager.register()
      await taskManager.offer(4)
    }
    await settle()
    return next
  }
  return { path, begin, cluster: job.cluster }
}

t.test('a savepoint is restored at another parallelism', async (t) => {
  const { begin, path, cluster } = await withSavepoint(t)
  const job = await begin(pipeline(1, 4))
  t.strictSame(restoredTexts(job, 1, 1), ['1 of 1-0 [32, 63]'])
  t.strictSame(restoredTexts(job, 1, 3), ['1 of 1-1 [96, 127]'])
  await fail(job)
  t.strictSame(
    restoredTexts(job, 1, 1),
    ['1 of 1-0 [32, 63]'],
    'again, while there is nothing newer',
  )
  t.match(await overviewOf(job), {
    counts: { restored: 2 },
    latest: { restored: { id: 1, is_savepoint: true, external_path: path } },
  })
  await complete(job, 2)
  t.equal(triggered(job).at(-1)!.options.snapshotType, 'FULL_CHECKPOINT', 'it uses nothing of it')
  await fail(job)
  t.equal(restoreOf(job, 1, 0)?.checkpointId, 2n)
  await complete(job, 3)
  t.equal(triggered(job).at(-1)!.options.snapshotType, 'CHECKPOINT')
  await complete(job, 4)
  t.ok(await cluster.files.exists(path.slice('memory://'.length)), 'nobody else removes it')
})

t.test('a savepoint that is claimed goes when it is subsumed', async (t) => {
  const { begin, path, cluster } = await withSavepoint(t)
  const job = await begin(pipeline(), {
    'execution.state-recovery.claim-mode': 'CLAIM',
    'execution.checkpointing.num-retained': '1',
  })
  const folder = path.slice('memory://'.length)
  t.equal(restoreOf(job, 1, 0)?.checkpointId, 1n)
  t.ok(await cluster.files.exists(folder))
  await complete(job, 2)
  t.notOk(await cluster.files.exists(folder))
})

t.test('a savepoint that does not fit is refused before anything is deployed', async (t) => {
  const { begin } = await withSavepoint(t)
  const refusal = async (graph: JobGraph, keys: Record<string, string> = {}) => {
    const job = await begin(graph, keys)
    const { status, failureCause } = job.ended[0]!
    t.equal(status, 'FAILED')
    await job.jobMaster.close()
    return failureCause
  }
  const other = jobGraph([vertex(1, 1), vertex(3, 2)], [edge(1, 3)])
  t.match(await refusal(other), {
    code: 'FLINK_RESTORE_REFUSED',
    message: /operator 'op2' .*does not have.*ignore-unclaimed-state/,
  })
  t.match(
    await refusal(jobGraph([vertex(1, 1), vertex(2, 2, { maxParallelism: 64 })], [edge(1, 2)])),
    {
      message: /max parallelism of operator 'op2' .* is 64 now and 128 there/,
    },
  )
  const many = jobGraph([vertex(1, 1), vertex(2, 200, { maxParallelism: 256 })], [edge(1, 2)])
  t.match(await refusal(many), { message: /has 200 subtasks now.*128 at most/ })
  t.match(await refusal(pipeline(), { 'execution.state-recovery.path': 'memory:///nothing' }), {
    code: 'FLINK_CHECKPOINT_NOT_FOUND',
  })
  const allowed = await begin(other, {
    'execution.state-recovery.ignore-unclaimed-state': 'true',
  })
  t.strictSame(allowed.states, ['RUNNING', 'RUNNING', 'RUNNING'])
  t.strictSame(restoredTexts(allowed, 1, 0), [])
})

t.test('a job without a max parallelism of its own takes over that of the savepoint', async (t) => {
  const { begin } = await withSavepoint(t)
  // What is derived from 86 subtasks is 256.
  const job = await begin(
    jobGraph([vertex(1, 1), vertex(2, 86, { maxParallelism: 256 })], [edge(1, 2)]),
  )
  t.strictSame(job.ended, [])
  for (const taskManager of job.cluster.taskManagers) await taskManager.offer(50)
  await settle()
  const { taskInformation } = job.task(1, 85).descriptor
  t.equal(JSON.parse(Buffer.from(taskInformation).toString()).vertex.maxParallelism, 128)
  t.strictSame(restoredTexts(job, 1, 85), ['1 of 1-1 [127, 127]'])
})

async function stop(job: RunningJob, drain = false) {
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const answer = gateway.stopWithSavepoint({
    jobId: JOB_ID,
    targetDirectory: 'memory:///sp',
    drain,
    formatType: '',
    triggerId: '',
  })
  answer.catch(() => {})
  await settle()
  return { answer, trigger: triggered(job).at(-1) }
}

t.test('stop with savepoint: the job ends when all tasks have ended with it', async (t) => {
  for (const drain of [false, true]) {
    const job = await start(t)
    const { answer, trigger } = await stop(job, drain)
    const snapshotType = drain ? 'SAVEPOINT_TERMINATE' : 'SAVEPOINT_SUSPEND'
    t.match(trigger, { checkpointId: 1, options: { snapshotType } })
    await complete(job, 1)
    t.ok(job.cluster.taskManagers[0]!.notified.includes('complete 1'), 'tasks are told to end')
    await job.cluster.advance(5000, 5)
    t.equal(triggered(job).length, 1, 'no periodic checkpoint comes between')
    t.strictSame(job.ended, [])
    for (const [v, s] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ])
      await job.report(v!, s!, 'FINISHED')
    t.match(job.ended, [{ status: 'FINISHED' }])
    t.match(await answer, { location: /^memory:\/\/\/sp\/savepoint-/ })
  }
})

t.test(
  'stop with savepoint: a job whose tasks do not all end restarts; one whose savepoint fails goes on',
  async (t) => {
    const job = await start(t)
    await complete(job, 1)
    const { answer } = await stop(job)
    await complete(job, 2)
    await job.report(0, 0, 'FINISHED')
    await fail(job)
    await t.rejects(answer, { code: 'FLINK_STOP_FAILED', message: /savepoint-.*is complete, but/ })
    await job.cluster.advance(200)
    t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING'], 'also what had finished')
    t.equal(restoreOf(job, 0, 0)?.checkpointId, 1n, 'savepoints are not restored by themselves')
    await complete(job, 3)
    const second = await stop(job)
    const { executionAttemptId } = job.info.vertices[1]!.subtasks[0]!.current
    await job.cluster.taskManagers[0]!.jobMaster().declineCheckpoint({
      executionAttemptId,
      checkpointId: second.trigger!.checkpointId,
      reason: 'CHECKPOINT_DECLINED',
    })
    await t.rejects(second.answer, { code: 'FLINK_CHECKPOINT_FAILED' })
    await untilTriggered(job, second.trigger!.checkpointId + 1)
    t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING'])
  },
)

t.test('cancel with savepoint: the job is cancelled when it is complete', async (t) => {
  const job = await start(t)
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const answer = gateway.triggerSavepoint({
    jobId: JOB_ID,
    targetDirectory: 'memory:///sp',
    cancelJob: true,
    formatType: '',
    triggerId: '',
  })
  await settle()
  t.equal(job.info.status, 'RUNNING')
  await complete(job, 1)
  t.match(await answer, { location: /savepoint-/ })
  t.match(job.ended, [{ status: 'CANCELED' }])
})

t.test('a savepoint needs a folder, and tasks that run', async (t) => {
  const job = await start(t, { 'execution.checkpointing.interval': '0 ms' })
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const request = { jobId: JOB_ID, cancelJob: false, formatType: '', triggerId: '' }
  await t.rejects(gateway.triggerSavepoint(request), { code: 'FLINK_SAVEPOINT_TARGET' })
  const manual = gateway.triggerManualCheckpoint({
    jobId: JOB_ID,
    checkpointType: 'FULL',
    triggerId: '',
  })
  await settle()
  await complete(job, 1)
  t.match(await manual, { checkpointId: 1, location: `memory:///cp/${JOB_ID}/chk-1` })
  await job.report(1, 0, 'FAILED', { name: 'Error', message: 'broken' })
  await t.rejects(gateway.triggerSavepoint({ ...request, targetDirectory: 'memory:///sp' }), {
    message: /NOT_ALL_REQUIRED_TASKS_RUNNING/,
  })
})

t.test(
  'stop with savepoint, then cancel: who waits hears that the job was cancelled',
  async (t) => {
    const job = await start(t)
    const { answer } = await stop(job)
    await complete(job, 1)
    await job.report(0, 0, 'FINISHED')
    await job.jobMaster.cancelJob()
    for (const subtask of [0, 1]) await job.report(1, subtask, 'CANCELED')
    await t.rejects(answer, {
      code: 'FLINK_STOP_FAILED',
      message: /savepoint-.* is complete, but the job did not stop with it: it was cancelled/,
    })
    await job.cluster.advance(200)
    t.match(job.ended, [{ status: 'CANCELED' }], 'it does not restart')
  },
)

t.test('a savepoint in a format that the state backend does not write is refused', async (t) => {
  const job = await start(t, { 'state.backend.type': 'lsm' })
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const request = { jobId: JOB_ID, targetDirectory: 'memory:///sp', triggerId: '' }
  const error = { code: 'FLINK_SAVEPOINT_FORMAT', message: /CANONICAL/ }
  const native = { ...request, formatType: 'NATIVE' }
  await t.rejects(gateway.triggerSavepoint({ ...native, cancelJob: false }), error)
  await t.rejects(gateway.stopWithSavepoint({ ...native, drain: false }), error)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING'], 'the job goes on')
  await complete(job, 1)

  const onHeap = await start(t)
  const answer = onHeap.cluster.taskManagers[0]!.jobMaster().triggerSavepoint({
    ...native,
    cancelJob: false,
  })
  await settle()
  await complete(onHeap, 1)
  t.match(await answer, { location: /savepoint-/ }, 'on the heap both are the same')
})

t.test('what a job begins with is told as what it is', async (t) => {
  const job = await start(t)
  await complete(job, 1)
  await fail(job)
  t.match(await overviewOf(job), { latest: { restored: { id: 1, is_savepoint: false } } })
  await job.jobMaster.close()
  for (const [number, claimMode] of ['NO_CLAIM', 'CLAIM'].entries()) {
    const keys = {
      'execution.state-recovery.path': `memory:///cp/${JOB_ID}/chk-1`,
      'execution.state-recovery.claim-mode': claimMode,
    }
    const graph = { ...pipeline(), jobId: hex(0xc0 + number) as typeof JOB_ID }
    const next = await RunningJob.startIn(job.cluster, graph, { configuration: keys })
    t.teardown(() => next.jobMaster.close())
    await next.cluster.startTaskManager(`tm${number}`, 3)
    t.match(
      await overviewOf(next),
      { latest: { restored: { id: 1, is_savepoint: false } } },
      claimMode,
    )
  }
})

t.test('JobMaster.mayRestore tells what must not be removed', async (t) => {
  const { begin, path } = await withSavepoint(t)
  const job = await begin(pipeline())
  const ids = [1, 2, 3, 4, 5].map((id) => `memory:///cp/${hex(0xcd)}/chk-${id}`)
  const kept = () => [path, ...ids].filter((folder) => job.jobMaster.mayRestore(folder))
  t.strictSame(kept(), [path])
  t.ok(job.jobMaster.mayRestore(`${path}/`))
  await complete(job, 2)
  t.strictSame(kept(), [ids[1]], 'nothing of the savepoint is needed any more')
  await complete(job, 3)
  await complete(job, 4)
  t.strictSame(kept(), [ids[2], ids[3]], 'as many as are retained')
})
