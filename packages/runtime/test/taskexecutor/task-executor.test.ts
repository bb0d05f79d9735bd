import { RpcTimeoutError } from '@flink-ts/rpc'
import t from 'tap'
import { blobKeyOf } from '../../dist/blob/blob-key.js'
import type {
  TaskDeploymentDescriptor,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { advance, SLOT_PROFILE, settle } from '../testing/control-plane.js'
import {
  BUNDLE,
  CAUSE,
  descriptor,
  JM_TOKEN,
  JobManager,
  RM_LEADER,
  registered,
  setUp,
  slotRequest,
  withSlot,
  withTask,
} from './task-executor-world.js'

// ---------------------------------------------------------------- ResourceManager

t.test(
  'TaskExecutor that started before its JobManager registers soon after it is there',
  async (t) => {
    const { world, tellLeader } = await setUp(t, { withJobManager: false })
    tellLeader(RM_LEADER)
    await advance(world.clock, 20_000, 100)
    const jobManager = new JobManager(world)
    await advance(world.clock, 1_000, 100)
    t.same(jobManager.heard(), ['rm register tm1', 'rm report -,-'])
  },
)

t.test(
  'TaskExecutor that never registers ends its process after the registration timeout',
  async (t) => {
    const { world, fatal } = await setUp(t, { withJobManager: false })
    await advance(world.clock, 299_999)
    t.same(fatal, [])
    await advance(world.clock, 1)
    t.match(fatal, [{ code: 'FLINK_TASK_MANAGER_REGISTRATION_TIMEOUT' }])
  },
)

t.test(
  'TaskExecutor keeps tasks when the ResourceManager is lost, and tells the next one of its slots',
  async (t) => {
    const { world, tellLeader, task, jobManager } = await withTask(t)
    tellLeader(undefined)
    await advance(world.clock, 1_000)
    t.equal(task.failure, undefined)
    tellLeader(RM_LEADER)
    await settle()
    t.same(jobManager.heard(), ['rm register tm1', 'rm report a,-'])
  },
)

t.test(
  'TaskExecutor that its ResourceManager has given up ends its process; one that it does not know yet asks again',
  async (t) => {
    const { world, fatal, tellLeader, gateway, jobManager } = await setUp(t, {})
    const unknown = { rejection: 'no TaskManager tm1 was started', unknownWorker: true }
    jobManager.rejection = unknown
    tellLeader(RM_LEADER)
    await advance(world.clock, 60_000, 1_000)
    t.same(fatal, [], 'it may have been started a moment too early')

    jobManager.rejection = undefined
    await advance(world.clock, 60_000, 1_000)
    jobManager.rejection = { rejection: 'its leader is gone' }
    await gateway.disconnectResourceManager({ cause: CAUSE })
    await advance(world.clock, 60_000, 1_000)
    t.same(fatal, [], 'that says nothing of the worker')

    jobManager.rejection = unknown
    await advance(world.clock, 60_000, 1_000)
    t.match(fatal, [{ code: 'FLINK_TASK_MANAGER_GIVEN_UP', message: /tm1.*was started/ }])
  },
)

t.test(
  'TaskExecutor registers again when the ResourceManager disconnects or falls silent',
  async (t) => {
    const { world, gateway, jobManager } = await registered(t)
    await gateway.disconnectResourceManager({ cause: CAUSE })
    await settle()
    t.same(jobManager.heard(), ['rm register tm1', 'rm report -,-'])
    await advance(world.clock, 40_000)
    const payload = await gateway.heartbeatFromResourceManager({ resourceManagerId: 'rm1' })
    t.match(payload, { metrics: { heap: 1 }, report: { slots: { length: 2 } } })
    await advance(world.clock, 49_000)
    t.same(jobManager.heard(), [])
    await advance(world.clock, 1_000)
    t.same(jobManager.heard(), ['rm register tm1', 'rm report -,-'])
  },
)

t.test(
  'TaskExecutor refuses slots to a ResourceManager that it is not registered at',
  async (t) => {
    const { gateway } = await registered(t)
    const stale = { ...slotRequest(0, 'a'), resourceManagerToken: { epoch: 0, uuid: 'old' } }
    await t.rejects(gateway.requestSlot(stale), { code: 'FLINK_STALE_CALLER' })
    await t.rejects(gateway.heartbeatFromResourceManager({ resourceManagerId: 'old' }), {
      code: 'FLINK_STALE_CALLER',
    })
  },
)

// ---------------------------------------------------------------- slots

t.test(
  'TaskExecutor offers slots to the JobMaster; a repeated request changes nothing',
  async (t) => {
    const { gateway, jobManager } = await registered(t)
    await gateway.requestSlot(slotRequest(0, 'a'))
    await gateway.requestSlot(slotRequest(0, 'a'))
    await settle()
    t.same(jobManager.heard(), ['jm register'])
    t.same(jobManager.offers, [['a']])
    await t.rejects(gateway.requestSlot(slotRequest(0, 'b')), { code: 'FLINK_SLOT_NOT_AVAILABLE' })
  },
)

t.test('TaskExecutor frees rejected slots and tells the ResourceManager', async (t) => {
  const { gateway, jobManager } = await registered(t)
  jobManager.accept = (offered) => offered.filter((allocationId) => allocationId !== 'b')
  await gateway.requestSlot(slotRequest(0, 'a'))
  await gateway.requestSlot(slotRequest(1, 'b'))
  await settle()
  t.same(jobManager.heard(), ['jm register', 'rm available b'])
})

t.test('TaskExecutor repeats an offer whose answer was lost', async (t) => {
  const { world, gateway, jobManager } = await registered(t)
  let lost = 2
  jobManager.accept = (offered) => {
    if (lost-- > 0) throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
    return offered
  }
  await gateway.requestSlot(slotRequest(0, 'a'))
  await advance(world.clock, 1_000, 100)
  t.same(jobManager.offers, [['a'], ['a'], ['a']])
  await advance(world.clock, 10_000)
  t.same(jobManager.heard(), ['jm register'], 'the slot is ACTIVE and does not time out')
})

t.test('TaskExecutor frees a slot when its JobMaster cannot be reached in time', async (t) => {
  const { world, gateway, jobManager } = await registered(t)
  const gone = { address: 'gone:1', endpointId: 'jm_job' }
  await gateway.requestSlot({ ...slotRequest(0, 'a'), jobMaster: gone })
  await advance(world.clock, 10_000, 1_000)
  t.same(jobManager.heard(), ['rm available a'])
  await gateway.requestSlot(slotRequest(0, 'b'))
  await settle()
  t.same(jobManager.offers, [['b']])
})

t.test('TaskExecutor.freeSlot fails the tasks and is done when they are gone', async (t) => {
  const { gateway, jobManager, task } = await withTask(t)
  await gateway.freeSlot({ allocationId: 'a', cause: CAUSE })
  await gateway.freeSlot({ allocationId: 'a', cause: CAUSE })
  await settle()
  t.equal(task.failure!.message, 'test')
  t.same(jobManager.heard(), ['jm x FAILED', 'rm available a'])
})

t.test('TaskExecutor reconciles slots with what the JobMaster believes', async (t) => {
  const { gateway, jobManager } = await withSlot(t)
  await gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: ['a', 'unknown'] })
  await gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: [] })
  await settle()
  t.same(jobManager.heard(), ['jm failSlot unknown'], 'one heartbeat without the slot is no proof')
  await gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: [] })
  await settle()
  t.same(jobManager.heard(), ['rm available a'])
})

// ---------------------------------------------------------------- tasks

t.test('TaskExecutor runs a task and reports its states in order with its metrics', async (t) => {
  const { gateway, jobManager, task } = await withTask(t)
  t.match(task.deployment, {
    executionAttemptId: 'x',
    job: { jobName: 'test' },
    task: { vertex: { id: 'v' } },
    inputGates: [{ gateId: 'g' }],
  })
  task.listener.onStateChange('INITIALIZING', undefined)
  task.listener.onStateChange('RUNNING', undefined)
  await settle()
  const heartbeat = { jobId: 'job', allocationIds: ['a'] }
  t.match(await gateway.heartbeatFromJobMaster(heartbeat), {
    deployment: { executionAttemptIds: ['x'] },
    metrics: [{ executionAttemptId: 'x', io: { numRecordsIn: 1 } }],
  })
  t.match(await gateway.requestTaskMetrics({ jobId: 'job' }), { metrics: { length: 1 } })
  task.finish()
  await settle()
  t.same(jobManager.heard(), ['jm x INITIALIZING', 'jm x RUNNING', 'jm x FINISHED'])
  t.match(await gateway.heartbeatFromJobMaster(heartbeat), {
    deployment: { executionAttemptIds: [] },
  })
})

t.test('TaskExecutor starts a task once, however often it is submitted', async (t) => {
  const { gateway, launcher } = await withTask(t)
  await gateway.submitTask({ descriptor: descriptor('x', 'a') })
  t.equal(launcher.tasks.length, 1)
})

t.test('TaskExecutor: a task has the heap and the managed memory of its own slot', async (t) => {
  const { gateway, launcher } = await registered(t)
  const profile = { ...SLOT_PROFILE, taskHeapBytes: 30, managedBytes: 70 }
  await gateway.requestSlot({ ...slotRequest(-1, 'carved'), profile })
  await gateway.requestSlot(slotRequest(0, 'numbered'))
  await settle()
  await gateway.submitTask({ descriptor: descriptor('x', 'carved') })
  await gateway.submitTask({ descriptor: descriptor('y', 'numbered') })
  const { taskHeapBytes, managedBytes } = SLOT_PROFILE
  t.same(
    launcher.tasks.map(({ deployment }) => deployment.slot),
    [
      { taskHeapBytes: 30, managedBytes: 70 },
      { taskHeapBytes, managedBytes },
    ],
  )
})

t.test('TaskExecutor accepts a task before the answer to its offer', async (t) => {
  const { world, gateway, jobManager, launcher } = await registered(t)
  jobManager.accept = () => {
    throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
  }
  await gateway.requestSlot(slotRequest(0, 'a'))
  await settle()
  await gateway.submitTask({ descriptor: descriptor('x', 'a') })
  await advance(world.clock, 20_000, 1_000)
  t.equal(launcher.tasks[0]!.failure, undefined)
})

t.test('TaskExecutor refuses tasks of stale JobMasters, without slot, or malformed', async (t) => {
  const { gateway, launcher } = await withSlot(t)
  const refused = { code: 'FLINK_TASK_SUBMISSION' }
  const good = descriptor('x', 'a')
  const bad: [TaskDeploymentDescriptor, RegExp][] = [
    [{ ...good, jobMasterToken: { epoch: 0, uuid: 'old' } }, /not registered at that JobMaster/],
    [{ ...good, allocationId: 'b' }, /holds no slot b/],
    [{ ...good, taskInformation: Uint8Array.of(1) }, /taskInformation is not JSON/],
    [{ ...good, inputGates: new TextEncoder().encode('{}') }, /inputGates is not a list/],
  ]
  for (const [wrong, message] of bad) {
    await t.rejects(gateway.submitTask({ descriptor: wrong }), { ...refused, message })
  }
  t.equal(launcher.tasks.length, 0)
})

t.test('TaskExecutor refuses a slot for a JobMaster older than the one it knows', async (t) => {
  const { gateway } = await withSlot(t)
  const stale = { ...slotRequest(1, 'b'), jobMasterToken: { epoch: 0, uuid: 'old' } }
  await t.rejects(gateway.requestSlot(stale), { code: 'FLINK_STALE_CALLER' })
})

const NOTIFICATION = {
  executionAttemptIds: ['x'],
  checkpointId: 1,
  timestampMs: 0,
  latestCompletedId: 1,
}

t.test('TaskExecutor refuses every call of one that lost its leadership', async (t) => {
  const { gatewayWith, task } = await withTask(t)
  for (const token of [undefined, { epoch: 0, uuid: 'old' }, { ...JM_TOKEN, uuid: 'other' }]) {
    const gateway = gatewayWith(token)
    const calls: Record<keyof TaskExecutorGateway, () => Promise<unknown>> = {
      requestSlot: () => gateway.requestSlot(slotRequest(1, 'b')),
      heartbeatFromResourceManager: () =>
        gateway.heartbeatFromResourceManager({ resourceManagerId: 'rm1' }),
      disconnectResourceManager: () => gateway.disconnectResourceManager({ cause: CAUSE }),
      submitTask: () => gateway.submitTask({ descriptor: descriptor('y', 'a') }),
      cancelTask: () => gateway.cancelTask({ executionAttemptId: 'x' }),
      sendOperatorEventToTask: () =>
        gateway.sendOperatorEventToTask({
          executionAttemptId: 'x',
          operatorId: 'o',
          sequence: 0,
          payload: Buffer.of(1),
        }),
      canBeReleased: () => gateway.canBeReleased({}),
      freeSlot: () => gateway.freeSlot({ allocationId: 'a', cause: CAUSE }),
      releasePartitions: () => gateway.releasePartitions({ jobId: 'job', partitionIds: ['p'] }),
      heartbeatFromJobMaster: () =>
        gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: [] }),
      disconnectJobMaster: () => gateway.disconnectJobMaster({ jobId: 'job', cause: CAUSE }),
      requestTaskMetrics: () => gateway.requestTaskMetrics({ jobId: 'job' }),
      triggerCheckpoint: () =>
        gateway.triggerCheckpoint({
          executionAttemptIds: ['none', 'x'],
          checkpointId: 1,
          timestampMs: 0,
          options: { snapshotType: 'CHECKPOINT', alignment: 'ALIGNED', alignedTimeoutMs: 0 },
        }),
      notifyCheckpointComplete: () => gateway.notifyCheckpointComplete(NOTIFICATION),
      notifyCheckpointAborted: () => gateway.notifyCheckpointAborted(NOTIFICATION),
    }
    for (const [method, call] of Object.entries(calls)) {
      await t.rejects(call(), { code: 'FLINK_STALE_CALLER' }, method)
    }
  }
  t.equal(task.failure, undefined)
})

t.test(
  'TaskExecutor fetches the bundle before it launches, and drops it with the job',
  async (t) => {
    const { gateway, launcher, store } = await withSlot(t)
    await gateway.submitTask({ descriptor: descriptor('x', 'a', true) })
    await settle()
    t.equal(launcher.tasks[0]!.deployment.bundlePath, `memory:///${blobKeyOf(BUNDLE)}`)
    await gateway.disconnectJobMaster({ jobId: 'job', cause: CAUSE })
    await settle()
    t.same(store.keys, [])
  },
)

t.test('TaskExecutor never launches a task that was cancelled while it was prepared', async (t) => {
  const { gateway, launcher, jobManager } = await withSlot(t)
  const submitted = gateway.submitTask({ descriptor: descriptor('x', 'a', true) })
  const cancelled = gateway.cancelTask({ executionAttemptId: 'x' })
  await Promise.all([submitted, cancelled])
  await settle()
  t.same(launcher.tasks, [])
  t.same(jobManager.heard(), ['jm x CANCELED'])
})

t.test('TaskExecutor refuses a task whose cancellation came first', async (t) => {
  const { gateway, launcher } = await withSlot(t)
  await t.rejects(gateway.cancelTask({ executionAttemptId: 'x' }), { code: 'FLINK_TASK_NOT_FOUND' })
  await t.rejects(gateway.submitTask({ descriptor: descriptor('x', 'a') }), {
    code: 'FLINK_TASK_SUBMISSION',
  })
  t.same(launcher.tasks, [])
})

t.test(
  'TaskExecutor repeats a state until it is acknowledged, and sends the next one only then',
  async (t) => {
    const { world, jobManager, task } = await withTask(t)
    let lost = 2
    jobManager.updateState = async () => {
      if (lost-- > 0) throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
      return {}
    }
    task.listener.onStateChange('RUNNING', undefined)
    task.finish()
    await advance(world.clock, 1_000, 100)
    t.same(jobManager.heard(), ['jm x RUNNING', 'jm x RUNNING', 'jm x RUNNING', 'jm x FINISHED'])
  },
)

t.test('TaskExecutor fails a task whose state the JobMaster refuses', async (t) => {
  const { jobManager, task } = await withTask(t)
  jobManager.updateState = async ({ state }) => {
    if (state === 'RUNNING') throw new Error('unknown attempt')
    return {}
  }
  task.listener.onStateChange('RUNNING', undefined)
  await settle()
  t.match(task.failure!.message, /refused that the task is RUNNING/)
})

t.test('TaskExecutor delivers operator events once each, in both directions', async (t) => {
  const { world, gateway, jobManager, task } = await withTask(t)
  const event = (sequence: number, text: string) => ({
    executionAttemptId: 'x',
    operatorId: 'op',
    sequence,
    payload: new TextEncoder().encode(text),
  })
  await gateway.sendOperatorEventToTask(event(0, 'first'))
  await gateway.sendOperatorEventToTask(event(0, 'first'))
  await t.rejects(gateway.sendOperatorEventToTask(event(2, 'third')), {
    code: 'FLINK_OPERATOR_EVENT_GAP',
  })
  await gateway.sendOperatorEventToTask(event(1, 'second'))
  t.same(task.events, ['op:first', 'op:second'])

  let lost = 1
  jobManager.sendEvent = async () => {
    if (lost-- > 0) throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
    return {}
  }
  task.listener.onOperatorEvent('op', new TextEncoder().encode('one'))
  task.listener.onOperatorEvent('op', new TextEncoder().encode('two'))
  await advance(world.clock, 1_000, 100)
  t.same(jobManager.heard(), ['jm event 0 one', 'jm event 0 one', 'jm event 1 two'])
})

// ---------------------------------------------------------------- checkpoints

t.test('TaskExecutor passes on that a task cannot be ended', async (t) => {
  const { fatal, task } = await withTask(t)
  task.listener.onFatalError(new Error('native call'))
  t.match(fatal, [{ message: 'native call' }])
})
