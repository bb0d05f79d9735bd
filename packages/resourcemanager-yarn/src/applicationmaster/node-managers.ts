import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type {
  ContainerId,
  ContainerLaunchContext,
  ContainerStatus,
  NodeId,
  NodeManagerConnector,
  NodeManagerToken,
  Token,
} from '@flink-ts/hadoop-rpc'
import { Inquiries } from './inquiries.js'
import { wasStartedBefore, whyOf } from './refusal.js'

export interface ContainerStart {
  readonly id: ContainerId
  readonly containerToken: Token
  readonly launchContext: ContainerLaunchContext
}

export interface NodeManagersOptions {
  readonly connect: NodeManagerConnector
  readonly clock: Clock
  readonly log: Logger
  /** Its node is about to be asked. */
  readonly onStarting: (id: ContainerId) => void
  readonly onStarted: (id: ContainerId) => void
  /** @param error what the node said; it is not asked again */
  readonly onStartFailed: (id: ContainerId, error: Error) => void
  /** Of a container that was inquired of. */
  readonly onEnded: (status: ContainerStatus) => void
}

interface Node {
  readonly address: string
  readonly starts: Map<ContainerId, ContainerStart>
  readonly stops: Set<ContainerId>
  readonly inquiries: Set<ContainerId>
  isBusy: boolean
  failures: number
  cancelRetry: CancelTimer | undefined
}

/** Containers in one message. */
const MAX_BATCH = 50
/** Nodes that are spoken with at the same time. */
const MAX_BUSY = 32
/** Nodes that are silent must not keep those waiting that are not; YARN stops what they were to stop. */
const STOP_TIMEOUT_MS = 5_000
const INQUIRY_TIMEOUT_MS = 2_000
const START_TIMEOUT_MS = 15_000
/** A node that refuses or does not answer in time is asked again after 0.5, 1, 2 and 4 s, then its containers have failed. */
const MAX_ATTEMPTS = 5
const FIRST_RETRY_MS = 500

/**
 * Starts and stops containers on their nodes: one conversation with a node at a time, all that has gathered for it in one
 * message. Whoever is told of a failure gives the container back.
 */
export class NodeManagers {
  readonly #options: NodeManagersOptions
  readonly #inquiries: Inquiries
  readonly #tokens = new Map<string, Token>()
  readonly #nodes = new Map<string, Node>()
  /** Have something to do, and wait until fewer are spoken with. */
  readonly #waiting = new Set<Node>()
  #busy = 0

  constructor(options: NodeManagersOptions) {
    this.#options = options
    this.#inquiries = new Inquiries(options)
  }

  /** A newer token of a node replaces the older one. */
  putToken({ nodeId, token }: NodeManagerToken): void {
    this.#tokens.set(addressOf(nodeId), token)
  }

  /** Whether there is a token for the node; without one nothing can be said to it. */
  canReach(nodeId: NodeId): boolean {
    return this.#tokens.has(addressOf(nodeId))
  }

  start(nodeId: NodeId, start: ContainerStart): void {
    const node = this.#node(nodeId)
    node.starts.set(start.id, start)
    this.#work(node)
  }

  /** Nothing more is told of this container, and it is not started unless that is under way. */
  forget(nodeId: NodeId, id: ContainerId): void {
    this.#inquiries.end(id)
    const node = this.#nodes.get(addressOf(nodeId))
    if (!node?.starts.delete(id) || node.starts.size > 0) return
    node.cancelRetry?.()
    node.cancelRetry = undefined
    this.#work(node)
  }

  /** Forgets the container and asks its node to stop it; once, since YARN does so as well. */
  stop(nodeId: NodeId, id: ContainerId): void {
    this.forget(nodeId, id)
    if (!this.canReach(nodeId)) return
    const node = this.#node(nodeId)
    node.stops.add(id)
    this.#work(node)
  }

  /** Asks the node for some seconds whether the container has ended, and why: `onEnded`, unless it is forgotten before. */
  inquire(nodeId: NodeId, id: ContainerId): void {
    this.#inquiries.begin(id, () => {
      if (!this.canReach(nodeId)) return
      const node = this.#node(nodeId)
      node.inquiries.add(id)
      this.#work(node)
    })
  }

  endInquiries(): void {
    this.#inquiries.close()
  }

  #node(nodeId: NodeId): Node {
    const address = addressOf(nodeId)
    let node = this.#nodes.get(address)
    if (node === undefined) {
      node = {
        address,
        starts: new Map(),
        stops: new Set(),
        inquiries: new Set(),
        isBusy: false,
        failures: 0,
        cancelRetry: undefined,
      }
      this.#nodes.set(address, node)
    }
    return node
  }

  #work(node: Node): void {
    if (node.isBusy || node.cancelRetry !== undefined) return
    if (node.starts.size + node.stops.size + node.inquiries.size === 0) {
      this.#waiting.delete(node)
      if (this.#nodes.get(node.address) === node) this.#nodes.delete(node.address)
      return
    }
    if (this.#busy >= MAX_BUSY) {
      this.#waiting.add(node)
      return
    }
    node.isBusy = true
    this.#busy++
    // Not before what else is said in this turn has gathered.
    void Promise.resolve()
      .then(() => this.#speak(node))
      .finally(() => {
        node.isBusy = false
        this.#busy--
        this.#work(node)
        this.#wakeWaiting()
      })
  }

  /** Those with something to start first: somebody waits for that. */
  #wakeWaiting(): void {
    while (this.#busy < MAX_BUSY && this.#waiting.size > 0) {
      let next: Node | undefined
      for (const node of this.#waiting) {
        next ??= node
        if (node.starts.size === 0) continue
        next = node
        break
      }
      if (next === undefined) return
      this.#waiting.delete(next)
      this.#work(next)
    }
  }

  async #speak(node: Node): Promise<void> {
    const token = this.#tokens.get(node.address)
    const starts = [...node.starts.values()].slice(0, MAX_BATCH)
    if (token === undefined) {
      this.#giveUp(node, starts, new Error(`YARN gave no token for the node ${node.address}`))
      return
    }
    const stops = [...node.stops]
    node.stops.clear()
    const inquiries = [...node.inquiries]
    node.inquiries.clear()
    const client = this.#options.connect(node.address, token)
    try {
      if (starts.length > 0) await this.#start(node, starts, client)
      if (inquiries.length > 0) await this.#inquire(node, inquiries, client)
      if (stops.length > 0) await this.#stop(node, stops, client)
    } finally {
      await client.close()
    }
  }

  async #start(
    node: Node,
    starts: readonly ContainerStart[],
    client: ReturnType<NodeManagerConnector>,
  ): Promise<void> {
    const { log, clock, onStarted, onStartFailed } = this.#options
    for (const { id } of starts) this.#options.onStarting(id)
    let answer: Awaited<ReturnType<typeof client.startContainers>>
    try {
      answer = await client.startContainers(starts, { timeoutMs: START_TIMEOUT_MS })
    } catch (error) {
      node.failures++
      if (node.failures >= MAX_ATTEMPTS) {
        this.#giveUp(node, starts, error as Error)
        return
      }
      if (node.starts.size === 0) return
      const delayMs = FIRST_RETRY_MS * 2 ** (node.failures - 1)
      const fields = { node: node.address, containers: starts.length, againAfterMs: delayMs, error }
      log.warn('A node did not start containers', fields)
      node.cancelRetry = clock.schedule(delayMs, () => {
        node.cancelRetry = undefined
        this.#work(node)
      })
      return
    }
    node.failures = 0
    for (const { id } of starts) {
      // Stopped, and so forgotten, while it was being started: the message that stops it follows.
      const isWanted = node.starts.delete(id)
      if (!isWanted) continue
      const failure = answer.failed.get(id)
      if (failure === undefined || wasStartedBefore(failure)) onStarted(id)
      else onStartFailed(id, failure)
    }
  }

  #giveUp(node: Node, starts: readonly ContainerStart[], error: Error): void {
    node.failures = 0
    for (const { id } of starts) {
      if (node.starts.delete(id)) this.#options.onStartFailed(id, error)
    }
  }

  async #inquire(
    node: Node,
    inquiries: readonly ContainerId[],
    client: ReturnType<NodeManagerConnector>,
  ): Promise<void> {
    const { log } = this.#options
    try {
      const timeoutMs = INQUIRY_TIMEOUT_MS
      const { statuses } = await client.getContainerStatuses(inquiries, { timeoutMs })
      for (const status of statuses) this.#inquiries.answered(status)
    } catch (error) {
      const fields = { node: node.address, containers: inquiries.length, why: whyOf(error) }
      log.info('A node did not say how containers are; YARN will', fields)
    }
  }

  async #stop(
    node: Node,
    stops: readonly ContainerId[],
    client: ReturnType<NodeManagerConnector>,
  ): Promise<void> {
    const { log } = this.#options
    try {
      const { failed } = await client.stopContainers(stops, { timeoutMs: STOP_TIMEOUT_MS })
      for (const [containerId, error] of failed) {
        log.info('A node did not stop a container; YARN will', {
          containerId,
          why: whyOf(error),
        })
      }
    } catch (error) {
      const fields = { node: node.address, containers: stops.length, why: whyOf(error) }
      log.info('A node did not answer when it was to stop containers; YARN will', fields)
    }
  }
}

/** As YARN's tokens name a node. */
function addressOf({ host, port }: NodeId): string {
  return `${host}:${port}`
}
