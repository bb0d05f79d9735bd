import { type Clock, FlinkError, type Logger, type SerializedError } from '@flink-ts/core'
import {
  type FencingToken,
  type MainThreadExecutor,
  RecipientUnreachableError,
  type RpcService,
  RpcTimeoutError,
} from '@flink-ts/rpc'
import type { AssignedSlot } from '../executiongraph/execution.js'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import { HeartbeatSender } from '../heartbeat/heartbeat-sender.js'
import type { HeartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import { toErrorInfo } from '../messages/error-info.js'
import { TASK_EXECUTOR_GATEWAY } from '../messages/gateways.js'
import type {
  EndpointAddress,
  TaskExecutorGateway,
  TaskExecutorHeartbeatFromJobMasterRequest,
  TaskExecutorToJobMasterHeartbeatPayload,
  TaskManagerLocation,
} from '../messages/messages.generated.js'
import { TASK_MANAGER_CLOSING_CODE } from '../taskexecutor/task-executor-errors.js'

export interface TaskManagerConnectionsOptions {
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly heartbeat: HeartbeatSettings
  readonly jobId: string
  /** Of the JobMaster: TaskManagers refuse one that lost its leadership. */
  readonly token: FencingToken
  /** The slots that the JobMaster believes to hold there. */
  readonly allocationIds: (resourceId: string) => readonly string[]
  /** The newest completed checkpoint of the job; 0: none. */
  readonly latestCompletedCheckpointId: () => bigint
  readonly onHeartbeat: (
    resourceId: string,
    payload: TaskExecutorToJobMasterHeartbeatPayload,
  ) => void
  /** Told once per registration, when it is gone already; also by {@link TaskManagerConnections.ask}. */
  readonly onLost: (resourceId: string, cause: Error) => void
}

/** Who finds a process gone, finds out why by these. */
const EXIT_CODES =
  'if its process has ended, its exit code tells why: 134 (SIGABRT) is an abort of Node, mostly for one allocation that ' +
  'its heap had no room for (its .out file ends with "heap out of memory"; raise taskmanager.memory.task.heap.size), ' +
  '137 (SIGKILL) a kill, by somebody or by the system for want of memory'

interface Connection {
  readonly address: EndpointAddress
  readonly location: TaskManagerLocation
  readonly gateway: TaskExecutorGateway
  readonly unsubscribe: () => void
}

/** The TaskManagers that registered at a JobMaster; notices the loss of each. */
export class TaskManagerConnections {
  readonly #options: TaskManagerConnectionsOptions
  readonly #connections = new Map<string, Connection>()
  readonly #heartbeats: HeartbeatSender<TaskExecutorToJobMasterHeartbeatPayload>

  constructor(options: TaskManagerConnectionsOptions) {
    this.#options = options
    this.#heartbeats = new HeartbeatSender({
      mainThread: options.mainThread,
      clock: options.clock,
      log: options.log,
      settings: options.heartbeat,
      onHeartbeat: options.onHeartbeat,
      onLost: (resourceId, state) => {
        const { timeoutMs } = options.heartbeat
        const peer = `TaskManager ${resourceId}`
        this.disconnect(resourceId, new HeartbeatLostError({ peer, state, timeoutMs }))
      },
    })
  }

  /** Repeating a registration changes nothing; another process under the same id replaces the first. */
  register(address: EndpointAddress, location: TaskManagerLocation): void {
    const { resourceId } = location
    const known = this.#connections.get(resourceId)
    if (known !== undefined) {
      if (
        known.address.address === address.address &&
        known.address.endpointId === address.endpointId
      ) {
        this.#heartbeats.receiveHeartbeat(resourceId)
        return
      }
      this.disconnect(resourceId, lost(resourceId, 'it registered again from another endpoint'))
    }
    const { rpcService, mainThread, jobId, token, log } = this.#options
    const gateway = rpcService.connect(address.address, address.endpointId, TASK_EXECUTOR_GATEWAY, {
      fencingToken: token,
    })
    const connection: Connection = {
      address,
      location,
      gateway,
      unsubscribe: rpcService.onConnectionLost(address.address, (reason) =>
        mainThread.execute(() => {
          if (this.#connections.get(resourceId) !== connection) return
          this.disconnect(resourceId, lost(resourceId, `${reason.message}; ${EXIT_CODES}`, reason))
        }),
      ),
    }
    this.#connections.set(resourceId, connection)
    this.#heartbeats.monitorPeer(resourceId, (timeoutMs) =>
      gateway.heartbeatFromJobMaster(this.#heartbeat(resourceId), { timeoutMs }),
    )
    log.info('TaskManager registered at the JobMaster', { jobId, resourceId })
  }

  gateway(resourceId: string): TaskExecutorGateway | undefined {
    return this.#connections.get(resourceId)?.gateway
  }

  location(resourceId: string): TaskManagerLocation | undefined {
    return this.#connections.get(resourceId)?.location
  }

  /**
   * Finds out whether a TaskManager is there now, whatever its heartbeats have said.
   *
   * @param onAlive it has answered; else `onLost` is told, also if it was not registered any more
   */
  ask(resourceId: string, onAlive: () => void): void {
    const { mainThread, heartbeat, onLost } = this.#options
    const connection = this.#connections.get(resourceId)
    if (connection === undefined) {
      mainThread.execute(() =>
        onLost(resourceId, lost(resourceId, 'it is not registered any more')),
      )
      return
    }
    const answered = (error?: unknown) =>
      mainThread.execute(() => {
        // Else its loss has been told.
        if (this.#connections.get(resourceId) !== connection) return
        if (error instanceof RecipientUnreachableError) {
          this.disconnect(resourceId, lost(resourceId, error.message, error))
        } else if (error instanceof RpcTimeoutError) {
          this.ask(resourceId, onAlive)
        } else {
          onAlive()
        }
      })
    connection.gateway
      .heartbeatFromJobMaster(this.#heartbeat(resourceId), { timeoutMs: heartbeat.intervalMs })
      .then(() => answered(), answered)
  }

  /** A message came from there. */
  receiveHeartbeat(resourceId: string): void {
    this.#heartbeats.receiveHeartbeat(resourceId)
  }

  /** Nothing happens if it is not registered. */
  disconnect(resourceId: string, cause: Error): void {
    const connection = this.#remove(resourceId)
    if (connection === undefined) return
    const { log, jobId, onLost } = this.#options
    const message = 'TaskManager is disconnected from the JobMaster'
    // One that says good-bye is no failure of anybody.
    if (FlinkError.is(cause) && cause.code === TASK_MANAGER_CLOSING_CODE) {
      log.info(message, { jobId, resourceId, cause: cause.message })
    } else log.warn(message, { jobId, resourceId, error: cause })
    onLost(resourceId, cause)
  }

  /** Gives a slot back. */
  freeSlot({ allocationId, location }: AssignedSlot, reason: string): void {
    const cause = new FlinkError(`Slot ${allocationId} was given back: ${reason}`, {
      code: 'FLINK_SLOT_RELEASED',
    })
    this.gateway(location.resourceId)
      ?.freeSlot({ allocationId, cause: toErrorInfo(cause) })
      .catch((error) => {
        // The next heartbeat names the slots that this job still holds.
        this.#options.log.info('Giving a slot back failed', { allocationId, error })
      })
  }

  /**
   * Ends all connections without telling `onLost`.
   *
   * @returns never rejects; resolves when all TaskManagers were told, or cannot be
   */
  async close(cause: SerializedError): Promise<void> {
    const { jobId, log } = this.#options
    const goodbyes = [...this.#connections].map(([resourceId, { gateway }]) =>
      gateway.disconnectJobMaster({ jobId, cause }).catch((error) => {
        log.debug('A TaskManager was not told of the end of a job', { resourceId, error })
      }),
    )
    for (const resourceId of [...this.#connections.keys()]) this.#remove(resourceId)
    this.#heartbeats.close()
    await Promise.all(goodbyes)
  }

  #heartbeat(resourceId: string): TaskExecutorHeartbeatFromJobMasterRequest {
    const { jobId, allocationIds, latestCompletedCheckpointId } = this.#options
    const latest = Number(latestCompletedCheckpointId())
    return {
      jobId,
      allocationIds: allocationIds(resourceId),
      ...(latest > 0 && { latestCompletedCheckpointId: latest }),
    }
  }

  #remove(resourceId: string): Connection | undefined {
    const connection = this.#connections.get(resourceId)
    if (connection === undefined) return undefined
    this.#connections.delete(resourceId)
    connection.unsubscribe()
    this.#heartbeats.unmonitorPeer(resourceId)
    return connection
  }
}

function lost(resourceId: string, reason: string, cause?: Error): FlinkError {
  return new TaskManagerLostError({ resourceId, reason, cause })
}

/** By which a {@link TaskManagerLostError} is known. */
export const TASK_MANAGER_LOST_CODE = 'FLINK_TASK_MANAGER_LOST'

/** The connection to a TaskManager broke: what ran there is lost for this job. */
export class TaskManagerLostError extends FlinkError {
  readonly resourceId: string

  constructor(facts: { resourceId: string; reason: string; cause?: unknown }) {
    super(`Connection to TaskManager ${facts.resourceId} was lost: ${facts.reason}`, {
      code: TASK_MANAGER_LOST_CODE,
      retriable: true,
      cause: facts.cause,
    })
    this.resourceId = facts.resourceId
  }
}
