import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { FlinkError } from '@flink-ts/core'
import {
  type FencingToken,
  formatFencingToken,
  type MainThreadExecutor,
  type RpcService,
  sameFencingToken,
} from '@flink-ts/rpc'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import { HeartbeatReceiver } from '../heartbeat/heartbeat-receiver.js'
import type {
  LeaderAddress,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'
import { toErrorInfo } from '../messages/error-info.js'
import { RESOURCE_MANAGER_GATEWAY } from '../messages/gateways.js'
import type {
  EndpointAddress,
  RegisterTaskExecutorRequest,
  RegisterTaskExecutorSuccess,
  ResourceManagerGateway,
  SlotReport,
} from '../messages/messages.generated.js'
import { RetryingRegistration } from '../registration/retrying-registration.js'
import { OrderedSender } from './ordered-sender.js'
import type { TaskSlot } from './slot/task-slot.js'
import {
  RegistrationTimeoutError,
  StaleCallerError,
  TaskManagerGivenUpError,
} from './task-executor-errors.js'
import type { TaskExecutorSettings } from './task-executor-settings.js'

export interface TaskManagerRegistrationOptions {
  readonly resourceId: string
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly settings: TaskExecutorSettings
  readonly retriever: LeaderRetriever
  readonly request: () => RegisterTaskExecutorRequest
  readonly slotReport: () => SlotReport
  readonly onFatalError: (error: unknown) => void
}

/** A call to the ResourceManager that has to arrive. */
type Message = (gateway: ResourceManagerGateway) => Promise<unknown>

interface Leader {
  readonly address: LeaderAddress
  readonly gateway: ResourceManagerGateway
  readonly registration: RetryingRegistration<RegisterTaskExecutorSuccess>
  readonly sender: OrderedSender<Message>
  readonly unsubscribe: () => void
  success: RegisterTaskExecutorSuccess | undefined
}

/**
 * Keeps a TaskManager registered at the leading ResourceManager: finds the leader, registers, brings the
 * slot report, notices its loss, and starts again. Too long without registration is fatal, as is a ResourceManager that does not know its
 * own TaskManager any more: it has started another one.
 */
export class TaskManagerRegistration {
  readonly #options: TaskManagerRegistrationOptions
  readonly #heartbeats: HeartbeatReceiver
  #leader: Leader | undefined
  /** The term of leadership in which this TaskManager was last registered. */
  #lastTerm: FencingToken | undefined
  #blobServer: EndpointAddress | undefined
  #cancelTimeout: CancelTimer | undefined
  #isClosed = false

  constructor(options: TaskManagerRegistrationOptions) {
    this.#options = options
    const { heartbeat } = options.settings
    this.#heartbeats = new HeartbeatReceiver({
      ...options,
      settings: heartbeat,
      onLost: (id) => {
        const { timeoutMs } = heartbeat
        const peer = `ResourceManager ${id}`
        this.reconnect(new HeartbeatLostError({ peer, state: 'TIMEOUT', timeoutMs }))
      },
    })
  }

  /** The last that was told; it stays when the ResourceManager is lost. */
  get blobServer(): EndpointAddress | undefined {
    return this.#blobServer
  }

  get isRegistered(): boolean {
    return this.#leader?.success !== undefined
  }

  start(): void {
    const { retriever, mainThread } = this.#options
    this.#armTimeout()
    retriever.start((leader) => mainThread.execute(() => this.#onLeader(leader)))
  }

  /** @throws StaleCallerError unless the ResourceManager with `token` is the one that we are registered at */
  mustBeRegisteredAt(token: FencingToken): void {
    if (this.isRegistered && sameFencingToken(this.#leader?.address.token, token)) return
    throw this.#notRegisteredAt(token.uuid)
  }

  /** @throws StaleCallerError unless `token` is of the ResourceManager that we (try to) register at */
  checkResourceManager(token: FencingToken | undefined): void {
    const known = this.#leader?.address.token
    if (token !== undefined && sameFencingToken(known, token)) return
    throw new StaleCallerError({
      caller: `ResourceManager with token ${formatFencingToken(token)}`,
      why: `TaskManager ${this.#options.resourceId} follows the one with ${formatFencingToken(known)}`,
    })
  }

  /** @throws StaleCallerError unless that ResourceManager is the one that we are registered at */
  receiveHeartbeat(resourceManagerId: string): void {
    if (this.#leader?.success?.resourceManagerId !== resourceManagerId) {
      throw this.#notRegisteredAt(resourceManagerId)
    }
    this.#heartbeats.receiveHeartbeat(resourceManagerId)
  }

  /** A slot is free again; repeated until the ResourceManager knows, or is lost. */
  notifySlotAvailable({ slotNumber, allocationId }: TaskSlot): void {
    const leader = this.#leader
    if (leader?.success === undefined) return
    const { resourceId } = this.#options
    const { instanceId } = leader.success
    const slotId = { resourceId, slotNumber }
    leader.sender.send((gateway) =>
      gateway.notifySlotAvailable({ resourceId, instanceId, slotId, allocationId }),
    )
  }

  /** Registers again at the same leader, if there is one. */
  reconnect(cause: Error): void {
    const address = this.#leader?.address
    if (address === undefined || this.#isClosed) return
    this.#options.log.warn('Lost the ResourceManager; registering again', {
      resourceManager: address.address,
      error: cause,
    })
    this.#disconnect()
    this.#connect(address)
  }

  /** Tells the ResourceManager that this TaskManager goes. */
  async close(cause: Error): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelTimeout?.()
    const leader = this.#leader
    this.#disconnect()
    this.#cancelTimeout?.()
    this.#heartbeats.close()
    await this.#options.retriever.close()
    if (leader?.success === undefined) return
    const { resourceId, log } = this.#options
    try {
      await leader.gateway.disconnectTaskExecutor({ resourceId, cause: toErrorInfo(cause) })
    } catch (error) {
      // It will notice the closed connection.
      log.info('The ResourceManager was not told of the end of a TaskManager', { error })
    }
  }

  #notRegisteredAt(resourceManagerId: string): StaleCallerError {
    const why = `TaskManager ${this.#options.resourceId} is not registered at it`
    return new StaleCallerError({ caller: `ResourceManager ${resourceManagerId}`, why })
  }

  #onLeader(address: LeaderAddress | undefined): void {
    if (this.#isClosed) return
    this.#disconnect()
    if (address !== undefined) this.#connect(address)
  }

  #connect(address: LeaderAddress): void {
    const { rpcService, mainThread, log, settings, request } = this.#options
    const gateway = rpcService.connect<ResourceManagerGateway>(
      address.address,
      address.endpointId,
      RESOURCE_MANAGER_GATEWAY,
      { fencingToken: address.token },
    )
    const leader: Leader = {
      address,
      gateway,
      success: undefined,
      sender: new OrderedSender<Message>({
        mainThread,
        log,
        send: (message) => message(gateway),
        onRefused: (_message, error) => this.#onRefused(leader, error),
      }),
      registration: new RetryingRegistration<RegisterTaskExecutorSuccess>({
        target: `ResourceManager ${address.address}/${address.endpointId}`,
        mainThread,
        log,
        settings: settings.registration,
        register: async (timeoutMs) => {
          const response = await gateway.registerTaskExecutor(request(), { timeoutMs })
          const { rejection, unknownWorker } = response
          if (unknownWorker && rejection !== undefined) {
            mainThread.execute(() => this.#onUnknown(leader, rejection))
          }
          return response
        },
        onRegistered: (success) => this.#onRegistered(leader, success),
      }),
      unsubscribe: rpcService.onConnectionLost(address.address, (reason) =>
        mainThread.execute(() => {
          if (this.#leader === leader && leader.success !== undefined) this.reconnect(reason)
        }),
      ),
    }
    this.#leader = leader
    leader.registration.start()
  }

  #onRegistered(leader: Leader, success: RegisterTaskExecutorSuccess): void {
    if (this.#leader !== leader) return
    leader.success = success
    this.#lastTerm = leader.address.token
    this.#blobServer = success.blobServer
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
    this.#heartbeats.monitorPeer(success.resourceManagerId)
    const { resourceId, slotReport } = this.#options
    const { instanceId } = success
    // First in the queue: slots that become free later are told afterwards.
    leader.sender.send((gateway) =>
      gateway.sendSlotReport({ resourceId, instanceId, report: slotReport() }),
    )
  }

  /** One that was never known to this leader may be known in a moment. */
  #onUnknown(leader: Leader, rejection: string): void {
    if (this.#leader !== leader || !sameFencingToken(this.#lastTerm, leader.address.token)) return
    leader.registration.cancel()
    const { resourceId, onFatalError } = this.#options
    onFatalError(new TaskManagerGivenUpError({ resourceId, rejection }))
  }

  #onRefused(leader: Leader, error: unknown): void {
    if (this.#leader !== leader) return
    this.reconnect(
      new FlinkError('The ResourceManager does not know this registration', {
        code: 'FLINK_REGISTRATION_UNKNOWN',
        cause: error,
      }),
    )
  }

  #disconnect(): void {
    const leader = this.#leader
    this.#leader = undefined
    if (leader === undefined) return
    leader.registration.cancel()
    leader.sender.close()
    leader.unsubscribe()
    if (leader.success === undefined) return
    this.#heartbeats.unmonitorPeer(leader.success.resourceManagerId)
    this.#armTimeout()
  }

  #armTimeout(): void {
    const { mainThread, settings, resourceId, onFatalError } = this.#options
    const timeoutMs = settings.registrationTimeoutMs
    this.#cancelTimeout?.()
    this.#cancelTimeout = mainThread.schedule(timeoutMs, () =>
      onFatalError(new RegistrationTimeoutError({ resourceId, timeoutMs })),
    )
  }
}
