import { type Logger, noopLogger } from '@flink-ts/core'
import t from 'tap'
import { acknowledgeToMessage } from '../../dist/checkpoint/checkpoint-reports.js'
import { cleanUpCheckpoints } from '../../dist/checkpoint/clean-up-checkpoints.js'
import type { JobResult } from '../../dist/messages/messages.generated.js'
import { settle } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'
import {
  acknowledge,
  complete,
  FOLDER,
  fail,
  folders,
  KEYS,
  METRICS,
  pipeline,
  readMetadata,
  restoredTexts,
  restoreOf,
  start,
  triggered,
  untilTriggered,
} from './checkpointed-job.js'

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

t.test('JobCheckpointing: garbage where a pointer was costs that checkpoint', async (t) => {
  const job = await start(t)
  await complete(job, 1)
  await complete(job, 2)
  await job.jobMaster.close()
  const { cluster } = job
  const pointers = cluster.ha
    .stores({ epoch: 4, uuid: 'jm-token' })
    .jobNamespace(JOB_ID, 'checkpoints')
  const spoil = async (name: string) => {
    await pointers.replace(name, Buffer.from('garbage'), (await pointers.versionOf(name))!)
  }
  const [older, newer] = await pointers.names()
  await spoil(newer!)
  const next = await RunningJob.startIn(cluster, pipeline(), { configuration: KEYS, epoch: 4 })
  for (const taskManager of cluster.taskManagers) {
    taskManager.triggered.length = 0
    await taskManager.register()
    await taskManager.offer(2)
  }
  await settle()
  t.strictSame(restoredTexts(next, 1, 1), ['1 of 1-1 [64, 127]'], 'the one before is used')
  await complete(next, 3)
  t.strictSame((await pointers.names()).length, 2, 'the garbage goes when a newer one is there')
  await next.jobMaster.close()

  for (const name of await pointers.names()) await spoil(name)
  t.ok((await pointers.names()).includes(older!))
  const last = await RunningJob.startIn(cluster, pipeline(), { configuration: KEYS, epoch: 5 })
  await settle()
  t.match(last.ended, [
    {
      status: 'FAILED',
      exceptionHistory: [
        { error: { code: 'FLINK_CHECKPOINTS_DAMAGED', message: /checkpoints\/0{18}[13]/ } },
      ],
    },
  ])
  await last.jobMaster.close()
})

t.test(
  'JobCheckpointing: garbage where the counter of ids was costs ids, and no checkpoint',
  async (t) => {
    const warnings: { message: string; fields: unknown }[] = []
    const log: Logger = {
      ...noopLogger,
      warn: (message, fields) => warnings.push({ message, fields }),
      child: () => log,
    }
    const told = () => warnings.filter(({ message }) => message.includes('counter of checkpoint'))
    const job = await start(t, {}, pipeline(), log)
    await complete(job, 1)
    const { cluster } = job
    const ids = cluster.ha
      .stores({ epoch: 3, uuid: 'jm-token' })
      .jobNamespace(JOB_ID, 'checkpoint-ids')
    const [name] = await ids.names()
    const spoil = async (value: string) => {
      await ids.replace(name!, Buffer.from(value), (await ids.versionOf(name!))!)
    }
    await spoil('garbage')
    await complete(job, 2)
    t.match(told(), [{ fields: { path: ids.pathOf(name!), next: '2' } }], 'this leader knows them')
    await job.jobMaster.close()

    const later = cluster.ha
      .stores({ epoch: 4, uuid: 'jm-token' })
      .jobNamespace(JOB_ID, 'checkpoint-ids')
    // More than a number that REST can show.
    const version = (await later.versionOf(name!))!
    await later.replace(name!, Buffer.from(`${Number.MAX_SAFE_INTEGER + 1}`), version)
    const next = await RunningJob.startIn(cluster, pipeline(), {
      configuration: KEYS,
      epoch: 4,
      log,
    })
    t.teardown(() => next.jobMaster.close())
    for (const taskManager of cluster.taskManagers) {
      taskManager.triggered.length = 0
      await taskManager.register()
      await taskManager.offer(2)
    }
    await settle()
    t.strictSame(restoredTexts(next, 1, 1), ['2 of 1-1 [64, 127]'])
    await complete(next, 1_000_000_003)
    await complete(next, 1_000_000_004)
    t.equal(told().length, 2, 'the next one leaves out all that may have been given')
  },
)

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
