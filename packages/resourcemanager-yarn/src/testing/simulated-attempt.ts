import {
  type AllocateRequest,
  type AllocateResponse,
  type Container,
  type ContainerStatus,
  type NodeManagerToken,
  type NodeReport,
  RemoteException,
  type ResourceRequest,
  type Token,
  type YarnResource,
} from '@flink-ts/hadoop-rpc'
import { simulatedToken } from './simulated-container.js'

const EXCEPTIONS = 'org.apache.hadoop.yarn.exceptions'

/** What the ResourceManager of a simulated YARN keeps of one attempt of its application. */
export class SimulatedAttempt {
  readonly number: number
  isRegistered = false
  readonly blacklist = new Set<string>()
  /** Containers of earlier attempts of which the ResourceManager hears when it has registered. */
  latePrevious: Container[] = []
  /** The answer that is given again when its message is. */
  last: AllocateResponse | undefined
  token: Token | undefined
  readonly #asks = new Map<number, ResourceRequest>()
  readonly #tokensTold = new Set<string>()
  #completed: ContainerStatus[] = []
  #nodes: NodeReport[] = []
  #responseId = 0

  constructor(number: number) {
    this.number = number
  }

  /** By priority. */
  get asked(): ReadonlyMap<number, number> {
    return new Map([...this.#asks].map(([priority, ask]) => [priority, ask.numContainers]))
  }

  /** The first priority first. */
  get openAsks(): ResourceRequest[] {
    return [...this.#asks.values()].sort((a, b) => a.priority - b.priority)
  }

  /** The ResourceManager was started again. */
  forget(): void {
    this.isRegistered = false
    this.#asks.clear()
    this.blacklist.clear()
    this.#tokensTold.clear()
    this.#completed = []
    this.#nodes = []
    this.last = undefined
  }

  register(): void {
    if (this.isRegistered) {
      throw refuse(
        'InvalidApplicationMasterRequestException',
        'Application Master is already registered',
      )
    }
    this.isRegistered = true
    this.#responseId = 0
    this.last = undefined
  }

  mustBeRegistered(): void {
    if (!this.isRegistered) {
      throw refuse('ApplicationMasterNotRegisteredException', 'AM is not registered')
    }
  }

  /** The answer to a message that was answered before. */
  repeated({ responseId }: AllocateRequest): AllocateResponse | undefined {
    this.mustBeRegistered()
    if (responseId === this.#responseId) return undefined
    if (responseId === this.#responseId - 1 && this.last !== undefined) return this.last
    throw refuse(
      'InvalidApplicationMasterRequestException',
      `Invalid responseId ${responseId}, expected ${this.#responseId}`,
    )
  }

  ask(request: AllocateRequest, maximum: YarnResource): void {
    for (const { capability } of request.asks) {
      if (capability.memoryMb <= maximum.memoryMb && capability.vcores <= maximum.vcores) continue
      throw refuse(
        'InvalidResourceRequestException',
        `Invalid resource request! Requested memory ${capability.memoryMb}, maximum ${maximum.memoryMb}`,
      )
    }
    for (const ask of request.asks) this.#asks.set(ask.priority, ask)
    for (const host of request.blacklistAdditions) this.blacklist.add(host)
    for (const host of request.blacklistRemovals) this.blacklist.delete(host)
  }

  /** One less is wanted. */
  give(priority: number): void {
    const ask = this.#asks.get(priority)!
    this.#asks.set(priority, { ...ask, numContainers: ask.numContainers - 1 })
  }

  completed(status: ContainerStatus): void {
    this.#completed.push(status)
  }

  nodeChanged(report: NodeReport): void {
    this.#nodes.push(report)
  }

  answer(allocated: readonly Container[], numClusterNodes: number): AllocateResponse {
    const answer = {
      responseId: ++this.#responseId,
      allocatedContainers: allocated,
      completedContainers: this.#completed,
      containersFromPreviousAttempts: this.latePrevious,
      updatedNodes: this.#nodes,
      nmTokens: this.tokensFor([...allocated, ...this.latePrevious]),
      numClusterNodes,
    }
    this.#completed = []
    this.#nodes = []
    this.latePrevious = []
    return answer
  }

  /** Those that it was not given before. */
  tokensFor(containers: readonly Container[]): NodeManagerToken[] {
    const tokens: NodeManagerToken[] = []
    for (const { nodeId } of containers) {
      const address = `${nodeId.host}:${nodeId.port}`
      if (this.#tokensTold.has(address)) continue
      this.#tokensTold.add(address)
      tokens.push({ nodeId, token: simulatedToken('NMToken', address) })
    }
    return tokens
  }
}

function refuse(name: string, text: string): RemoteException {
  return new RemoteException('allocate', `${EXCEPTIONS}.${name}`, text)
}
