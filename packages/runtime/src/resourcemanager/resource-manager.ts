import type { Random, ResourceId } from '@flink-ts/core'
import {
  FencedRpcEndpoint,
  type FencingToken,
  formatFencingToken,
  type RpcEndpointOptions,
} from '@flink-ts/rpc'
import { isGloballyTerminalJobStatus } from '../executiongraph/job-status.js'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import type { LeaderElection } from '../highavailability/high-availability-services.js'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import { RESOURCE_MANAGER_GATEWAY } from '../messages/gateways.js'
import type {
  Acknowledge,
  ApplicationStatus,
  DeclareRequiredResourcesRequest,
  DeregisterApplicationRequest,
  DisconnectJobMasterRequest,
  DisconnectTaskExecutorRequest,
  EndpointAddress,
  NotifyNewBlockedNodesRequest,
  NotifySlotAvailableRequest,
  RegisterJobMasterRequest,
  RegisterJobMasterResponse,
  RegisterTaskExecutorRequest,
  RegisterTaskExecutorResponse,
  RequestResourceOverviewRequest,
  RequestTaskManagersRequest,
  RequestTaskManagersResponse,
  ResourceManagerGateway,
  ResourceOverview,
  SendSlotReportRequest,
} from '../messages/messages.generated.js'
import type { BlocklistHandler } from './blocklist/blocklist-handler.js'
import { InMemoryBlocklistHandler } from './blocklist/in-memory-blocklist-handler.js'
import { DriverSessions } from './driver-sessions.js'
import { RegisteredJobMasters } from './registered-job-masters.js'
import { RegisteredTaskExecutors } from './registered-task-executors.js'
import type { ResourceManagerDriver } from './resource-manager-driver.js'
import type { ResourceManagerSettings } from './resource-manager-settings.js'
import { SlotMessages } from './slot-messages.js'
import { SlotManager } from './slotmanager/slot-manager.js'
import { taskManagerInfo } from './task-executor-registration.js'

export interface ResourceManagerConstructorOptions extends RpcEndpointOptions {
  /** Of this process. */
  readonly resourceId: ResourceId
  readonly random: Random
  readonly settings: ResourceManagerSettings
  readonly driver: ResourceManagerDriver
  /** What the driver keeps from one leader to the next, of the term of leadership that is named. */
  readonly driverStore: (token: FencingToken) => VersionedStore
  /** For `{ kind: 'resourcemanager' }`; closed with the ResourceManager. */
  readonly leaderElection: LeaderElection
  /** Where TaskManagers fetch programs. */
  readonly blobServer: EndpointAddress
  /** The driver cannot go on, or the ResourceManager itself: the process must end. */
  readonly onFatalError: (error: unknown) => void
}

const ACKNOWLEDGE: Acknowledge = {}

/** Pause before a JobMaster that could not be told of missing slots is told again. */
const TELL_AGAIN_MS = 1_000

/**
 * Knows the TaskManagers and grants their slots to JobMasters. It keeps nothing: a new leader learns
 * everything from the registrations that follow.
 */
export class ResourceManager extends FencedRpcEndpoint implements ResourceManagerGateway {
  readonly #options: ResourceManagerConstructorOptions
  readonly #slotManager: SlotManager
  readonly #taskExecutors: RegisteredTaskExecutors
  readonly #jobMasters: RegisteredJobMasters
  readonly #blocklist: BlocklistHandler
  readonly #slotMessages: SlotMessages
  /** One while this one leads, or is about to. */
  readonly #sessions: DriverSessions
  #startUpTimeOver = false
  #cancelStartUpTimer: (() => void) | undefined

  constructor(options: ResourceManagerConstructorOptions) {
    super(options)
    this.#options = options
    this.#blocklist = new InMemoryBlocklistHandler({
      mainThread: this.mainThread,
      clock: this.clock,
      log: this.log,
      onBlocked: () => this.#slotManager.triggerCheck(),
      onUnblocked: () => this.#slotManager.triggerCheck(),
    })
    this.#slotManager = new SlotManager({
      mainThread: this.mainThread,
      log: this.log,
      clock: this.clock,
      random: options.random,
      settings: options.settings.slotManager,
      allocateSlot: (allocation) => this.#slotMessages.requestSlot(allocation),
      onDoubt: (resourceId) => this.#taskExecutors.requestHeartbeat(resourceId),
      onNotEnoughResources: (jobId, acquired, _missing, reason) => {
        if (this.#startUpTimeOver) this.#slotMessages.notEnoughResources(jobId, acquired, reason)
      },
      blockedNodes: () => this.#blocklist.blockedNodes,
      workers: {
        declare: (needed, unwanted) => this.#sessions.current?.workers?.declare(needed, unwanted),
        hindrance: () => this.#sessions.current?.workers?.hindrance,
        canBeReleased: async (resourceId) =>
          (await this.#taskExecutors.get(resourceId)!.gateway.canBeReleased({})).canBeReleased,
      },
    })
    const registered = {
      rpcService: this.rpcService,
      mainThread: this.mainThread,
      clock: this.clock,
      log: this.log,
      settings: options.settings.heartbeat,
      resourceId: options.resourceId,
    }
    this.#taskExecutors = new RegisteredTaskExecutors({
      ...registered,
      random: options.random,
      slotManager: this.#slotManager,
      token: () => this.fencingToken!,
      onSlotsKnown: (resourceId) => this.#sessions.current?.workers?.registered(resourceId),
      onLost: (resourceId, cause) => this.#workerLost(resourceId, cause),
    })
    this.#jobMasters = new RegisteredJobMasters({
      ...registered,
      jobTimeoutMs: options.settings.jobTimeoutMs,
      explainsEnds: options.driver.canStartWorkers,
      onSuspended: (jobId) => this.#slotManager.suspendRequirements(jobId),
      onForgotten: (jobId) => this.#slotManager.processRequirements(jobId, []),
    })
    this.#slotMessages = new SlotMessages({
      taskExecutors: this.#taskExecutors,
      jobMasters: this.#jobMasters,
      token: () => this.fencingToken!,
      log: this.log,
      onUntold: (jobId) => {
        this.mainThread.schedule(TELL_AGAIN_MS, () => this.#slotManager.tellAgain(jobId))
      },
    })
    this.#sessions = new DriverSessions({
      driver: options.driver,
      spec: options.settings.slotManager.workerSpec,
      settings: options.settings.workers,
      mainThread: this.mainThread,
      clock: this.clock,
      log: this.log,
      blockedNodes: () => this.#blocklist.blockedNodes,
      onWorkerGone: (resourceId, cause, isIntended) =>
        this.#taskExecutors.lose(resourceId, cause, isIntended),
      onWorkerEnded: (resourceId, diagnostics) =>
        this.#jobMasters.taskManagerEnded(resourceId, diagnostics),
      onHindrance: () => this.#slotManager.triggerCheck(),
      onFatalError: options.onFatalError,
    })
  }

  // ---------------------------------------------------------------- TaskManagers

  async registerTaskExecutor(
    request: RegisterTaskExecutorRequest,
  ): Promise<RegisterTaskExecutorResponse> {
    const { resourceId } = request.location
    const session = this.#sessions.current
    if (!(await session?.accepts(resourceId))) {
      return {
        rejection: `no TaskManager ${resourceId} was started for this cluster`,
        unknownWorker: true,
      }
    }
    const rejection =
      this.#sessions.current === session
        ? this.#taskExecutors.reasonToReject(request)
        : 'its leader is gone'
    if (rejection !== undefined) return { rejection }
    const { instanceId } = this.#taskExecutors.register(request)
    return {
      success: {
        instanceId,
        resourceManagerId: this.#options.resourceId,
        blobServer: this.#options.blobServer,
      },
    }
  }

  async sendSlotReport(request: SendSlotReportRequest): Promise<Acknowledge> {
    const { resourceId, instanceId, report } = request
    this.#taskExecutors.require(resourceId, instanceId)
    // Only the first report brings the slots: it may be repeated, and later ones come with heartbeats.
    if (this.#slotManager.taskManager(resourceId)?.instanceId !== instanceId) {
      this.#taskExecutors.registerSlots(resourceId, report)
    }
    return ACKNOWLEDGE
  }

  async notifySlotAvailable(request: NotifySlotAvailableRequest): Promise<Acknowledge> {
    const { resourceId, instanceId, slotId, allocationId } = request
    this.#taskExecutors.require(resourceId, instanceId)
    this.#slotManager.slotAvailable(instanceId, resourceId, slotId.slotNumber, allocationId)
    return ACKNOWLEDGE
  }

  async disconnectTaskExecutor(request: DisconnectTaskExecutorRequest): Promise<Acknowledge> {
    const { resourceId, cause } = request
    if (this.#taskExecutors.remove(resourceId)) {
      this.log.info('TaskManager disconnected', { resourceId, cause: cause.message })
      this.#sessions.current?.workers?.disconnected(
        resourceId,
        this.#options.settings.heartbeat.timeoutMs,
      )
    }
    return ACKNOWLEDGE
  }

  // ---------------------------------------------------------------- JobMasters

  async registerJobMaster(request: RegisterJobMasterRequest): Promise<RegisterJobMasterResponse> {
    return this.#jobMasters.register(request)
  }

  async declareRequiredResources(request: DeclareRequiredResourcesRequest): Promise<Acknowledge> {
    const { jobId, jobMasterToken, version, requirements } = request
    if (this.#jobMasters.isNewVersion(jobId, jobMasterToken, version)) {
      this.#slotManager.processRequirements(jobId, requirements)
    }
    return ACKNOWLEDGE
  }

  async disconnectJobMaster(request: DisconnectJobMasterRequest): Promise<Acknowledge> {
    const { jobId, jobMasterToken, jobStatus } = request
    const hasEnded = isGloballyTerminalJobStatus(jobStatus)
    if (this.#jobMasters.disconnect(jobId, jobMasterToken, hasEnded)) {
      this.log.info('JobMaster disconnected', { jobId, jobStatus })
    }
    return ACKNOWLEDGE
  }

  // ---------------------------------------------------------------- the cluster

  async requestTaskManagers(
    request: RequestTaskManagersRequest,
  ): Promise<RequestTaskManagersResponse> {
    const taskManagers = [...this.#taskExecutors.all]
      .filter(({ resourceId }) => (request.resourceId ?? resourceId) === resourceId)
      .map((registration) =>
        taskManagerInfo(
          registration,
          this.#slotManager.taskManager(registration.resourceId),
          this.#taskExecutors.lastHeartbeatMs(registration.resourceId)!,
        ),
      )
    return { taskManagers }
  }

  async requestResourceOverview(
    _request: RequestResourceOverviewRequest,
  ): Promise<ResourceOverview> {
    return {
      taskManagers: this.#taskExecutors.size,
      slotsTotal: this.#slotManager.numberOfSlots,
      slotsAvailable: this.#slotManager.numberOfFreeSlots,
    }
  }

  async deregisterApplication(request: DeregisterApplicationRequest): Promise<Acknowledge> {
    const { status, diagnostics } = request
    await this.endApplication(status, diagnostics)
    return ACKNOWLEDGE
  }

  /** Tells the cluster manager, if this one leads. The first call counts. */
  async endApplication(status: ApplicationStatus, diagnostics: string): Promise<void> {
    this.log.info('The application ends', { status, diagnostics })
    await this.#sessions.current?.deregister(status, diagnostics)
  }

  async notifyNewBlockedNodes({ nodes }: NotifyNewBlockedNodesRequest): Promise<Acknowledge> {
    this.#blocklist.addNewBlockedNodes(nodes)
    return ACKNOWLEDGE
  }

  // ---------------------------------------------------------------- life cycle

  protected override async onStart(): Promise<void> {
    const { leaderElection } = this.#options
    this.serve<ResourceManagerGateway>(RESOURCE_MANAGER_GATEWAY, this)
    leaderElection.start({
      grantLeadership: (token) => this.mainThread.execute(() => this.#lead(token)),
      revokeLeadership: () => this.mainThread.execute(() => this.#stopLeading()),
    })
  }

  protected override async onStop(): Promise<void> {
    await this.#options.leaderElection.close()
    this.#stopLeading()
    await this.#sessions.ended
  }

  #lead(token: FencingToken): void {
    this.#stopLeading()
    this.#sessions.begin(this.#options.driverStore(token), () => this.#confirm(token))
  }

  #confirm(token: FencingToken): void {
    const { settings, leaderElection } = this.#options
    this.fencingToken = token
    this.log.info('The ResourceManager leads', { token: formatFencingToken(token) })
    // Whoever can start workers knows at once which slots there will never be.
    const { startUpTimeMs, slotManager } = settings
    const delayMs = slotManager.workerSpec === undefined ? startUpTimeMs : 0
    this.#cancelStartUpTimer = this.mainThread.schedule(delayMs, () => {
      this.#startUpTimeOver = true
      this.#slotManager.triggerCheck()
    })
    const { address, endpointId } = this
    leaderElection.confirmLeadership({ address, endpointId, token })
  }

  #stopLeading(): void {
    this.fencingToken = undefined
    this.#cancelStartUpTimer?.()
    this.#startUpTimeOver = false
    this.#taskExecutors.clear()
    this.#jobMasters.clear()
    this.#slotManager.clear()
    this.#blocklist.clear()
    this.#sessions.end()
  }

  #workerLost(resourceId: string, cause: Error): void {
    const workers = this.#sessions.current?.workers
    if (cause instanceof HeartbeatLostError) workers?.lost(resourceId)
    else workers?.disconnected(resourceId, this.#options.settings.heartbeat.timeoutMs)
  }
}
