import {
  type Container,
  type ContainerId,
  type ContainerManagementProtocol,
  type ContainerStatus,
  HadoopConnectionError,
  type NodeId,
  RemoteException,
  type YarnResource,
} from '@flink-ts/hadoop-rpc'
import { containerOfToken, type SimulatedContainer } from './simulated-container.js'

export interface SimulatedNodeSize {
  readonly host: string
  readonly memoryMb: number
  readonly vcores: number
}

interface SimulatedNodeOptions extends SimulatedNodeSize {
  readonly nowMs: () => number
  /** Of a token; undefined: it was taken back. */
  readonly find: (id: ContainerId) => SimulatedContainer | undefined
  readonly latency: () => Promise<void>
}

/** A machine with its NodeManager. One that crashed leaves its processes running. */
export class SimulatedNode {
  readonly nodeId: NodeId
  readonly #options: SimulatedNodeOptions
  /** What runs here, told to the ResourceManager or not. */
  readonly processes = new Map<ContainerId, SimulatedContainer>()
  /** Ends that the ResourceManager has not heard of, and those that it may have to hear of again. */
  readonly ended = new Map<ContainerId, ContainerStatus>()
  isUp = true
  /** Since when its NodeManager is down. */
  downSinceMs = 0
  /** The ResourceManager has given it up. */
  isLost = false
  /** Restarts of the ResourceManager before it last heard what runs here. */
  knownInEpoch = 0
  /** Every start fails with this. */
  startFailure: string | undefined
  /** As many calls are carried out whose answers do not come. */
  answersToLose = 0
  /** Processes that were started, and messages that asked for some. */
  starts = 0
  startCalls = 0
  /** Messages that asked how containers are. */
  statusCalls = 0

  constructor(options: SimulatedNodeOptions) {
    this.#options = options
    this.nodeId = { host: options.host, port: 8041 }
  }

  get address(): string {
    return `${this.nodeId.host}:${this.nodeId.port}`
  }

  /** What is left of it beside these. */
  room(allocated: Iterable<Container>): YarnResource {
    let { memoryMb, vcores } = this.#options
    for (const { resource } of allocated) {
      memoryMb -= resource.memoryMb
      vcores -= resource.vcores
    }
    return { memoryMb, vcores, others: {} }
  }

  /** Its NodeManager crashes. */
  crash(): void {
    this.isUp = false
    this.downSinceMs = this.#options.nowMs()
  }

  end(id: ContainerId, exitCode: number, diagnostics: string): void {
    if (!this.processes.delete(id)) return
    this.ended.set(id, { id, state: 'COMPLETE', exitCode, diagnostics })
  }

  /** A client of its NodeManager. */
  client(): ContainerManagementProtocol {
    return {
      startContainers: (requests) =>
        this.#call(() => {
          this.startCalls++
          const started: ContainerId[] = []
          const failed = new Map<ContainerId, Error>()
          for (const { containerToken, launchContext } of requests) {
            const id = containerOfToken(containerToken)
            const refusal = this.#start(id, launchContext)
            if (refusal === undefined) started.push(id)
            else failed.set(id, new RemoteException('startContainers', YARN_EXCEPTION, refusal))
          }
          return { started, failed }
        }),
      stopContainers: (ids) =>
        this.#call(() => {
          for (const id of ids) this.end(id, -105, 'Container killed by the ApplicationMaster.')
          return { failed: new Map() }
        }),
      getContainerStatuses: (ids) =>
        this.#call(() => {
          this.statusCalls++
          const statuses = ids.flatMap((id) => this.#statusOf(id) ?? [])
          return { statuses, failed: new Map() }
        }),
      close: async () => {},
    }
  }

  #statusOf(id: ContainerId): ContainerStatus | undefined {
    if (!this.processes.has(id)) return this.ended.get(id)
    return { id, state: 'RUNNING', exitCode: -1000, diagnostics: '' }
  }

  #start(
    id: ContainerId,
    launchContext: NonNullable<SimulatedContainer['launchContext']>,
  ): string | undefined {
    if (this.startFailure !== undefined) return this.startFailure
    if (this.processes.has(id) || this.ended.has(id)) {
      return `\nAttempt to relaunch the same container with id ${id}.`
    }
    const container = this.#options.find(id)
    if (container === undefined || container.expiresAtMs <= this.#options.nowMs()) {
      return 'Unauthorized request to start container. \nThis token is expired. current time is 1 found 0'
    }
    container.launchContext = launchContext
    this.processes.set(id, container)
    this.starts++
    return undefined
  }

  async #call<T>(action: () => T): Promise<T> {
    await this.#options.latency()
    if (!this.isUp) throw this.#silence('not-sent')
    const answer = action()
    if (this.answersToLose > 0) {
      this.answersToLose--
      throw this.#silence('unknown')
    }
    await this.#options.latency()
    return answer
  }

  #silence(outcome: 'not-sent' | 'unknown'): HadoopConnectionError {
    const { address } = this
    return new HadoopConnectionError(`${address}: connection refused`, { address, outcome })
  }
}

const YARN_EXCEPTION = 'org.apache.hadoop.yarn.exceptions.YarnException'
