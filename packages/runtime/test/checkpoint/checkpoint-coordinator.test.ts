import t from 'tap'
import { CheckpointError } from '../../dist/checkpoint/checkpoint-errors.js'
import type { CheckpointIdCounter } from '../../dist/checkpoint/checkpoint-id-counter.js'
import { planCheckpoint } from '../../dist/checkpoint/checkpoint-plan.js'
import { PENDING_CHECKPOINT_TRANSITIONS } from '../../dist/checkpoint/pending-checkpoint.js'
import { checkpointWorld, JOB_FOLDER, settle, tasksOf } from './checkpoint-world.js'

const EVERY_SECOND = { intervalMs: 1000 }
const failure = (reason: string) => ({
  code: 'FLINK_CHECKPOINT_FAILED',
  message: new RegExp(`\\b${reason}\\b`),
})

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
  'CheckpointCoordinator: nobody waits for an id longer than a checkpoint may take',
  async (t) => {
    const answers: ((id: bigint) => void)[] = []
    const getAndIncrement = () => new Promise<bigint>((resolve) => answers.push(resolve))
    const counter = { getAndIncrement } as CheckpointIdCounter
    const w = await checkpointWorld({ timeoutMs: 3000 }, { overrides: { counter } })
    const expired = failure('CHECKPOINT_EXPIRED')
    const taken = t.rejects(w.coordinator.triggerSavepoint('/sp'), expired)
    const next = t.rejects(w.coordinator.triggerCheckpoint(), expired)
    await w.advance(3000)
    await taken
    await w.advance(3000)
    await next
    const third = w.coordinator.triggerSavepoint('/sp')
    await settle()
    for (const answer of answers) answer(7n)
    await settle()
    t.same(w.events, ['trigger 7'], 'what comes late begins nothing')
    for (const task of ['source-0-0', 'source-1-0', 'sink-0-0']) {
      w.coordinator.acknowledgeCheckpoint(await w.written(task, 7n))
    }
    await settle()
    t.match(await third, { checkpointId: 7n })
  },
)

t.test(
  'CheckpointCoordinator: what takes too long is given up and removed, late state too',
  async (t) => {
    const w = await checkpointWorld({
      ...EVERY_SECOND,
      timeoutMs: 3000,
      tolerableFailedCheckpoints: 5,
    })
    const taken = w.coordinator.triggerCheckpoint()
    await settle()
    const [first, second] = [await w.written('source-0-0', 1n), await w.written('source-1-0', 1n)]
    w.coordinator.acknowledgeCheckpoint(first)
    const rejected = t.rejects(taken, failure('CHECKPOINT_EXPIRED'))
    await w.advance(3000)
    await rejected
    t.same(w.events, ['trigger 1', 'aborted 1'])
    t.same(await w.folders(), [])
    // Its folder is there again, since a task went on writing.
    const late = { ...second, executionAttemptId: 'sink-0-0' }
    w.coordinator.acknowledgeCheckpoint(second)
    w.coordinator.acknowledgeCheckpoint(late)
    await settle()
    t.equal(w.coordinator.numberOfPending, 0)
  },
)

t.test('CheckpointCoordinator: repeated, foreign and late answers change nothing', async (t) => {
  const w = await checkpointWorld()
  const taken = w.coordinator.triggerCheckpoint()
  await settle()
  const first = await w.written('source-0-0', 1n)
  w.coordinator.acknowledgeCheckpoint(first)
  w.coordinator.acknowledgeCheckpoint(first)
  w.coordinator.declineCheckpoint({
    executionAttemptId: 'source-0-0',
    checkpointId: 1n,
    reason: 'CHECKPOINT_DECLINED',
  })
  w.coordinator.declineCheckpoint({
    executionAttemptId: 'nobody-0-0',
    checkpointId: 1n,
    reason: 'CHECKPOINT_DECLINED',
  })
  const foreign = { ...(await w.written('sink-0-0', 1n)), executionAttemptId: 'sink-0-9' }
  w.coordinator.acknowledgeCheckpoint(foreign)
  await settle()
  t.equal(w.coordinator.numberOfPending, 1)
  const handle = [...foreign.state.values()][0]!.keyed!.snapshot
  t.notOk(
    handle.kind === 'file' && (await w.fileSystem.exists(handle.path)),
    'state of nobody is removed',
  )
  await w.acknowledgeAll(1n)
  await taken
  w.coordinator.acknowledgeCheckpoint(first)
  w.coordinator.acknowledgeCheckpoint({ ...first, checkpointId: 77n })
  await settle()
  const kept = [...first.state.values()][0]!.keyed!.snapshot
  t.ok(
    kept.kind === 'file' && (await w.fileSystem.exists(kept.path)),
    'state of a completed one stays',
  )
  t.same(w.events, ['trigger 1', 'complete 1'])
})

t.test(
  'CheckpointCoordinator: a task that declines ends the checkpoint; the next begins',
  async (t) => {
    const w = await checkpointWorld({ ...EVERY_SECOND, tolerableFailedCheckpoints: 1 })
    w.coordinator.startScheduler()
    await w.advance(1000)
    const decline = (checkpointId: bigint) => {
      w.coordinator.declineCheckpoint({
        executionAttemptId: 'sink-0-0',
        checkpointId,
        reason: 'CHECKPOINT_ASYNC_EXCEPTION',
        cause: new Error('disk full'),
      })
    }
    decline(1n)
    await w.advance(1000)
    t.same(w.events, ['trigger 1', 'aborted 1', 'trigger 2'])
    t.match(w.statistics.toStatistics().latest.failed, {
      failure_message: /CHECKPOINT_ASYNC_EXCEPTION/,
    })
    t.same(w.jobFailures, [])
    decline(2n)
    t.match(w.jobFailures, [{ code: 'FLINK_CHECKPOINT_LIMIT', failures: 2, tolerable: 1 }])
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

t.test(
  'CheckpointCoordinator: a restart gives up what is pending, and answers of old attempts are of nobody',
  async (t) => {
    const w = await checkpointWorld()
    const taken = t.rejects(w.coordinator.triggerCheckpoint(), failure('TASK_FAILURE'))
    await settle()
    const old = await w.written('source-0-0', 1n)
    w.coordinator.stopScheduler('TASK_FAILURE')
    await taken
    w.world.tasks = tasksOf(1)
    const next = w.coordinator.triggerCheckpoint()
    await settle()
    w.coordinator.acknowledgeCheckpoint(old)
    await w.acknowledgeAll(2n)
    t.equal((await next).checkpointId, 2n)
  },
)

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

t.test(
  'CheckpointCoordinator: files that cannot be written fail the checkpoint and leave nothing',
  async (t) => {
    const probe = await checkpointWorld()
    const broken = async () => {
      throw new Error('disk full')
    }
    for (const step of ['initializeCheckpoint', 'complete'] as const) {
      const storage = {
        initializeCheckpoint: (id: bigint) => probe.fileStorage.initializeCheckpoint(id),
        initializeSavepoint: broken,
        complete: broken,
        discard: (directory: string) => probe.fileStorage.discard(directory),
        discardHandle: async () => {},
        ...(step === 'initializeCheckpoint' && { initializeCheckpoint: broken }),
      }
      const w = await checkpointWorld({}, { files: probe.fileSystem, overrides: { storage } })
      const reason = step === 'complete' ? 'FINALIZE_CHECKPOINT_FAILURE' : 'IO_EXCEPTION'
      const taken = t.rejects(w.coordinator.triggerCheckpoint(), failure(reason))
      await settle()
      if (step === 'complete') await w.acknowledgeAll(1n)
      await taken
      t.same(await w.folders(), [])
      t.equal(w.jobFailures.length, 1, 'it counts')
    }
  },
)

t.test(
  'CheckpointCoordinator: a folder that hangs keeps no later checkpoint from beginning',
  async (t) => {
    const probe = await checkpointWorld()
    let release = () => {}
    const hanging = new Promise<void>((resolve) => {
      release = resolve
    })
    const storage = {
      async initializeCheckpoint(id: bigint) {
        const location = await probe.fileStorage.initializeCheckpoint(id)
        if (id === 1n) await hanging
        return location
      },
      initializeSavepoint: (target: string) => probe.fileStorage.initializeSavepoint(target),
      complete: async () => 1,
      discard: (directory: string) => probe.fileStorage.discard(directory),
      discardHandle: async () => {},
    }
    const w = await checkpointWorld(
      { timeoutMs: 100, tolerableFailedCheckpoints: 3 },
      { files: probe.fileSystem, overrides: { storage } },
    )
    const first = t.rejects(w.coordinator.triggerCheckpoint(), failure('CHECKPOINT_EXPIRED'))
    await settle()
    await w.advance(100)
    await first
    const second = w.coordinator.triggerCheckpoint()
    await settle()
    t.same(w.events, ['trigger 2'])
    await w.acknowledgeAll(2n)
    await second
    release()
    await settle()
    t.notOk(await w.fileSystem.exists(`${JOB_FOLDER}/chk-1`), 'the late folder is removed')
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

t.test('PENDING_CHECKPOINT_TRANSITIONS: what is stored is not given up by a timeout', async (t) => {
  t.same(PENDING_CHECKPOINT_TRANSITIONS.COMPLETED, [])
  t.same(PENDING_CHECKPOINT_TRANSITIONS.FAILED, [])
  let answer = () => {}
  const asked = new Promise<void>((resolve) => {
    answer = resolve
  })
  const w = await checkpointWorld({ timeoutMs: 100 })
  const add = w.store.add.bind(w.store)
  w.store.add = async (checkpoint) => {
    await asked
    return add(checkpoint)
  }
  const taken = w.coordinator.triggerCheckpoint()
  await settle()
  await w.acknowledgeAll(1n)
  await w.advance(1000)
  w.coordinator.stopScheduler('TASK_FAILURE')
  const restored = w.coordinator.restoreLatest()
  await settle()
  answer()
  t.equal((await taken).checkpointId, 1n)
  t.equal((await restored)!.checkpointId, 1n, 'a restart waits for it')
})

t.test(
  'CheckpointCoordinator: answers of the coordination service that are lost are asked for again',
  async (t) => {
    let losses = 0
    const isAnswerLost = () => losses-- > 0
    const w = await checkpointWorld({}, { isAnswerLost, numRetained: 1 })
    for (let round = 0; round < 3; round++) {
      losses = 2
      const taken = w.coordinator.triggerCheckpoint()
      await settle()
      for (let i = 0; i < 5; i++) await w.advance(5000)
      const id = [...w.triggered.keys()].at(-1)!
      losses = 3
      await w.acknowledgeAll(id)
      for (let i = 0; i < 8; i++) await w.advance(5000)
      t.equal((await taken).checkpointId, id)
      t.same(await w.folders(), [`chk-${id}`])
    }
    t.equal(w.triggered.size, 3)
    losses = 1
    const last = t.rejects(w.coordinator.triggerCheckpoint(), failure('TRIGGER_CHECKPOINT_FAILURE'))
    await settle()
    const ended = w.coordinator.shutdown('SUSPENDED')
    await settle()
    await Promise.all([last, ended])
    t.equal(w.clock.pendingTimers, 0, 'nobody asks on')
  },
)
