import { type FileSystem, type Logger, noopLogger } from '@flink-ts/core'
import type { CheckpointMetadata, OperatorSubtaskState } from '@flink-ts/state'
import { decodeMetadata, snapshotSourceOfBytes } from '@flink-ts/state'
import t from 'tap'
import { acknowledgeToMessage } from '../../dist/checkpoint/checkpoint-reports.js'
import { cleanUpCheckpoints } from '../../dist/checkpoint/clean-up-checkpoints.js'
import { decodeTaskRestore } from '../../dist/checkpoint/task-restore.js'
import type { JobGraph } from '../../dist/jobgraph/job-graph.js'
import type { JobResult } from '../../dist/messages/messages.generated.js'
import { settle } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'

const KEYS = {
  'execution.checkpointing.interval': '1 s',
  'execution.checkpointing.dir': 'memory:///cp',
  'execution.checkpointing.num-retained': '2',
  'execution.checkpointing.tolerable-failed-checkpoints': '100',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '100',
  'restart-strategy.fixed-delay.delay': '10 ms',
}
const FOLDER = `/cp/${JOB_ID}`
const METRICS = {
  startDelayMs: 1,
  alignmentDurationMs: 2,
  bytesProcessedDuringAlignment: 3,
  bytesPersistedDuringAlignment: 0,
  syncDurationMs: 4,
  asyncDurationMs: 5,
  unaligned: false,
}

const pipeline = (sources = 1, counters = 2) =>
  jobGraph([vertex(1, sources), vertex(2, counters)], [edge(1, 2)])

async function start(
  t: { teardown(fn: () => unknown): void },
  keys: Record<string, string> = {},
  graph: JobGraph = pipeline(),
  log: Logger = noopLogger,
): Promise<RunningJob> {
  const job = await RunningJob.start(t, graph, { ...KEYS, ...keys }, undefined, log)
  await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 3)
  return job
}

/** Keyed state of a subtask of `parallelism`; the text says whose it is. */
function keyed(subtask: number, parallelism: number, text: string): OperatorSubtaskState {
  const width = 128 / parallelism
  const bytes = Buffer.from(text)
  return {
    keyed: {
      keyGroups: { start: subtask * width, end: (subtask + 1) * width - 1 },
      snapshot: { kind: 'inline', bytes, sizeBytes: bytes.length, checksum: 0 },
    },
  }
}

async function overviewOf(job: RunningJob): Promise<unknown> {
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const { json } = await gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' })
  return JSON.parse(Buffer.from(json!).toString())
}

async function acknowledge(
  job: RunningJob,
  [vertexIndex, subtask]: [number, number],
  checkpointId: number,
): Promise<void> {
  const { executionAttemptId } = job.info.vertices[vertexIndex]!.subtasks[subtask]!.current
  const parallelism = job.info.vertices[vertexIndex]!.subtasks.length
  const operatorId = hex(0x101 + vertexIndex)
  const text = `${checkpointId} of ${vertexIndex}-${subtask}`
  await job
    .task(vertexIndex, subtask)
    .taskManager.jobMaster()
    .acknowledgeCheckpoint(
      acknowledgeToMessage({
        executionAttemptId,
        checkpointId: BigInt(checkpointId),
        state: new Map([[operatorId, keyed(subtask, parallelism, text)]]),
        metrics: METRICS,
      }),
    )
  await settle()
}

const triggered = ({ cluster }: RunningJob) => cluster.taskManagers.flatMap((tm) => tm.triggered)

/** Time passes until checkpoint `checkpointId` was triggered. */
async function untilTriggered(job: RunningJob, checkpointId: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (triggered(job).some((trigger) => trigger.checkpointId === checkpointId)) return
    await job.cluster.advance(10)
  }
  throw new Error(`checkpoint ${checkpointId} was not triggered`)
}

async function complete(job: RunningJob, checkpointId: number): Promise<void> {
  await untilTriggered(job, checkpointId)
  for (const [v, { subtasks }] of job.info.vertices.entries()) {
    for (let subtask = 0; subtask < subtasks.length; subtask++) {
      await acknowledge(job, [v, subtask], checkpointId)
    }
  }
  await settle()
}

async function fail(job: RunningJob, code = 'FLINK_TEST', [v, s] = [1, 0]): Promise<void> {
  await job.report(v!, s!, 'FAILED', { name: 'TaskError', message: 'it broke', code })
  await job.cluster.advance(200)
}

/** What the current attempt of a subtask was deployed with. */
function restoreOf(job: RunningJob, vertexIndex: number, subtask: number) {
  const { taskRestore } = job.task(vertexIndex, subtask).descriptor
  return taskRestore === undefined ? undefined : decodeTaskRestore(taskRestore)
}

/** Of the keyed state that a subtask begins with. */
function restoredTexts(job: RunningJob, vertexIndex: number, subtask: number): string[] {
  const operator = restoreOf(job, vertexIndex, subtask)?.operators.get(hex(0x101 + vertexIndex))
  return (operator?.keyed ?? []).map(({ handle, keyGroups }) => {
    const { snapshot } = handle
    const text = snapshot.kind === 'inline' ? Buffer.from(snapshot.bytes).toString() : '(file)'
    return `${text} [${keyGroups.start}, ${keyGroups.end}]`
  })
}

async function folders(files: FileSystem, path: string): Promise<string[]> {
  if (!(await files.exists(path))) return []
  return (await files.list(path)).map((entry) => entry.path.slice(path.length + 1)).sort()
}

async function readMetadata(files: FileSystem, directory: string): Promise<CheckpointMetadata> {
  const path = `${directory}/_metadata`
  const { lengthBytes } = await files.getFileStatus(path)
  const bytes = new Uint8Array(Number(lengthBytes))
  const file = await files.open(path)
  for (let at = 0; at < bytes.length; ) at += await file.read(bytes.subarray(at), at)
  await file.close()
  return decodeMetadata(snapshotSourceOfBytes(bytes, path), directory)
}

t.test(
  'JobCheckpointing: sources are triggered when all tasks run, tasks hear of the end',
  async (t) => {
    const job = await start(t)
    await untilTriggered(job, 1)
    const source = job.info.vertices[0]!.subtasks[0]!.current.executionAttemptId
    t.match(triggered(job), [
      {
        executionAttemptIds: [source],
        checkpointId: 1,
        options: { snapshotType: 'CHECKPOINT', alignment: 'ALIGNED' },
      },
    ])
    t.strictSame(
      JSON.parse(Buffer.from(job.task(0, 0).descriptor.jobInformation).toString()).checkpointing,
      {
        isPeriodic: true,
        inlineThresholdBytes: 20480,
        unaligned: false,
        afterTasksFinish: true,
        jobDirectory: `memory:///cp/${JOB_ID}`,
      },
    )
    await complete(job, 1)
    for (const { notified } of job.cluster.taskManagers) t.strictSame(notified, ['complete 1'])
    const metadata = await readMetadata(job.cluster.files, `${FOLDER}/chk-1`)
    t.match(metadata, { checkpointId: 1n, operators: [{ parallelism: 1 }, { parallelism: 2 }] })
    const heard: unknown[] = []
    for (const taskManager of job.cluster.taskManagers) {
      taskManager.heartbeatFromJobMaster = async (request) => {
        heard.push(request.latestCompletedCheckpointId)
        return { deployment: { executionAttemptIds: [...taskManager.running] }, metrics: [] }
      }
    }
    await job.cluster.advance(10_000, 10)
    t.ok(heard.length > 0 && heard.every((id) => id === 1), 'lost notifications are repaired')
  },
)

t.test('JobCheckpointing: tasks restart from the newest completed checkpoint', async (t) => {
  const job = await start(t)
  t.equal(restoreOf(job, 1, 0), undefined, 'the first attempts begin with nothing')
  await complete(job, 1)
  await complete(job, 2)
  await untilTriggered(job, 3)
  await acknowledge(job, [1, 1], 3)
  await fail(job)
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING'])
  t.strictSame(restoredTexts(job, 1, 0), ['2 of 1-0 [0, 63]'])
  t.strictSame(restoredTexts(job, 1, 1), ['2 of 1-1 [64, 127]'])
  t.equal(restoreOf(job, 0, 0)?.checkpointId, 2n)
  t.ok(job.cluster.taskManagers[0]!.notified.includes('aborted 3'))
  await acknowledge(job, [1, 0], 3)
  await complete(job, 4)
  await fail(job)
  t.strictSame(restoredTexts(job, 1, 0), ['4 of 1-0 [0, 63]'], 'ids go on')
})

t.test('JobCheckpointing: a checkpoint that is being stored is waited for', async (t) => {
  const job = await start(t)
  await complete(job, 1)
  const stores = job.cluster.ha.stores({ epoch: 3, uuid: 'jm-token' })
  const pointers = stores.jobNamespace(JOB_ID, 'checkpoints')
  t.equal((await pointers.names()).length, 1)
  await untilTriggered(job, 2)
  const acks = [acknowledge(job, [0, 0], 2), acknowledge(job, [1, 0], 2)]
  await Promise.all(acks)
  // In the turn of the last acknowledgement nothing has been written.
  const last = acknowledge(job, [1, 1], 2)
  await last
  await fail(job)
  t.strictSame(restoredTexts(job, 1, 0), ['2 of 1-0 [0, 63]'])
})

t.test(
  'JobCheckpointing: a damaged checkpoint gives way to an older one, the last one to failure',
  async (t) => {
    const warnings: unknown[] = []
    const log: Logger = {
      ...noopLogger,
      warn: (message) => warnings.push(message),
      child: () => log,
    }
    const job = await start(t, {}, pipeline(), log)
    await complete(job, 1)
    await complete(job, 2)
    await fail(job)
    t.equal(restoreOf(job, 1, 0)?.checkpointId, 2n)
    await fail(job, 'FLINK_SNAPSHOT_CORRUPT')
    t.equal(restoreOf(job, 1, 0)?.checkpointId, 1n)
    t.ok(warnings.includes('A checkpoint is damaged; an older one is used, if there is one'))
    const gateway = job.cluster.taskManagers[0]!.jobMaster()
    const { json } = await gateway.requestCheckpointStatistics({
      jobId: JOB_ID,
      kind: 'DETAILS',
      checkpointId: 2,
    })
    t.match(JSON.parse(Buffer.from(json!).toString()), {
      status: 'COMPLETED',
      failure_message: /cannot be restored: it broke/,
    })
    await fail(job, 'FLINK_SNAPSHOT_CORRUPT')
    t.match(job.ended, [{ status: 'FAILED' }])
    t.match(JSON.stringify(job.ended[0]!.failureCause), /FLINK_CHECKPOINTS_DAMAGED/)
  },
)

t.test('JobCheckpointing: a damage that no restore has found changes nothing', async (t) => {
  const job = await start(t)
  await fail(job, 'FLINK_SNAPSHOT_CORRUPT')
  t.strictSame(job.states, ['RUNNING', 'RUNNING', 'RUNNING'])
})

t.test('JobCheckpointing: what is not retained goes with the end of the job', async (t) => {
  for (const [retention, status, kept] of [
    ['NO_EXTERNALIZED_CHECKPOINTS', 'CANCELED', false],
    ['DELETE_ON_CANCELLATION', 'CANCELED', false],
    ['RETAIN_ON_CANCELLATION', 'CANCELED', true],
    ['RETAIN_ON_CANCELLATION', 'FINISHED', false],
    ['NO_EXTERNALIZED_CHECKPOINTS', 'SUSPENDED', true],
  ] as const) {
    const what = `${retention} ${status}`
    const key = 'execution.checkpointing.externalized-checkpoint-retention'
    const job = await start(t, { [key]: retention })
    await complete(job, 1)
    await untilTriggered(job, 2)
    if (status === 'CANCELED') await job.jobMaster.cancelJob()
    if (status === 'FINISHED') {
      for (const [v, s] of [
        [0, 0],
        [1, 0],
        [1, 1],
      ])
        await job.report(v!, s!, 'FINISHED')
    }
    await settle()
    if (status !== 'SUSPENDED') t.match(job.ended, [{ status }], what)
    t.ok(await job.cluster.files.exists(FOLDER), 'not before later leaders know of the end')
    await job.jobMaster.close()
    const left = await folders(job.cluster.files, FOLDER)
    t.strictSame(
      left.filter((name) => name.startsWith('chk')),
      kept ? ['chk-1'] : [],
      what,
    )
    t.equal(await job.cluster.files.exists(FOLDER), kept, what)
    const stores = job.cluster.ha.stores({ epoch: 3, uuid: 'jm-token' })
    const pointers = await stores.jobNamespace(JOB_ID, 'checkpoints').names()
    t.equal(pointers.length, status === 'SUSPENDED' ? 1 : 0, what)
  }
})

t.test('JobCheckpointing: a later leader goes on from the newest checkpoint', async (t) => {
  const job = await start(t)
  await complete(job, 1)
  await complete(job, 2)
  await job.jobMaster.close()
  const { cluster } = job
  const next = await RunningJob.startIn(cluster, pipeline(), { configuration: KEYS, epoch: 4 })
  t.teardown(() => next.jobMaster.close())
  for (const taskManager of cluster.taskManagers) {
    taskManager.triggered.length = 0
    await taskManager.register()
    await taskManager.offer(2)
  }
  await settle()
  t.strictSame(restoredTexts(next, 1, 1), ['2 of 1-1 [64, 127]'])
  await complete(next, 3)
  t.strictSame(await folders(cluster.files, FOLDER), ['chk-2', 'chk-3', 'shared', 'taskowned'])
})

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

t.test('a trigger that a task refuses, or that fails, gives the checkpoint up', async (t) => {
  const job = await start(t)
  const { taskManager } = job.task(0, 0)
  taskManager.triggerCheckpoint = async (request) => {
    taskManager.triggered.push(request)
    return { refusedExecutionAttemptIds: request.executionAttemptIds }
  }
  await untilTriggered(job, 1)
  await untilTriggered(job, 2)
  taskManager.triggerCheckpoint = async (request) => {
    taskManager.triggered.push(request)
    throw new Error('no')
  }
  await untilTriggered(job, 4)
  const gateway = taskManager.jobMaster()
  const { json } = await gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' })
  const { history, counts } = JSON.parse(Buffer.from(json!).toString())
  t.match(counts, { failed: 4, completed: 0 })
  t.match(history[3].failure_message, /TASK_NOT_READY/)
  t.match(history[0].failure_message, /TRIGGER_CHECKPOINT_FAILURE/)
})

t.test('more failed checkpoints than are tolerated restart the job', async (t) => {
  const job = await start(t, { 'execution.checkpointing.tolerable-failed-checkpoints': '0' })
  await untilTriggered(job, 1)
  const { executionAttemptId } = job.info.vertices[1]!.subtasks[0]!.current
  await job.cluster.taskManagers[0]!.jobMaster().declineCheckpoint({
    executionAttemptId,
    checkpointId: 1,
    reason: 'CHECKPOINT_DECLINED',
  })
  await settle()
  await job.cluster.advance(200)
  t.strictSame(job.attempts, [1, 1, 1])
})

t.test('finished tasks are part of later checkpoints, and begin as finished', async (t) => {
  const job = await start(t, {}, pipeline(2, 2))
  await complete(job, 1)
  await untilTriggered(job, 2)
  await acknowledge(job, [0, 1], 2)
  await job.report(0, 0, 'FINISHED')
  t.ok(job.cluster.taskManagers[0]!.notified.includes('aborted 2'), 'it will not acknowledge it')
  await untilTriggered(job, 3)
  for (const place of [
    [0, 1],
    [1, 0],
    [1, 1],
  ] as [number, number][])
    await acknowledge(job, place, 3)
  await fail(job)
  const finished = (s: number) => restoreOf(job, 0, s)?.operators.get(hex(0x101))?.finished
  t.strictSame([restoreOf(job, 0, 0)?.checkpointId, finished(0), finished(1)], [3n, true, false])
})

t.test('checkpoints in the memory of the JobManager are restored while it lives', async (t) => {
  const job = await start(t, { 'execution.checkpointing.storage': 'jobmanager' })
  const { checkpointing } = JSON.parse(
    Buffer.from(job.task(0, 0).descriptor.jobInformation).toString(),
  )
  t.match(checkpointing, { inlineThresholdBytes: 5 * 1024 * 1024, jobDirectory: undefined })
  await complete(job, 1)
  await fail(job)
  t.strictSame(restoredTexts(job, 1, 0), ['1 of 1-0 [0, 63]'])
  t.notOk(await job.cluster.files.exists('/cp'))
})

t.test('a batch job has no checkpoints', async (t) => {
  const job = await start(t, {}, { ...pipeline(), jobType: 'BATCH' })
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  await t.rejects(gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' }), {
    code: 'FLINK_CHECKPOINTS_UNSUPPORTED',
  })
})

t.test('REST: configuration and subtasks of a checkpoint', async (t) => {
  const job = await start(t)
  await untilTriggered(job, 1)
  await acknowledge(job, [1, 0], 1)
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const ask = async (request: object) => {
    const answer = await gateway.requestCheckpointStatistics({
      jobId: JOB_ID,
      kind: '',
      ...request,
    })
    return answer.json && JSON.parse(Buffer.from(answer.json).toString())
  }
  t.match(await ask({ kind: 'CONFIG' }), {
    mode: 'exactly_once',
    interval: 1000,
    timeout: 600_000,
    checkpoint_storage: 'FileSystemCheckpointStorage',
    externalization: { enabled: false, delete_on_cancellation: true },
  })
  t.match(await ask({ kind: 'SUBTASKS', checkpointId: 1, vertexId: hex(2) }), {
    id: 1,
    status: 'IN_PROGRESS',
    num_acknowledged_subtasks: 1,
    summary: { state_size: { min: 8, max: 8 }, checkpoint_duration: { sync: { max: 4 } } },
    subtasks: [
      { className: 'completed', index: 0, checkpoint: { sync: 4, async: 5 } },
      { className: 'pending', index: 1, status: 'pending_or_failed' },
    ],
  })
  t.equal(await ask({ kind: 'SUBTASKS', checkpointId: 1, vertexId: hex(9) }), undefined)
  t.equal(await ask({ kind: 'DETAILS', checkpointId: 7 }), undefined)
})

t.test('a region restarts from the newest checkpoint, the others go on', async (t) => {
  const graph = jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2, 'FORWARD')])
  const job = await start(t, {}, graph)
  await complete(job, 1)
  await fail(job, 'FLINK_TEST', [1, 0])
  t.strictSame(job.attempts, [1, 0, 1, 0])
  t.strictSame(restoredTexts(job, 1, 0), ['1 of 1-0 [0, 63]'])
  t.equal(restoreOf(job, 1, 1), undefined)
  await complete(job, 2)
  await fail(job, 'FLINK_TEST', [1, 1])
  t.equal(restoreOf(job, 1, 1)?.checkpointId, 2n)
  t.equal(restoreOf(job, 1, 0)?.checkpointId, 1n)
})

t.test(
  'cleanUpCheckpoints removes what a leader left that died after the end of a job',
  async (t) => {
    const key = 'execution.checkpointing.externalized-checkpoint-retention'
    for (const [retention, isKept] of [
      ['NO_EXTERNALIZED_CHECKPOINTS', false],
      ['RETAIN_ON_CANCELLATION', true],
    ] as const) {
      const job = await start(t, { [key]: retention })
      await complete(job, 1)
      await job.jobMaster.close()
      const { cluster } = job
      const stores = cluster.ha.stores({ epoch: 3, uuid: 'jm-token' })
      const result: JobResult = {
        jobId: JOB_ID,
        name: 'test job',
        status: 'CANCELED',
        startTimeMs: 0,
        endTimeMs: 0,
        accumulators: [],
      }
      const options = { ...cluster, result, jobGraph: pipeline(), stores, log: noopLogger }
      await cleanUpCheckpoints(options)
      await cleanUpCheckpoints(options)
      t.equal(await cluster.files.exists(`${FOLDER}/chk-1/_metadata`), isKept)
      t.equal(await cluster.files.exists(FOLDER), isKept)
      t.strictSame(await stores.jobNamespace(JOB_ID, 'checkpoints').names(), [])
    }
  },
)

t.test(
  'what was in flight goes to its consumer, with what its producers had written',
  async (t) => {
    const job = await start(t)
    await untilTriggered(job, 1)
    const inFlight = (text: string) => {
      const bytes = Buffer.from(text)
      return { kind: 'inline' as const, bytes, sizeBytes: bytes.length, checksum: 0 }
    }
    for (const [v, s] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as const) {
      const { executionAttemptId } = job.info.vertices[v]!.subtasks[s]!.current
      await job
        .task(v, s)
        .taskManager.jobMaster()
        .acknowledgeCheckpoint(
          acknowledgeToMessage({
            executionAttemptId,
            checkpointId: 1n,
            state: new Map([[hex(0x101 + v), { inFlight: inFlight(`${v}-${s}`) }]]),
            metrics: METRICS,
          }),
        )
    }
    await settle()
    await fail(job)
    const texts = (v: number, s: number) =>
      restoreOf(job, v, s)!
        .operators.get(hex(0x101 + v))!
        .inFlight.map((handle) => handle.kind === 'inline' && Buffer.from(handle.bytes).toString())
    t.strictSame(texts(1, 0), ['1-0', '0-0'])
    t.strictSame(texts(1, 1), ['1-1', '0-0'])
    t.strictSame(texts(0, 0), ['0-0'])
  },
)
