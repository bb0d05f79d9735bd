import { isDeepStrictEqual } from 'node:util'
import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { FencingToken, MainThreadExecutor, RpcService } from '@flink-ts/rpc'
import { isGloballyTerminalJobStatus } from '../executiongraph/job-status.js'
import { HeartbeatReceiver } from '../heartbeat/heartbeat-receiver.js'
import type { HeartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import type {
  LeaderAddress,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'
import { RESOURCE_MANAGER_GATEWAY } from '../messages/gateways.js'
import type {
  EndpointAddress,
  JobStatus,
  RegisterJobMasterSuccess,
  ResourceManagerGateway,
  ResourceRequirement,
} from '../messages/messages.generated.js'
import type { RegistrationSettings } from '../registration/registration-settings.js'
import { RetryingRegistration } from '../registration/retrying-registration.js'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 30_000

export interface ResourceManagerConnectionOptions {
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly retriever: LeaderRetriever
  readonly registration: RegistrationSettings
  readonly heartbeat: HeartbeatSettings
  readonly jobId: string
  /** Of the JobMaster. */
  readonly address: EndpointAddress
  readonly token: FencingToken
  readonly resourceId: string
  /** Slots that the job needs now. */
  readonly requirements: () => readonly ResourceRequirement[]
}

interface Leader {
  readonly address: LeaderAddress
  readonly gateway: ResourceManagerGateway
  readonly registration: RetryingRegistration<RegisterJobMasterSuccess>
  readonly unsubscribe: () => void
  resourceManagerId: string | undefined
  explainsEnds: boolean
}

/** Registers a JobMaster at the leading ResourceManager and keeps telling it which slots the job needs. */
export class ResourceManagerConnection {
  readonly #options: ResourceManagerConnectionOptions
  readonly #heartbeats: HeartbeatReceiver
  #leader: Leader | undefined
  #version = 0
  #declarationDue = false
  #declaring = false
  #cancelRetry: CancelTimer | undefined
  #closed = false

  constructor(options: ResourceManagerConnectionOptions) {
    this.#options = options
    this.#heartbeats = new HeartbeatReceiver({
      mainThread: options.mainThread,
      clock: options.clock,
      settings: options.heartbeat,
      onLost: () => this.reconnect('its heartbeat timed out'),
    })
  }

  start(): void {
    const { retriever, mainThread } = this.#options
    retriever.start((leader) => mainThread.execute(() => this.#onLeader(leader)))
  }

  /** Whether the ResourceManager tells why TaskManagers end. */
  get explainsEnds(): boolean {
    return this.#leader?.explainsEnds ?? false
  }

  receiveHeartbeat(resourceManagerId: string): void {
    this.#heartbeats.receiveHeartbeat(resourceManagerId)
  }

  /** The number of required slots has changed; several changes in one turn are told together. */
  requirementsChanged(): void {
    if (this.#declarationDue || this.#closed) return
    this.#declarationDue = true
    this.#options.mainThread.execute(() => this.#declare(FIRST_RETRY_MS))
  }

  /** Registers again at the same leader. */
  reconnect(reason: string): void {
    const leader = this.#leader
    if (leader === undefined || this.#closed) return
    const { log, jobId } = this.#options
    log.warn('Connection to the ResourceManager is lost; registering again', { jobId, reason })
    this.#disconnect()
    this.#connect(leader.address)
  }

  /**
   * Tells the ResourceManager, as far as it can be reached, how the job left this JobMaster: one that has ended needs
   * nothing any more.
   */
  async close(jobStatus: JobStatus): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const leader = this.#leader
    const wasRegistered = leader?.resourceManagerId !== undefined
    this.#disconnect()
    this.#heartbeats.close()
    await this.#options.retriever.close()
    if (leader === undefined || !wasRegistered) return
    const { jobId, token, log } = this.#options
    try {
      if (isGloballyTerminalJobStatus(jobStatus)) await this.#declareNothing(leader)
      await leader.gateway.disconnectJobMaster({ jobId, jobMasterToken: token, jobStatus })
    } catch (error) {
      // Its heartbeats will tell it.
      log.info('The ResourceManager was not told of the end of a job', { jobId, error })
    }
  }

  #onLeader(address: LeaderAddress | undefined): void {
    if (this.#closed) return
    this.#disconnect()
    if (address !== undefined) this.#connect(address)
  }

  #connect(address: LeaderAddress): void {
    const { rpcService, mainThread, log, registration: settings } = this.#options
    const { jobId, token, resourceId } = this.#options
    const gateway = rpcService.connect(
      address.address,
      address.endpointId,
      RESOURCE_MANAGER_GATEWAY,
      { fencingToken: address.token },
    )
    const leader: Leader = {
      address,
      gateway,
      resourceManagerId: undefined,
      explainsEnds: false,
      registration: new RetryingRegistration<RegisterJobMasterSuccess>({
        target: `ResourceManager ${address.address}/${address.endpointId}`,
        mainThread,
        log,
        settings,
        register: (timeoutMs) =>
          gateway.registerJobMaster(
            {
              jobId,
              jobMaster: this.#options.address,
              jobMasterToken: token,
              jobMasterResourceId: resourceId,
            },
            { timeoutMs },
          ),
        onRegistered: (success) => this.#onRegistered(leader, success),
      }),
      unsubscribe: rpcService.onConnectionLost(address.address, (reason) =>
        mainThread.execute(() => {
          if (this.#leader === leader && leader.resourceManagerId !== undefined) {
            this.reconnect(reason.message)
          }
        }),
      ),
    }
    this.#leader = leader
    leader.registration.start()
  }

  #onRegistered(leader: Leader, success: RegisterJobMasterSuccess): void {
    if (this.#leader !== leader) return
    leader.resourceManagerId = success.resourceManagerId
    leader.explainsEnds = success.explainsEnds ?? false
    this.#heartbeats.monitorPeer(success.resourceManagerId)
    this.requirementsChanged()
  }

  #disconnect(): void {
    const leader = this.#leader
    this.#leader = undefined
    this.#cancelRetry?.()
    if (leader === undefined) return
    leader.registration.cancel()
    leader.unsubscribe()
    if (leader.resourceManagerId !== undefined) {
      this.#heartbeats.unmonitorPeer(leader.resourceManagerId)
    }
  }

  async #declareNothing({ gateway }: Leader): Promise<void> {
    const { jobId, token } = this.#options
    await gateway.declareRequiredResources({
      jobId,
      jobMasterToken: token,
      version: ++this.#version,
      requirements: [],
    })
  }

  // One declaration at a time; what changes meanwhile is in the next.
  #declare(retryMs: number): void {
    const leader = this.#leader
    if (this.#declaring) return
    this.#declarationDue = false
    if (leader?.resourceManagerId === undefined || this.#closed) return
    const { jobId, token, requirements, mainThread, log } = this.#options
    const declared = requirements()
    this.#declaring = true
    const done = (next: () => void) =>
      mainThread.execute(() => {
        this.#declaring = false
        if (this.#closed) return
        if (this.#leader === leader) next()
        else this.#declare(FIRST_RETRY_MS)
      })
    leader.gateway
      .declareRequiredResources({
        jobId,
        jobMasterToken: token,
        version: ++this.#version,
        requirements: declared,
      })
      .then(
        () =>
          done(() => {
            const isOld = this.#declarationDue || !isDeepStrictEqual(requirements(), declared)
            if (isOld) this.#declare(FIRST_RETRY_MS)
          }),
        (error) =>
          done(() => {
            log.warn('Declaring required slots failed', { jobId, error, retryInMs: retryMs })
            this.#cancelRetry = mainThread.schedule(retryMs, () =>
              this.#declare(Math.min(2 * retryMs, MAX_RETRY_MS)),
            )
          }),
      )
  }
}
