import { type Clock, type InstanceId, type Logger, newHexId, type Random } from '@flink-ts/core'
import type { FencingToken, MainThreadExecutor, RpcService } from '@flink-ts/rpc'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import { HeartbeatSender } from '../heartbeat/heartbeat-sender.js'
import type { HeartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import { toErrorInfo } from '../messages/error-info.js'
import { TASK_EXECUTOR_GATEWAY } from '../messages/gateways.js'
import type {
  EndpointAddress,
  RegisterTaskExecutorRequest,
  SlotReport,
  TaskExecutorGateway,
  TaskExecutorHeartbeatPayload,
} from '../messages/messages.generated.js'
import { UnknownTaskExecutorError } from './resource-manager-errors.js'
import type { SlotManager } from './slotmanager/slot-manager.js'
import type { TaskExecutorRegistration } from './task-executor-registration.js'

export interface RegisteredTaskExecutorsOptions {
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly random: Random
  readonly settings: HeartbeatSettings
  /** Of the ResourceManager. */
  readonly resourceId: string
  /** Of the ResourceManager's leadership: TaskManagers refuse one that lost it. */
  readonly token: () => FencingToken
  /** Told of slot reports, and of TaskManagers that are gone. */
  readonly slotManager: SlotManager
  /** Its slots become known: it has registered in full. Whoever counts workers and slots sees both change at once. */
  readonly onSlotsKnown: (resourceId: string) => void
  /** It is not registered any more, and did not say so itself. */
  readonly onLost: (resourceId: string, cause: Error) => void
}

const MAX_REPLACED_PROCESSES = 1_000

interface StampedPayload {
  readonly askedAt: number
  readonly payload: TaskExecutorHeartbeatPayload
}

/** The TaskManagers of a ResourceManager, one registration per ResourceID; notices the loss of each. */
export class RegisteredTaskExecutors {
  readonly #options: RegisteredTaskExecutorsOptions
  readonly #byResourceId = new Map<string, TaskExecutorRegistration>()
  readonly #byAddress = new Map<string, TaskExecutorRegistration>()
  /** Processes in whose place another one with the same ResourceID came: their late messages count for nothing. */
  readonly #replacedProcesses = new Set<string>()
  readonly #heartbeats: HeartbeatSender<StampedPayload>

  constructor(options: RegisteredTaskExecutorsOptions) {
    this.#options = options
    const { timeoutMs } = options.settings
    this.#heartbeats = new HeartbeatSender({
      ...options,
      onHeartbeat: (id, stamped) => this.#onHeartbeat(id, stamped),
      onLost: (id, state) => {
        const peer = `TaskManager ${id}`
        this.lose(id, new HeartbeatLostError({ peer, state, timeoutMs }))
      },
    })
  }

  get size(): number {
    return this.#byResourceId.size
  }

  /** In the order in which they registered. */
  get all(): Iterable<TaskExecutorRegistration> {
    return this.#byResourceId.values()
  }

  get(resourceId: string): TaskExecutorRegistration | undefined {
    return this.#byResourceId.get(resourceId)
  }

  /** @throws UnknownTaskExecutorError if another instance, or none, is registered */
  require(resourceId: string, instanceId: string): TaskExecutorRegistration {
    const registration = this.#byResourceId.get(resourceId)
    if (registration?.instanceId === instanceId) return registration
    throw new UnknownTaskExecutorError({ resourceId, instanceId })
  }

  /** Milliseconds since the epoch; undefined if it is not registered. */
  lastHeartbeatMs(resourceId: string): number | undefined {
    return this.#heartbeats.lastHeartbeatMs(resourceId)
  }

  /** Asks for a heartbeat now, beside the regular ones. */
  requestHeartbeat(resourceId: string): void {
    this.#heartbeats.requestHeartbeat(resourceId)
  }

  /** Why a registration does not count; undefined: it does. */
  reasonToReject({ location, registrationId, ...facts }: RegisterTaskExecutorRequest) {
    const { resourceId } = location
    const { processId, attempt } = registrationId
    const known = this.#byResourceId.get(resourceId)?.facts.registrationId
    if (known?.processId === processId && attempt < known.attempt) {
      return `attempt ${known.attempt} of TaskManager ${resourceId} to register is later than this one, ${attempt}`
    }
    if (this.#replacedProcesses.has(processId)) {
      return `another process has taken the place of TaskManager ${resourceId}`
    }
    if (known !== undefined) return undefined
    return this.#options.slotManager.reasonToReject(facts)
  }

  /** The new registration replaces that of its ResourceID, and any other at its address. */
  register(facts: RegisterTaskExecutorRequest): TaskExecutorRegistration {
    const { rpcService, mainThread, log, random, slotManager } = this.#options
    const { resourceId } = facts.location
    const { address, endpointId } = facts.taskExecutor
    const replaced = this.#byResourceId.get(resourceId)?.facts.registrationId.processId
    if (replaced !== undefined && replaced !== facts.registrationId.processId) {
      this.#replaced(replaced)
    }
    this.remove(resourceId)
    // Who was there before has ended, and would seem to live on by the answers of the new process.
    this.#removeAt(facts.taskExecutor)
    const gateway = rpcService.connect<TaskExecutorGateway>(
      address,
      endpointId,
      TASK_EXECUTOR_GATEWAY,
      { fencingToken: this.#options.token() },
    )
    const instanceId = newHexId<InstanceId>(random)
    const unsubscribe = rpcService.onConnectionLost(address, (reason) =>
      mainThread.execute(() => {
        if (this.#byResourceId.get(resourceId)?.instanceId === instanceId) {
          this.lose(resourceId, reason)
        }
      }),
    )
    const registration = { resourceId, instanceId, facts, gateway, metrics: {}, unsubscribe }
    this.#byResourceId.set(resourceId, registration)
    this.#byAddress.set(keyOf(facts.taskExecutor), registration)
    const from = { resourceManagerId: this.#options.resourceId }
    this.#heartbeats.monitorPeer(resourceId, async (timeoutMs) => {
      const askedAt = slotManager.logicalTime
      const payload = await gateway.heartbeatFromResourceManager(from, { timeoutMs })
      return { askedAt, payload }
    })
    // A later attempt soon after another one: the answer came too late, so the TaskManager asked again.
    const { attempt } = facts.registrationId
    log.info('TaskManager registered', { resourceId, instanceId, address, attempt })
    return registration
  }

  /** The first slot report of a TaskManager brings its slots, by itself or with a heartbeat. */
  registerSlots(resourceId: string, report: SlotReport): void {
    const { instanceId, facts } = this.#byResourceId.get(resourceId)!
    this.#options.onSlotsKnown(resourceId)
    this.#options.slotManager.registerTaskManager({
      resourceId,
      instanceId,
      nodeId: facts.location.nodeId,
      numberOfSlots: facts.numberOfSlots,
      totalProfile: facts.totalProfile,
      report,
    })
  }

  /**
   * Removes it and tells it so, if it still lives. Nothing happens if it is not registered.
   *
   * @param isIntended it was released: nothing is wrong
   */
  lose(resourceId: string, cause: Error, isIntended = false): void {
    const registration = this.#byResourceId.get(resourceId)
    if (registration === undefined) return
    const { log } = this.#options
    if (isIntended) log.info('TaskManager released', { resourceId, cause: cause.message })
    else log.warn('Lost a TaskManager', { resourceId, error: cause })
    this.remove(resourceId)
    this.#options.onLost(resourceId, cause)
    registration.gateway
      .disconnectResourceManager({ cause: toErrorInfo(cause) })
      .catch((error) => log.debug('A lost TaskManager was not told', { resourceId, error }))
  }

  /** @returns false if it is not registered */
  remove(resourceId: string): boolean {
    const registration = this.#byResourceId.get(resourceId)
    if (registration === undefined) return false
    this.#byResourceId.delete(resourceId)
    this.#byAddress.delete(keyOf(registration.facts.taskExecutor))
    registration.unsubscribe()
    this.#heartbeats.unmonitorPeer(resourceId)
    this.#options.slotManager.unregisterTaskManager(resourceId)
    return true
  }

  clear(): void {
    for (const resourceId of [...this.#byResourceId.keys()]) this.remove(resourceId)
  }

  #onHeartbeat(resourceId: string, { askedAt, payload }: StampedPayload): void {
    const registration = this.#byResourceId.get(resourceId)
    if (registration === undefined) return
    const { slotManager } = this.#options
    registration.metrics = payload.metrics
    const { instanceId } = registration
    const { report } = payload
    if (slotManager.taskManager(resourceId)?.instanceId === instanceId) {
      slotManager.applySlotReport(resourceId, instanceId, report, askedAt)
    } else {
      // Its own slot report was lost; this one says the same.
      this.registerSlots(resourceId, report)
    }
  }

  #replaced(processId: string): void {
    this.#replacedProcesses.add(processId)
    if (this.#replacedProcesses.size <= MAX_REPLACED_PROCESSES) return
    const [oldest] = this.#replacedProcesses
    this.#replacedProcesses.delete(oldest!)
  }

  #removeAt(address: EndpointAddress): void {
    const known = this.#byAddress.get(keyOf(address))
    if (known === undefined) return
    const { resourceId } = known
    this.#options.log.info('A TaskManager was replaced by another one at its address', {
      resourceId,
    })
    this.remove(resourceId)
  }
}

function keyOf({ address, endpointId }: EndpointAddress): string {
  return `${address}/${endpointId}`
}
