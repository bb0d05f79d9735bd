import type { ResourceId } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import { type RpcService, RpcTimeoutError } from '@flink-ts/rpc'
import t, { type Test } from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { blobKeyOf } from '../../dist/blob/blob-key.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import { acknowledgeFromMessage } from '../../dist/checkpoint/checkpoint-reports.js'
import type { LeaderAddress } from '../../dist/highavailability/high-availability-services.js'
import {
  BLOB_SERVER_GATEWAY,
  JOB_MASTER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from '../../dist/messages/gateways.js'
import type {
  BlobServerGateway,
  JobMasterGateway,
  ResourceManagerGateway,
  TaskDeploymentDescriptor,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { TaskExecutor } from '../../dist/taskexecutor/task-executor.js'
import { DEFAULT_TASK_EXECUTOR_SETTINGS } from '../../dist/taskexecutor/task-executor-settings.js'
import {
  advance,
  location,
  SLOT_PROFILE,
  settle,
  TestWorld,
  taskManagerFacts,
} from '../testing/control-plane.js'
import { TestingTaskLauncher } from './testing-task-launcher.js'

const RM_TOKEN = { epoch: 1, uuid: 'rm' }
const JM_TOKEN = { epoch: 1, uuid: 'jm' }
const JOB_MASTER = { address: 'jm:1', endpointId: 'jm_job' }
const CAUSE = { name: 'Error', message: 'test' }
const BUNDLE = Uint8Array.from([1, 2, 3])

/** The JobManager process as one TaskExecutor sees it; `log` has what it heard, in order. */
class JobManager {
  readonly log: string[] = []
  readonly offers: string[][] = []
  readonly service: RpcService
  accept = (allocationIds: string[]) => allocationIds
  updateState: JobMasterGateway['updateTaskExecutionState'] = async () => ({})
  sendEvent: JobMasterGateway['sendOperatorEventToCoordinator'] = async () => ({})
  acknowledge: JobMasterGateway['acknowledgeCheckpoint'] = async () => ({})

  constructor(world: TestWorld, address = 'jm:1') {
    this.service = world.service(address)
    const log = this.log
    world.serve<ResourceManagerGateway>(
      this.service,
      'rm',
      RESOURCE_MANAGER_GATEWAY,
      {
        registerTaskExecutor: async ({ location: { resourceId } }) => {
          log.push(`rm register ${resourceId}`)
          const blobServer = { address: 'jm:1', endpointId: 'blobserver' }
          return { success: { instanceId: 'i1', resourceManagerId: 'rm1', blobServer } }
        },
        sendSlotReport: async ({ report }) => {
          log.push(`rm report ${report.slots.map((slot) => slot.allocationId ?? '-').join()}`)
          return {}
        },
        notifySlotAvailable: async ({ allocationId }) => {
          log.push(`rm available ${allocationId}`)
          return {}
        },
        disconnectTaskExecutor: async ({ cause }) => {
          log.push(`rm disconnect ${cause.code}`)
          return {}
        },
      },
      RM_TOKEN,
    )
    world.serve<JobMasterGateway>(
      this.service,
      'jm_job',
      JOB_MASTER_GATEWAY,
      {
        registerTaskManager: async () => {
          log.push('jm register')
          return { success: { jobMasterResourceId: 'jm' } }
        },
        offerSlots: async ({ offers }) => {
          const offered = offers.map(({ allocationId }) => allocationId)
          this.offers.push(offered)
          return { acceptedAllocationIds: this.accept(offered) }
        },
        updateTaskExecutionState: (request) => {
          log.push(`jm ${request.executionAttemptId} ${request.state}`)
          return this.updateState(request)
        },
        sendOperatorEventToCoordinator: (request) => {
          log.push(`jm event ${request.sequence} ${Buffer.from(request.payload).toString()}`)
          return this.sendEvent(request)
        },
        acknowledgeCheckpoint: (request) => {
          log.push(`jm ack ${request.executionAttemptId} ${request.checkpointId}`)
          return this.acknowledge(request)
        },
        declineCheckpoint: async ({ executionAttemptId, checkpointId, reason, cause }) => {
          log.push(`jm decline ${executionAttemptId} ${checkpointId} ${reason} ${cause?.message}`)
          return {}
        },
        failSlot: async ({ allocationId }) => {
          log.push(`jm failSlot ${allocationId}`)
          return {}
        },
        disconnectTaskManager: async ({ cause }) => {
          log.push(`jm disconnect ${cause.code}`)
          return {}
        },
      },
      JM_TOKEN,
    )
    world.serve<BlobServerGateway>(this.service, 'blobserver', BLOB_SERVER_GATEWAY, {
      getBlob: async () => ({ data: BUNDLE, totalBytes: BUNDLE.length }),
    })
  }

  /** What was logged since the last call. */
  heard(): string[] {
    return this.log.splice(0)
  }
}

const RM_LEADER: LeaderAddress = { address: 'jm:1', endpointId: 'rm', token: RM_TOKEN }

async function setUp(t: Test, options: { withJobManager?: boolean; slots?: number } = {}) {
  const world = new TestWorld()
  const jobManager = options.withJobManager === false ? undefined : new JobManager(world)
  const launcher = new TestingTaskLauncher()
  const fatal: { code?: string }[] = []
  const store = new InMemoryBlobStore()
  const rpcService = world.service('tm:1')
  const { clock, log } = world
  let tellLeader: (leader: LeaderAddress | undefined) => void = () => {}
  let tellJobLeader: (leader: LeaderAddress | undefined) => void = () => {}
  const jobRetrievers: string[] = []
  const taskExecutor = new TaskExecutor({
    rpcService,
    endpointId: 'te',
    clock,
    log,
    resourceId: 'tm1' as ResourceId,
    location: location('tm1'),
    facts: taskManagerFacts(options.slots ?? 2),
    settings: DEFAULT_TASK_EXECUTOR_SETTINGS,
    leaderRetriever: (component) =>
      component.kind === 'jobmanager'
        ? {
            start: (listener) => {
              jobRetrievers.push(`+${component.jobId}`)
              tellJobLeader = listener
            },
            close: async () => void jobRetrievers.push(`-${component.jobId}`),
          }
        : {
            start: (listener) => {
              tellLeader = listener
            },
            close: async () => {},
          },
    launcher,
    blobCache: new BlobCache({ rpcService, clock, log, store }),
    releasePartitions: () => {},
    metrics: () => ({ heap: 1 }),
    onFatalError: (error) => void fatal.push(error as { code?: string }),
  })
  await taskExecutor.start()
  const caller = world.service('caller:1')
  const gatewayWith = (fencingToken?: FencingToken) =>
    caller.connect<TaskExecutorGateway>(
      'tm:1',
      'te',
      TASK_EXECUTOR_GATEWAY,
      fencingToken && { fencingToken },
    )
  const resourceManager = gatewayWith(RM_TOKEN)
  const gateway: TaskExecutorGateway = {
    ...gatewayMethods(gatewayWith(JM_TOKEN)),
    requestSlot: (request) => resourceManager.requestSlot(request),
    heartbeatFromResourceManager: (request) =>
      resourceManager.heartbeatFromResourceManager(request),
    disconnectResourceManager: (request) => resourceManager.disconnectResourceManager(request),
    canBeReleased: (request) => resourceManager.canBeReleased(request),
  }
  t.teardown(async () => {
    await taskExecutor.close()
    if (world.errors.length > 0) throw world.errors[0]
  })
  return {
    world,
    launcher,
    fatal,
    store,
    taskExecutor,
    gateway,
    gatewayWith,
    jobManager: jobManager!,
    tellLeader: (leader: LeaderAddress | undefined) => tellLeader(leader),
    tellJobLeader: (leader: LeaderAddress | undefined) => tellJobLeader(leader),
    jobRetrievers,
  }
}

function gatewayMethods(gateway: TaskExecutorGateway): TaskExecutorGateway {
  const methods = Object.keys(TASK_EXECUTOR_GATEWAY.methods) as (keyof TaskExecutorGateway)[]
  return Object.fromEntries(
    methods.map((method) => [method, gateway[method].bind(gateway)]),
  ) as unknown as TaskExecutorGateway
}

type SetUp = Awaited<ReturnType<typeof setUp>>

async function registered(t: Test, slots = 2): Promise<SetUp> {
  const setup = await setUp(t, { slots })
  setup.tellLeader(RM_LEADER)
  await settle()
  t.same(setup.jobManager.heard(), [
    'rm register tm1',
    `rm report ${Array(slots).fill('-').join()}`,
  ])
  return setup
}

function slotRequest(slotNumber: number, allocationId: string) {
  return {
    slotId: { resourceId: 'tm1', slotNumber },
    jobId: 'job',
    allocationId,
    jobMaster: JOB_MASTER,
    jobMasterToken: JM_TOKEN,
    resourceManagerToken: RM_TOKEN,
  }
}

function descriptor(attempt: string, allocationId: string, withBundle = false) {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
  const program = withBundle ? { program: { bundleKey: blobKeyOf(BUNDLE) } } : {}
  const result: TaskDeploymentDescriptor = {
    jobId: 'job',
    executionAttemptId: attempt,
    allocationId,
    subtaskIndex: 0,
    attemptNumber: 0,
    jobInformation: json({ jobId: 'job', jobName: 'test', ...program }),
    taskInformation: json({ vertex: { id: 'v' } }),
    producedPartitions: json([]),
    inputGates: json([{ gateId: 'g' }]),
    jobMaster: JOB_MASTER,
    jobMasterToken: JM_TOKEN,
  }
  return result
}

/** Registered, with one ACTIVE slot `a`, and nothing left to hear. */
async function withSlot(t: Test): Promise<SetUp> {
  const setup = await registered(t)
  await setup.gateway.requestSlot(slotRequest(0, 'a'))
  await settle()
  t.same(setup.jobManager.heard(), ['jm register'])
  return setup
}

async function withTask(t: Test) {
  const setup = await withSlot(t)
  await setup.gateway.submitTask({ descriptor: descriptor('x', 'a') })
  return { ...setup, task: setup.launcher.tasks[0]! }
}

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

const METRICS = {
  startDelayMs: 1,
  alignmentDurationMs: 2,
  bytesProcessedDuringAlignment: 3,
  bytesPersistedDuringAlignment: 0,
  syncDurationMs: 4,
  asyncDurationMs: 5,
  unaligned: false,
}

t.test(
  'TaskExecutor triggers checkpoints behind operator events, and tells who does not run',
  async (t) => {
    const { gateway, task } = await withTask(t)
    const event = {
      executionAttemptId: 'x',
      operatorId: 'op',
      sequence: 0,
      payload: Buffer.from('e'),
    }
    await gateway.sendOperatorEventToTask(event)
    const options = { snapshotType: 'CHECKPOINT', alignment: 'AT_LEAST_ONCE', alignedTimeoutMs: 0 }
    const request = { executionAttemptIds: ['gone', 'x'], checkpointId: 7, timestampMs: 5, options }
    t.same(await gateway.triggerCheckpoint(request), { refusedExecutionAttemptIds: ['gone'] })
    t.same(task.events, ['op:e', 'trigger 7 AT_LEAST_ONCE'])
    task.finish()
    t.same(await gateway.triggerCheckpoint(request), { refusedExecutionAttemptIds: ['gone', 'x'] })
  },
)

t.test(
  'TaskExecutor tells its tasks once what is complete, also what they can only know from a heartbeat',
  async (t) => {
    const { gateway, task } = await withTask(t)
    const notification = { executionAttemptIds: ['x'], timestampMs: 0, latestCompletedId: 0 }
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 2 })
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 2 })
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 1 })
    const heartbeat = { jobId: 'job', allocationIds: ['a'] }
    await gateway.heartbeatFromJobMaster(heartbeat)
    await gateway.heartbeatFromJobMaster({ ...heartbeat, latestCompletedCheckpointId: 4 })
    await gateway.heartbeatFromJobMaster({ ...heartbeat, latestCompletedCheckpointId: 4 })
    await gateway.notifyCheckpointAborted({
      ...notification,
      checkpointId: 6,
      latestCompletedId: 5,
    })
    t.same(task.events, ['complete 2', 'complete 4', 'complete 5', 'aborted 6'])
  },
)

t.test(
  'TaskExecutor repeats the report of a checkpoint until it is acknowledged; the end of the task waits',
  async (t) => {
    const { world, jobManager, task } = await withTask(t)
    let lost = 2
    const acknowledged: unknown[] = []
    jobManager.acknowledge = async (request) => {
      if (lost-- > 0) throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
      acknowledged.push(acknowledgeFromMessage(request))
      return {}
    }
    const bytes = Uint8Array.of(1, 2, 3)
    const snapshot = { kind: 'inline', bytes, sizeBytes: 3, checksum: 9 } as const
    const state = new Map([['op', { keyed: { keyGroups: { start: 0, end: 3 }, snapshot } }]])
    task.listener.onCheckpointAcknowledged(2n ** 40n, state, METRICS)
    task.listener.onCheckpointDeclined(3n, 'CHECKPOINT_DECLINED', { name: 'Error', message: 'why' })
    task.finish()
    await advance(world.clock, 1_000, 100)
    t.same(jobManager.heard(), [
      ...Array(3).fill(`jm ack x ${2 ** 40}`),
      'jm decline x 3 CHECKPOINT_DECLINED why',
      'jm x FINISHED',
    ])
    const report = { executionAttemptId: 'x', checkpointId: 2n ** 40n, state, metrics: METRICS }
    t.strictSame(acknowledged, [report])
  },
)

t.test('TaskExecutor: a report of a checkpoint that is refused hurts no task', async (t) => {
  const { world, jobManager, task } = await withTask(t)
  jobManager.acknowledge = () => Promise.reject(new Error('no such job'))
  task.listener.onCheckpointAcknowledged(1n, new Map(), METRICS)
  task.finish()
  await advance(world.clock, 1_000, 100)
  t.same(jobManager.heard(), ['jm ack x 1', 'jm x FINISHED'])
  t.equal(task.failure, undefined)
})

t.test('TaskExecutor passes on that a task cannot be ended', async (t) => {
  const { fatal, task } = await withTask(t)
  task.listener.onFatalError(new Error('native call'))
  t.match(fatal, [{ message: 'native call' }])
})

// ---------------------------------------------------------------- loss of the JobMaster

t.test(
  'TaskExecutor fails the tasks of a JobMaster that falls silent, and offers the slots again',
  async (t) => {
    const { world, gateway, jobManager, task } = await withTask(t)
    await advance(world.clock, 50_000, 10_000)
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    t.ok(jobManager.heard().includes('jm register'))
    t.same(jobManager.offers, [['a'], ['a']])
    await gateway.submitTask({ descriptor: descriptor('y', 'a') })
  },
)

t.test('TaskExecutor frees the slots of a JobMaster that does not come back', async (t) => {
  const { world, jobManager, task, gateway, tellLeader } = await withTask(t)
  await jobManager.service.close()
  await settle()
  t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' }, 'at once, by the lost connection')
  tellLeader(undefined)
  await advance(world.clock, 10_000, 1_000)
  const next = new JobManager(world)
  tellLeader(RM_LEADER)
  await advance(world.clock, 1_000, 100)
  t.same(next.heard(), ['rm register tm1', 'rm report -,-'])
  await t.rejects(gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: [] }), {
    code: 'FLINK_STALE_CALLER',
  })
})

const NEXT_TOKEN = { epoch: 2, uuid: 'jm2' }

function nextJobMaster(world: TestWorld) {
  const offers: string[] = []
  const service = world.service('jm:2')
  world.serve<JobMasterGateway>(
    service,
    'jm_job2',
    JOB_MASTER_GATEWAY,
    {
      registerTaskManager: async () => ({ success: { jobMasterResourceId: 'jm2' } }),
      offerSlots: async ({ offers: offered }) => {
        const ids = offered.map(({ allocationId }) => allocationId)
        offers.push(...ids)
        return { acceptedAllocationIds: ids }
      },
      updateTaskExecutionState: async () => ({}),
    },
    NEXT_TOKEN,
  )
  return { offers, leader: { address: 'jm:2', endpointId: 'jm_job2', token: NEXT_TOKEN } }
}

t.test(
  'TaskExecutor follows the leader of its job: tasks fail, slots are offered again',
  async (t) => {
    const { world, jobManager, task, gateway, gatewayWith, tellJobLeader, jobRetrievers } =
      await withTask(t)
    const next = nextJobMaster(world)
    tellJobLeader(undefined)
    await settle()
    t.equal(task.failure, undefined, 'the JobMaster may not be announced yet')
    tellJobLeader({ ...JOB_MASTER, token: JM_TOKEN })
    tellJobLeader({ ...JOB_MASTER, token: { epoch: 0, uuid: 'older' } })
    await settle()
    t.equal(task.failure, undefined, 'nor does an earlier one count')
    tellJobLeader(next.leader)
    await settle()
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    t.same(next.offers, ['a'])
    t.notOk(jobManager.heard().includes('rm available a'), 'the slot stays with the job')
    await t.rejects(gateway.submitTask({ descriptor: descriptor('y', 'a') }), {
      code: 'FLINK_STALE_CALLER',
    })
    const successor = { ...descriptor('z', 'a'), jobMasterToken: NEXT_TOKEN }
    await gatewayWith(NEXT_TOKEN).submitTask({ descriptor: successor })
    await gatewayWith(NEXT_TOKEN).disconnectJobMaster({ jobId: 'job', cause: CAUSE })
    await settle()
    t.same(jobRetrievers, ['+job', '-job'])
  },
)

t.test(
  'TaskExecutor keeps slots for the next JobMaster for taskmanager.slot.timeout',
  async (t) => {
    const { world, jobManager, task, tellJobLeader } = await withTask(t)
    tellJobLeader({ ...JOB_MASTER, token: JM_TOKEN })
    await settle()
    tellJobLeader(undefined)
    await settle()
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    jobManager.offers.length = 0
    await jobManager.service.close()
    await advance(world.clock, 9_000, 1_000)
    t.notOk(jobManager.heard().includes('rm available a'))
    const next = nextJobMaster(world)
    tellJobLeader(next.leader)
    await settle()
    t.same(next.offers, ['a'])
  },
)

t.test('TaskExecutor keeps the slots of a job that was only suspended', async (t) => {
  const { world, gateway, jobManager, task, tellJobLeader } = await withTask(t)
  jobManager.accept = () => []
  await gateway.disconnectJobMaster({
    jobId: 'job',
    cause: { ...CAUSE, code: 'FLINK_JOB_SUSPENDED' },
  })
  t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
  const next = nextJobMaster(world)
  tellJobLeader(next.leader)
  await settle()
  t.same(next.offers, ['a'])
})

t.test('TaskExecutor gives everything back when the JobMaster disconnects', async (t) => {
  const { gateway, jobManager, task } = await withTask(t)
  await gateway.disconnectJobMaster({ jobId: 'job', cause: CAUSE })
  await settle()
  t.equal(task.failure!.message, 'test')
  t.same(jobManager.heard(), ['rm available a'])
})

// ---------------------------------------------------------------- end

t.test(
  'TaskExecutor.close tells everybody at once, ends its tasks and leaves no timer',
  async (t) => {
    const { world, taskExecutor, jobManager, launcher, task, store } = await withTask(t)
    await taskExecutor.close()
    t.same(jobManager.heard().slice(0, 2).sort(), [
      'jm disconnect FLINK_TASK_MANAGER_CLOSING',
      'rm disconnect FLINK_TASK_MANAGER_CLOSING',
    ])
    t.match(task.failure, { code: 'FLINK_TASK_MANAGER_CLOSING' })
    t.ok(launcher.isClosed)
    t.same(store.keys, [])
    t.equal(world.clock.pendingTimers, 0)
  },
)
