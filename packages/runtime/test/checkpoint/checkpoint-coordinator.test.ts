import t from 'tap'
import { CheckpointError } from '../../dist/checkpoint/checkpoint-errors.js'
import { planCheckpoint } from '../../dist/checkpoint/checkpoint-plan.js'
import { EVERY_SECOND, failure } from './checkpoint-failure.js'
import { checkpointWorld, JOB_FOLDER, settle, tasksOf } from './checkpoint-world.js'

t.test('CheckpointCoordinator: from trigger to completion', async (t) => {
  const w = await checkpointWorld(EVERY_SECOND)
  w.coordinator.startScheduler()
  await w.advance(1000)
  t.same(w.events, ['trigger 1'])
  t.same(w.triggeredTasks.get(1n), ['source-0-0', 'source-1-0'])
  t.match(w.triggered.get(1n), {
    alignment: 'ALIGNED',
    snapshotType: 'CHECKPOINT',
    directory: `${JOB_FOLDER}/chk-1`,
  })
  t.equal(w.store.latest, undefined)
  await w.acknowledgeAll(1n)
  t.same(w.events, ['trigger 1', 'complete 1'])
  const { metadata } = await w.fileStorage.open(`${JOB_FOLDER}/chk-1`)
  t.same(
    metadata.operators.map((o) => [o.operatorName, o.parallelism, o.subtasks.size]),
    [
      ['source', 2, 2],
      ['sink', 1, 1],
    ],
  )
  t.equal(`${metadata.operators[0]!.coordinatorState}`, 'enumerator 1')
  t.equal((await w.coordinator.restoreLatest())!.checkpointId, 1n)
  await w.advance(1000)
  await w.acknowledgeAll(2n)
  t.same(await w.folders(), ['chk-2'], 'the one before is removed')
  t.same(w.events.slice(2), ['trigger 2', 'complete 2'])
})

t.test(
  'CheckpointCoordinator.startScheduler: the first comes within the interval, later ones each interval',
  async (t) => {
    const w = await checkpointWorld({ intervalMs: 1000, maxConcurrentCheckpoints: 10 })
    w.coordinator.startScheduler()
    w.coordinator.startScheduler()
    await w.advance(1000)
    t.equal(w.events.length, 1)
    for (let i = 0; i < 3; i++) await w.advance(1000)
    t.equal(w.events.length, 4)
    w.coordinator.stopScheduler()
    t.equal(w.clock.pendingTimers, 0)
    await w.advance(10_000)
    t.equal(w.triggered.size, 4)
  },
)

t.test('CheckpointCoordinator: one at a time, the next as soon as it may', async (t) => {
  const w = await checkpointWorld(EVERY_SECOND)
  w.coordinator.startScheduler()
  await w.advance(5000)
  t.same(w.events, ['trigger 1'])
  await w.acknowledgeAll(1n)
  t.same(w.events, ['trigger 1', 'complete 1', 'trigger 2'], 'one that was due waited')
})

t.test('CheckpointCoordinator: the pause after a completed one is kept', async (t) => {
  const w = await checkpointWorld({
    intervalMs: 1000,
    minPauseMs: 700,
    maxConcurrentCheckpoints: 5,
  })
  w.coordinator.startScheduler()
  await w.advance(1000)
  t.equal(w.coordinator.numberOfPending, 1)
  await w.advance(900)
  await w.acknowledgeAll(1n)
  await w.advance(650)
  t.same(w.events, ['trigger 1', 'complete 1'])
  await w.advance(100)
  t.same(w.events, ['trigger 1', 'complete 1', 'trigger 2'])
})

t.test(
  'CheckpointCoordinator.triggerSavepoint: passes others, is not kept in the store and commits nothing',
  async (t) => {
    const w = await checkpointWorld(EVERY_SECOND)
    w.coordinator.startScheduler()
    await w.advance(1000)
    const savepoint = w.coordinator.triggerSavepoint('/savepoints')
    await settle()
    t.same(w.events, ['trigger 1', 'trigger 2'])
    await w.acknowledgeAll(2n)
    const { externalPath, metadata } = await savepoint
    t.match(externalPath, /^\/savepoints\/savepoint-012345-/)
    t.equal(metadata.kind, 'SAVEPOINT')
    t.same(w.events, ['trigger 1', 'trigger 2'])
    t.equal(w.store.latest, undefined)
    await w.acknowledgeAll(1n)
    t.same(w.events.slice(2), ['complete 1'], 'it subsumes nothing')
    const last = w.coordinator.triggerSavepoint('/savepoints', 'SAVEPOINT_TERMINATE')
    await settle()
    await w.acknowledgeAll(3n)
    await last
    t.same(w.events.slice(4), ['complete 3'], 'tasks wait for it to end')
    await w.coordinator.shutdown('FINISHED')
    t.ok(await w.fileSystem.exists(externalPath))
  },
)

t.test(
  'CheckpointCoordinator: a completed checkpoint forgives failures, and some reasons never count',
  async (t) => {
    const w = await checkpointWorld({ maxConcurrentCheckpoints: 9 })
    const fail = async (
      id: bigint,
      reason: 'CHECKPOINT_DECLINED_TASK_CLOSING' | 'CHECKPOINT_DECLINED',
    ) => {
      const taken = t.rejects(w.coordinator.triggerCheckpoint(), CheckpointError)
      await settle()
      w.coordinator.declineCheckpoint({ executionAttemptId: 'sink-0-0', checkpointId: id, reason })
      await taken
    }
    await fail(1n, 'CHECKPOINT_DECLINED_TASK_CLOSING')
    t.same(w.jobFailures, [])
    await fail(2n, 'CHECKPOINT_DECLINED')
    t.equal(w.jobFailures.length, 1)
  },
)

t.test('CheckpointCoordinator: a later one that completes subsumes those before', async (t) => {
  const w = await checkpointWorld({ maxConcurrentCheckpoints: 3 })
  const first = w.coordinator.triggerCheckpoint()
  const second = w.coordinator.triggerCheckpoint()
  await settle()
  const rejected = t.rejects(first, failure('CHECKPOINT_SUBSUMED'))
  await w.acknowledgeAll(2n)
  await Promise.all([rejected, second])
  t.same(w.events, ['trigger 1', 'trigger 2', 'aborted 1', 'complete 2'])
  t.same(await w.folders(), ['chk-2'])
})

t.test('CheckpointCoordinator: nothing begins while tasks do not run', async (t) => {
  const w = await checkpointWorld()
  w.world.tasks = tasksOf(0).map((task) => ({ ...task, state: 'DEPLOYING' as const }))
  await t.rejects(w.coordinator.triggerCheckpoint(), failure('NOT_ALL_REQUIRED_TASKS_RUNNING'))
  await w.coordinator.shutdown('FAILED')
  await t.rejects(w.coordinator.triggerSavepoint('/s'), failure('CHECKPOINT_COORDINATOR_SHUTDOWN'))
})

t.test('CheckpointCoordinator.shutdown: what stays follows from how the job ended', async (t) => {
  for (const [status, retention, kept] of [
    ['FINISHED', 'RETAIN_ON_CANCELLATION', false],
    ['CANCELED', 'RETAIN_ON_CANCELLATION', true],
    ['CANCELED', 'DELETE_ON_CANCELLATION', false],
    ['FAILED', 'DELETE_ON_CANCELLATION', true],
    ['FAILED', 'NO_EXTERNALIZED_CHECKPOINTS', false],
    ['SUSPENDED', 'NO_EXTERNALIZED_CHECKPOINTS', true],
  ] as const) {
    const w = await checkpointWorld({ retention, ...EVERY_SECOND })
    w.coordinator.startScheduler()
    await w.advance(1000)
    await w.acknowledgeAll(1n)
    await w.coordinator.shutdown(status)
    t.same(await w.folders(), kept ? ['chk-1'] : [], `${status} with ${retention}`)
    t.equal(w.clock.pendingTimers, 0)
    const later = await checkpointWorld({}, { entries: w.entries, files: w.fileSystem })
    t.equal(later.store.latest?.checkpointId, status === 'SUSPENDED' ? 1n : undefined)
  }
})

t.test(
  'CompletedCheckpointStore.recover: a damaged checkpoint gives way to an older one',
  async (t) => {
    const w = await checkpointWorld({}, { numRetained: 3 })
    for (const id of [1n, 2n, 3n]) {
      const taken = w.coordinator.triggerCheckpoint()
      await settle()
      await w.acknowledgeAll(id)
      await taken
    }
    await w.coordinator.shutdown('SUSPENDED')
    const stream = await w.fileSystem.create(`${JOB_FOLDER}/chk-3/_metadata`, 'overwrite')
    await stream.close()
    await w.fileSystem.delete(`${JOB_FOLDER}/chk-1`, { recursive: true })
    const later = await checkpointWorld(
      {},
      { entries: w.entries, files: w.fileSystem, numRetained: 3 },
    )
    t.same(later.damaged, [`${JOB_FOLDER}/chk-1`, `${JOB_FOLDER}/chk-3`])
    t.equal((await later.coordinator.restoreLatest())!.checkpointId, 2n)
    const next = later.coordinator.triggerCheckpoint()
    await settle()
    t.same([...later.triggered.keys()], [4n], 'ids go on')
    await later.acknowledgeAll(4n)
    await next
    const names = await later.stores
      .jobNamespace('0123456789abcdef0123456789abcdef', 'checkpoints')
      .names()
    t.same(names.map(Number), [2, 4], 'pointers to what is damaged are removed')
  },
)

t.test('CheckpointStatisticsTracker: the fields of REST', async (t) => {
  const w = await checkpointWorld({ tolerableFailedCheckpoints: 9, maxConcurrentCheckpoints: 2 })
  t.match(w.statistics.toStatistics(), {
    counts: { total: 0 },
    summary: { state_size: { min: 0, p50: 'NaN' } },
    latest: { completed: null, savepoint: null, failed: null, restored: null },
    history: [],
  })
  const taken = w.coordinator.triggerCheckpoint()
  await settle()
  w.coordinator.acknowledgeCheckpoint(await w.written('source-0-0', 1n))
  await w.advance(40)
  t.match(w.statistics.toStatistics().history[0], {
    className: 'in_progress',
    num_acknowledged_subtasks: 1,
    num_subtasks: 3,
    end_to_end_duration: 40,
  })
  await w.acknowledgeAll(1n)
  await taken
  const { counts, summary, latest, history } = w.statistics.toStatistics()
  t.same(counts, { restored: 0, total: 1, in_progress: 0, completed: 1, failed: 0 })
  t.match(latest.completed, {
    className: 'completed',
    id: 1,
    status: 'COMPLETED',
    is_savepoint: false,
    savepointFormat: null,
    checkpoint_type: 'CHECKPOINT',
    trigger_timestamp: 1_000_000,
    latest_ack_timestamp: 1_000_040,
    end_to_end_duration: 40,
    external_path: `${JOB_FOLDER}/chk-1`,
    discarded: false,
    processed_data: 90,
    tasks: {
      source: { num_subtasks: 2, status: 'COMPLETED' },
      sink: { num_acknowledged_subtasks: 1 },
    },
  })
  const size = latest.completed!.state_size
  t.ok(size > 0)
  t.match(summary.state_size, { min: size, max: size, avg: size, p99: size })
  t.equal(history.length, 1)
  t.match(w.statistics.record(1n)!.subtasksOf('source'), [
    { index: 0, start_delay: 1, checkpoint: { sync: 4, async: 5 }, alignment: { duration: 2 } },
    { index: 1 },
  ])
  for (let id = 2n; id <= 13n; id++) {
    const next = w.coordinator.triggerCheckpoint()
    await settle()
    await w.acknowledgeAll(id)
    await next
  }
  const after = w.statistics.toStatistics()
  t.same(
    after.history.map(({ id }) => id),
    [13, 12, 11, 10, 9, 8, 7, 6, 5, 4],
  )
  t.equal(after.history[1]!.discarded, true, 'subsumed')
})

t.test(
  'planCheckpoint: barriers begin at sources, or where everything upstream has finished',
  async (t) => {
    const tasks = tasksOf(0)
    const finish = (count: number) =>
      tasks.map((task, i) => ({ ...task, state: i < count ? ('FINISHED' as const) : task.state }))
    const triggered = (count: number) => {
      const plan = planCheckpoint(finish(count), { afterTasksFinish: true })
      return typeof plan === 'string'
        ? plan
        : plan.tasksToTrigger.map((task) => task.executionAttemptId)
    }
    t.same(triggered(0), ['source-0-0', 'source-1-0'])
    t.same(triggered(1), ['source-1-0'])
    t.same(triggered(2), ['sink-0-0'])
    t.equal(triggered(3), 'NOT_ALL_REQUIRED_TASKS_RUNNING')
    t.equal(
      planCheckpoint(finish(1), { afterTasksFinish: false }),
      'NOT_ALL_REQUIRED_TASKS_RUNNING',
    )
    const blocking = tasks.map((task) => ({ ...task, hasBlockingOutput: true }))
    t.equal(planCheckpoint(blocking, { afterTasksFinish: true }), 'BLOCKING_OUTPUT_EXIST')
  },
)

t.test(
  'CheckpointCoordinator: finished tasks are part of the checkpoint, without state',
  async (t) => {
    const w = await checkpointWorld()
    w.world.tasks = tasksOf(0).map((task, i) => ({
      ...task,
      state: i < 2 ? 'FINISHED' : task.state,
    }))
    const taken = w.coordinator.triggerCheckpoint()
    await settle()
    await w.acknowledgeAll(1n)
    const { metadata } = await taken
    const source = metadata.operators.find((o) => o.operatorName === 'source')!
    t.same([...source.subtasks.values()], [{ finished: true }, { finished: true }])
  },
)
