import {
  FileSystemRegistry,
  FlinkError,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { FileSystemCheckpointStorage } from '@flink-ts/state'
import t from 'tap'
import { disposeSavepoint } from '../../dist/dispatcher/dispose-savepoint.js'
import { TriggeredOperations } from '../../dist/dispatcher/triggered-operations.js'
import { settle } from '../testing/cluster.js'
import { hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { start } from './dispatcher-under-test.js'

t.test('TriggeredOperations keeps what came of an operation for the store duration', async (t) => {
  const clock = new ManualClock()
  const operations = new TriggeredOperations({
    clock,
    log: noopLogger,
    storeDurationMs: 1000,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
  })
  const ids = { jobId: JOB_ID, triggerId: 'a' }
  let complete: (outcome: { location: string }) => void = () => {}
  operations.begin(
    'savepoint',
    ids,
    new Promise((resolve) => {
      complete = resolve
    }),
  )
  clock.advance(10_000)
  t.ok(operations.has(JOB_ID, 'a'), 'what goes on never expires')
  t.strictSame(operations.get(JOB_ID, 'a'), { status: 'IN_PROGRESS' })
  complete({ location: '/s/savepoint-1' })
  operations.begin(
    'b',
    { jobId: '', triggerId: 'a' },
    Promise.reject(new FlinkError('no', { code: 'X' })),
  )
  await settle()
  clock.advance(999)
  const completed = { status: 'COMPLETED', location: '/s/savepoint-1' }
  t.strictSame(operations.get(JOB_ID, 'a'), completed)
  t.match(operations.get('', 'a'), { status: 'COMPLETED', failureCause: { message: 'no' } })
  clock.advance(1)
  t.notOk(operations.has(JOB_ID, 'a'))
  t.throws(() => operations.get(JOB_ID, 'a'), {
    code: 'FLINK_OPERATION_NOT_FOUND',
    message: new RegExp(`triggerId=a for job ${JOB_ID}`),
  })
})

t.test('TriggeredOperations.jobEnded waits until somebody knows what ended the job', async (t) => {
  const clock = new ManualClock()
  const operations = new TriggeredOperations({
    clock,
    log: noopLogger,
    storeDurationMs: 60_000,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
  })
  const told: string[] = []
  const end = (jobId: string) => operations.jobEnded(jobId, () => told.push(jobId))
  const stop = (jobId: string) =>
    operations.begin('stop', { jobId, triggerId: 'x' }, Promise.resolve({ location: '/s' }))
  end('by itself')
  t.same(told, ['by itself'], 'at once')
  for (const jobId of ['asked', 'forgotten']) {
    stop(jobId)
    end(jobId)
  }
  t.match(operations.get('asked', 'x'), { status: 'IN_PROGRESS' })
  await settle()
  clock.advance(1000)
  t.same(told, ['by itself'])
  t.match(operations.get('asked', 'x'), { status: 'COMPLETED' })
  clock.advance(100)
  t.same(told, ['by itself', 'asked'])
  clock.advance(3900)
  t.same(told, ['by itself', 'asked', 'forgotten'], 'not for ever')
  stop('closed')
  end('closed')
  operations.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('Dispatcher: what is asked of checkpoints of a job that does not run', async (t) => {
  const { gateway } = await start(t)
  const savepoint = { jobId: JOB_ID, cancelJob: false, formatType: '', triggerId: 'a' }
  const notFound = { code: 'FLINK_JOB_NOT_FOUND' }
  await t.rejects(gateway.triggerSavepoint(savepoint), notFound)
  await t.rejects(gateway.stopWithSavepoint({ ...savepoint, drain: false }), notFound)
  const checkpoint = { jobId: JOB_ID, checkpointType: '', triggerId: 'a' }
  await t.rejects(gateway.triggerManualCheckpoint(checkpoint), notFound)
  await t.rejects(
    gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' }),
    notFound,
  )
  await t.rejects(gateway.requestTriggeredOperation({ jobId: JOB_ID, triggerId: 'a' }), {
    code: 'FLINK_OPERATION_NOT_FOUND',
  })
})

t.test('Dispatcher: a savepoint that fails is a completed operation with its cause', async (t) => {
  const { gateway, submit } = await start(t)
  await submit(jobGraph([vertex(1, 1)]))
  const ids = { jobId: JOB_ID, triggerId: 'a' }
  const request = { ...ids, cancelJob: false, formatType: '', targetDirectory: 'nofs:/x' }
  await gateway.triggerSavepoint(request)
  await gateway.triggerSavepoint(request)
  await settle()
  // No task runs, so that none can be taken.
  t.match(await gateway.requestTriggeredOperation(ids), {
    status: 'COMPLETED',
    failureCause: { code: /^FLINK_/ },
  })
})

t.test('Dispatcher: the checkpoints of a job are known after its end', async (t) => {
  const { cluster, gateway, submit } = await start(t)
  await submit(jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const statistics = async (kind: string, checkpointId?: number) => {
    const request = { jobId: JOB_ID, kind, ...(checkpointId !== undefined && { checkpointId }) }
    const { json } = await gateway.requestCheckpointStatistics(request)
    return json && (JSON.parse(Buffer.from(json).toString()) as unknown)
  }
  const overview = await statistics('OVERVIEW')
  const config = await statistics('CONFIG')
  t.match(overview, { counts: { total: 0 }, history: [] })
  t.match(config, { mode: 'exactly_once' })
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FINISHED')
  await settle()
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'FINISHED' })
  t.same(await statistics('OVERVIEW'), overview)
  t.same(await statistics('CONFIG'), config)
  t.equal(await statistics('DETAILS', 1), undefined)
})

t.test('disposeSavepoint removes its files, those outside of its folder too', async (t) => {
  const random = new SeededRandom(1)
  const files = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const world = { fileSystems: new FileSystemRegistry([files], files.scheme), random }
  const storage = new FileSystemCheckpointStorage({ ...world, jobId: JOB_ID })
  const location = await storage.initializeSavepoint(`${files.scheme}:/savepoints`)
  const paths = [`${location.directory}/a`, `${files.scheme}:/elsewhere/b`]
  await files.mkdirs(`${files.scheme}:/elsewhere`)
  for (const path of paths) {
    const stream = await files.create(path, 'exclusive')
    await stream.write(Buffer.from('state'))
    await stream.close()
  }
  const handles = paths.map((path) => ({ kind: 'file' as const, path, sizeBytes: 5, checksum: 0 }))
  await storage.complete(location, {
    jobId: JOB_ID,
    checkpointId: 3n,
    timestampMs: 1,
    kind: 'SAVEPOINT',
    operators: [
      {
        operatorId: hex(1),
        operatorName: 'o',
        parallelism: 1,
        maxParallelism: 128,
        subtasks: new Map([
          [
            0,
            {
              keyed: {
                keyGroups: { start: 0, end: 127 },
                snapshot: handles[0]!,
                shared: [{ key: 'b', handle: handles[1]! }],
              },
            },
          ],
        ]),
      },
    ],
  })
  const userOf = (directory: string) => (directory === location.directory ? JOB_ID : undefined)
  await t.rejects(disposeSavepoint(`${location.directory}/_metadata`, { ...world, userOf }), {
    code: 'FLINK_SAVEPOINT_IN_USE',
    message: new RegExp(`job ${JOB_ID} runs`),
  })
  for (const path of paths) t.ok(await files.exists(path), path)
  await disposeSavepoint(`${location.directory}/_metadata`, world)
  for (const path of [...paths, location.directory]) t.notOk(await files.exists(path), path)
  await t.rejects(disposeSavepoint(location.directory, world), {
    code: 'FLINK_CHECKPOINT_NOT_FOUND',
  })
})
