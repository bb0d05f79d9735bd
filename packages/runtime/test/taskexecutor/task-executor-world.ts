import type { ResourceId } from '@flink-ts/core'
import type { FencingToken, RpcService } from '@flink-ts/rpc'
import type { Test } from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { blobKeyOf } from '../../dist/blob/blob-key.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
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
  RegisterTaskExecutorResponse,
  ResourceManagerGateway,
  TaskDeploymentDescriptor,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { TaskExecutor } from '../../dist/taskexecutor/task-executor.js'
import { DEFAULT_TASK_EXECUTOR_SETTINGS } from '../../dist/taskexecutor/task-executor-settings.js'
import { location, settle, TestWorld, taskManagerFacts } from '../testing/control-plane.js'
import { TestingTaskLauncher } from './testing-task-launcher.js'

export const RM_TOKEN = { epoch: 1, uuid: 'rm' }
export const JM_TOKEN = { epoch: 1, uuid: 'jm' }
export const JOB_MASTER = { address: 'jm:1', endpointId: 'jm_job' }
export const CAUSE = { name: 'Error', message: 'test' }
export const BUNDLE = Uint8Array.from([1, 2, 3])

/** The JobManager process as one TaskExecutor sees it; `log` has what it heard, in order. */
export class JobManager {
  readonly log: string[] = []
  readonly offers: string[][] = []
  readonly service: RpcService
  accept = (allocationIds: string[]) => allocationIds
  /** Undefined: TaskManagers are registered. */
  rejection: RegisterTaskExecutorResponse | undefined
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
          if (this.rejection !== undefined) return this.rejection
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

export const RM_LEADER: LeaderAddress = { address: 'jm:1', endpointId: 'rm', token: RM_TOKEN }

export async function setUp(t: Test, options: { withJobManager?: boolean; slots?: number } = {}) {
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

export type SetUp = Awaited<ReturnType<typeof setUp>>

export async function registered(t: Test, slots = 2): Promise<SetUp> {
  const setup = await setUp(t, { slots })
  setup.tellLeader(RM_LEADER)
  await settle()
  t.same(setup.jobManager.heard(), [
    'rm register tm1',
    `rm report ${Array(slots).fill('-').join()}`,
  ])
  return setup
}

export function slotRequest(slotNumber: number, allocationId: string) {
  return {
    slotId: { resourceId: 'tm1', slotNumber },
    jobId: 'job',
    allocationId,
    jobMaster: JOB_MASTER,
    jobMasterToken: JM_TOKEN,
    resourceManagerToken: RM_TOKEN,
  }
}

export function descriptor(attempt: string, allocationId: string, withBundle = false) {
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
export async function withSlot(t: Test): Promise<SetUp> {
  const setup = await registered(t)
  await setup.gateway.requestSlot(slotRequest(0, 'a'))
  await settle()
  t.same(setup.jobManager.heard(), ['jm register'])
  return setup
}

export async function withTask(t: Test) {
  const setup = await withSlot(t)
  await setup.gateway.submitTask({ descriptor: descriptor('x', 'a') })
  return { ...setup, task: setup.launcher.tasks[0]! }
}
