import { type Logger, type ResourceId, SeededRandom } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import type { LeaderElection } from '../../dist/highavailability/high-availability-services.js'
import { StandaloneHaServices } from '../../dist/highavailability/standalone-ha-services.js'
import {
  JOB_MASTER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from '../../dist/messages/gateways.js'
import type {
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { ResourceManager } from '../../dist/resourcemanager/resource-manager.js'
import type {
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from '../../dist/resourcemanager/resource-manager-driver.js'
import { DEFAULT_RESOURCE_MANAGER_SETTINGS } from '../../dist/resourcemanager/resource-manager-settings.js'
import { multiplyProfile } from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import {
  location,
  SLOT_PROFILE,
  settle,
  TestWorld,
  taskManagerFacts,
} from '../testing/control-plane.js'

export const BLOB_SERVER = { address: 'jm:1', endpointId: 'blobserver' }

class TestingDriver implements ResourceManagerDriver {
  readonly name = 'testing'
  readonly canStartWorkers: boolean
  readonly calls: string[] = []
  readonly #recovered: readonly string[] | undefined
  readonly #tellsLater: boolean
  handler: ResourceEventHandler | undefined

  /**
   * @param recovered workers of an earlier attempt; undefined: it can start none
   * @param tellsLater only when it is told to, by `tellRecovered`
   */
  constructor(recovered?: readonly string[], tellsLater = false) {
    this.#tellsLater = tellsLater
    this.canStartWorkers = recovered !== undefined
    this.#recovered = recovered
  }

  async initialize(handler: ResourceEventHandler) {
    this.handler = handler
    this.calls.push('initialize')
    if (this.canStartWorkers && !this.#tellsLater) this.tellRecovered()
  }
  tellRecovered() {
    const workers = (this.#recovered ?? []).map((id) => ({ resourceId: id as ResourceId }))
    this.handler!.onPreviousAttemptWorkersRecovered(workers)
  }
  requested = 0
  /** What becomes of requests. */
  request: ResourceManagerDriver['requestResource'] = async () => {
    throw new Error('cannot')
  }
  requestResource: ResourceManagerDriver['requestResource'] = (spec, options) => {
    this.requested++
    return this.request(spec, options)
  }
  workerDisconnected({ resourceId }: WorkerHandle) {
    this.calls.push(`why ${resourceId}?`)
  }
  releaseResource({ resourceId }: WorkerHandle) {
    this.calls.push(`release ${resourceId}`)
  }
  async deregisterApplication(status: string, diagnostics: string) {
    this.calls.push(`deregister ${status} ${diagnostics}`)
  }
  async terminate() {
    this.calls.push('terminate')
  }
}

export async function setUp(
  options: {
    log?: Logger
    leaderElection?: LeaderElection
    /** Of an earlier attempt, in a cluster that starts its workers. */
    recovered?: readonly string[]
    /** Those are not known yet. */
    recoversLater?: boolean
  } = {},
) {
  const world = new TestWorld()
  const ha = new StandaloneHaServices({ processStartMs: 100, random: new SeededRandom(1) })
  const { recovered } = options
  const driver = new TestingDriver(recovered, options.recoversLater)
  const settings = DEFAULT_RESOURCE_MANAGER_SETTINGS
  const workerSpec: WorkerResourceSpec = {
    cpuCores: 1,
    totalProcessBytes: 1,
    numberOfSlots: 1,
    slotProfile: SLOT_PROFILE,
    totalProfile: SLOT_PROFILE,
    dynamicProperties: {},
  }
  const fatal: unknown[] = []
  const resourceManager = new ResourceManager({
    rpcService: world.service('jm:1'),
    endpointId: 'rm',
    log: options.log ?? world.log,
    clock: world.clock,
    random: new SeededRandom(2),
    resourceId: 'jm-process' as ResourceId,
    settings:
      recovered === undefined
        ? settings
        : { ...settings, slotManager: { ...settings.slotManager, workerSpec } },
    driver,
    driverStore: (term) => ha.stores(term).namespace('none-workers'),
    leaderElection: options.leaderElection ?? ha.leaderElection({ kind: 'resourcemanager' }),
    blobServer: BLOB_SERVER,
    onFatalError: (error) => void fatal.push(error),
  })
  await resourceManager.start()
  await settle()
  const token = ha.leaders.leaderOf({ kind: 'resourcemanager' })?.token ?? { epoch: 1, uuid: 'a' }
  const gateway = world
    .service('observer:1')
    .connect<ResourceManagerGateway>('jm:1', 'rm', RESOURCE_MANAGER_GATEWAY, {
      fencingToken: token,
    })
  return { world, driver, fatal, resourceManager, token, gateway }
}

type SetUp = Awaited<ReturnType<typeof setUp>>
let attempts = 0

export function registration(resourceId: string, numberOfSlots: number) {
  const { hardware, memory } = taskManagerFacts(numberOfSlots)
  return {
    taskExecutor: { address: `${resourceId}:1`, endpointId: 'te' },
    location: location(resourceId),
    hardware,
    memory,
    numberOfSlots,
    defaultSlotProfile: SLOT_PROFILE,
    totalProfile: multiplyProfile(SLOT_PROFILE, numberOfSlots),
    registrationId: { processId: resourceId, attempt: ++attempts },
  }
}

export function freeSlots(resourceId: string, numberOfSlots: number) {
  const slots = Array.from({ length: numberOfSlots }, (_, slotNumber) => ({
    slotId: { resourceId, slotNumber },
    profile: SLOT_PROFILE,
    assignedTasks: 0,
  }))
  return { slots }
}

export async function taskManager(
  { world, gateway }: SetUp,
  resourceId: string,
  slots: number,
  handlers: Partial<TaskExecutorGateway> = {},
) {
  const service = world.service(`${resourceId}:1`)
  const requested: string[] = []
  const disconnected: string[] = []
  world.serve<TaskExecutorGateway>(service, 'te', TASK_EXECUTOR_GATEWAY, {
    requestSlot: async ({ slotId, jobId }) => {
      requested.push(`${jobId}@${slotId.slotNumber}`)
      return {}
    },
    heartbeatFromResourceManager: async () => ({
      report: freeSlots(resourceId, slots),
      metrics: { heap: 7 },
    }),
    disconnectResourceManager: async ({ cause }) => {
      disconnected.push(cause.message)
      return {}
    },
    ...handlers,
  })
  const { success } = await gateway.registerTaskExecutor(registration(resourceId, slots))
  const { instanceId } = success!
  const report = freeSlots(resourceId, slots)
  await gateway.sendSlotReport({ resourceId, instanceId, report })
  return { service, requested, disconnected, instanceId, success: success! }
}

export function jobMaster(
  { world }: SetUp,
  service: RpcService,
  endpointId: string,
  epoch: number,
  refusals = 0,
) {
  const token = { epoch, uuid: `jm${epoch}` }
  const short: number[] = []
  const reasons: (string | undefined)[] = []
  const ends: object[] = []
  let refused = 0
  world.serve<JobMasterGateway>(
    service,
    endpointId,
    JOB_MASTER_GATEWAY,
    {
      heartbeatFromResourceManager: async () => ({}),
      disconnectResourceManager: async () => ({}),
      notifyNotEnoughResources: async ({ acquired, reason }) => {
        if (refused++ < refusals) throw new Error('not now')
        reasons.push(reason)
        short.push(acquired.reduce((sum, { numberOfRequiredSlots: n }) => sum + n, 0))
        return {}
      },
      notifyTaskManagerEnded: async (end) => {
        ends.push(end)
        return {}
      },
    },
    token,
  )
  const request = {
    jobId: 'job',
    jobMaster: { address: service.address, endpointId },
    jobMasterToken: token,
    jobMasterResourceId: 'jm-process',
  }
  return { token, short, reasons, ends, request }
}
