import t from 'tap'
import type { CheckpointIdCounter } from '../../dist/checkpoint/checkpoint-id-counter.js'
import { PENDING_CHECKPOINT_TRANSITIONS } from '../../dist/checkpoint/pending-checkpoint.js'
import { EVERY_SECOND, failure } from './checkpoint-failure.js'
import { checkpointWorld, JOB_FOLDER, settle, tasksOf } from './checkpoint-world.js'

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
