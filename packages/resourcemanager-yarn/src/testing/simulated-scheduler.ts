import type { Clock } from '@flink-ts/core'
import {
  type Container,
  type ContainerId,
  type NodeReport,
  parseContainerId,
  type YarnResource,
} from '@flink-ts/hadoop-rpc'
import { SimulatedAttempt } from './simulated-attempt.js'
import { type SimulatedContainer, simulatedContainer } from './simulated-container.js'
import type { SimulatedNode } from './simulated-node.js'

export interface SimulatedSchedulerOptions {
  readonly clock: Clock
  /** By host. */
  readonly nodes: ReadonlyMap<string, SimulatedNode>
  readonly minimumAllocationMb: number
  readonly allocationExpiryMs: number
  readonly nodeExpiryMs: number
}

/**
 * What the ResourceManager of a simulated YARN knows of containers and nodes, and how it gives containers away: with the heartbeats of
 * the nodes, in the order of the priorities.
 */
export class SimulatedScheduler {
  readonly #options: SimulatedSchedulerOptions
  /** Allocated and not ended, as far as it knows. */
  readonly #containers = new Map<ContainerId, SimulatedContainer>()
  /** Allocated by a ResourceManager that has crashed since; they may still be started. */
  readonly #unlaunched = new Map<ContainerId, SimulatedContainer>()
  /** Given back before a restarted ResourceManager heard of them. */
  readonly #releasedUnknown = new Set<ContainerId>()
  #attempt = new SimulatedAttempt(1)
  #epoch = 0
  #number = 1
  #keepsContainers = false
  /** As many containers come that nobody asked for. */
  surplus = 0
  /** What the queue lets the application have in all; undefined: whatever there is. */
  queueLimit: YarnResource | undefined

  constructor(options: SimulatedSchedulerOptions) {
    this.#options = options
  }

  /** The present one. */
  get attempt(): SimulatedAttempt {
    return this.#attempt
  }

  get ids(): ContainerId[] {
    return [...this.#containers.keys()]
  }

  /** One whose token is good. */
  find(id: ContainerId): SimulatedContainer | undefined {
    return this.#containers.get(id) ?? this.#unlaunched.get(id)
  }

  /** Those that run as far as it knows, of earlier attempts; none if they were not kept. */
  get ofEarlierAttempts(): Container[] {
    return this.#keepsContainers ? this.#launched : []
  }

  /** What the application may still get. */
  get headroom(): YarnResource {
    // What a lost node had is completed.
    const nodes = [...this.#options.nodes.values()].filter(({ isLost }) => !isLost)
    const total = sum(nodes.map((node) => node.room([])))
    const used = sum([...this.#containers.values()].map(({ container }) => container.resource))
    const limit = this.queueLimit ?? total
    return {
      memoryMb: Math.min(total.memoryMb, limit.memoryMb) - used.memoryMb,
      vcores: Math.min(total.vcores, limit.vcores) - used.vcores,
      others: {},
    }
  }

  /** Those of which the ApplicationMaster has not been told; it is now. */
  takeUntold(): Container[] {
    const untold: Container[] = []
    for (const entry of this.#containers.values()) {
      if (entry.isTold) continue
      entry.isTold = true
      untold.push(entry.container)
    }
    return untold
  }

  /** It forgets all but the application and the containers that nodes report. */
  restart(): void {
    this.#epoch++
    this.#attempt.forget()
    for (const [id, container] of this.#containers) {
      this.#containers.delete(id)
      if (container.launchContext === undefined) this.#unlaunched.set(id, container)
    }
    const nodes = [...this.#options.nodes.values()]
    for (const node of nodes) node.isLost = false
    for (const node of nodes.filter(({ isUp }) => isUp)) this.#resync(node)
  }

  /** @param keep the containers of the present attempt go on */
  newAttempt(keep: boolean): void {
    this.#attempt = new SimulatedAttempt(this.#attempt.number + 1)
    for (const { container, launchContext } of [...this.#containers.values()]) {
      if (!keep || launchContext === undefined) this.kill(container.id)
    }
    this.#keepsContainers = keep
  }

  /** The NodeManager is there again. */
  nodeReturned(node: SimulatedNode): void {
    if (!node.isLost) {
      this.#resync(node)
      return
    }
    for (const id of [...node.processes.keys()]) node.end(id, -106, 'killed as its node came back')
    node.ended.clear()
    node.isLost = false
    node.knownInEpoch = this.#epoch
    this.#attempt.nodeChanged(report(node, 'RUNNING'))
  }

  /** A NodeManager says how it is, or should have. */
  nodeHeartbeat(node: SimulatedNode): void {
    const { clock, nodeExpiryMs } = this.#options
    if (!node.isUp) {
      if (!node.isLost && clock.now() - node.downSinceMs >= nodeExpiryMs) this.#lose(node)
      return
    }
    for (const [id, status] of node.ended) {
      if (this.#containers.delete(id)) this.#attempt.completed(status)
    }
    for (const id of node.processes.keys()) {
      // One that was given back while its start was under way.
      if (!this.#containers.has(id)) node.end(id, -106, 'Container killed by the ResourceManager.')
    }
    this.#expire(node)
    this.#schedule(node)
  }

  /** The ApplicationMaster gives it back. */
  release(id: ContainerId): void {
    if (this.#containers.has(id)) this.kill(id)
    else this.#releasedUnknown.add(id)
  }

  /** Ends it, and its process if its node can be told. */
  kill(id: ContainerId): void {
    const container = this.#containers.get(id)
    if (container === undefined) return
    const node = this.#options.nodes.get(container.container.nodeId.host)
    if (node?.isUp) node.end(id, -106, 'Container killed by the ResourceManager.')
    this.#complete(id, -100, 'Container released by application')
  }

  get #launched(): Container[] {
    const running = [...this.#containers.values()].filter(({ launchContext }) => launchContext)
    return running.map(({ container }) => container)
  }

  #expire(node: SimulatedNode): void {
    for (const [id, { container, expiresAtMs, launchContext }] of this.#containers) {
      if (container.nodeId !== node.nodeId || launchContext !== undefined) continue
      if (expiresAtMs > this.#options.clock.now()) continue
      this.#complete(id, -100, 'Container expired since it was unused')
    }
  }

  #schedule(node: SimulatedNode): void {
    if (!this.#attempt.isRegistered || this.#attempt.blacklist.has(node.nodeId.host)) return
    const here = [...this.#containers.values()]
      .map(({ container }) => container)
      .filter(({ nodeId }) => nodeId === node.nodeId)
    let { memoryMb, vcores } = node.room(here)
    if (this.queueLimit !== undefined) {
      const { headroom } = this
      memoryMb = Math.min(memoryMb, headroom.memoryMb)
      vcores = Math.min(vcores, headroom.vcores)
    }
    for (const ask of this.#attempt.openAsks) {
      const { priority, capability } = ask
      const step = this.#options.minimumAllocationMb
      const size = Math.ceil(capability.memoryMb / step) * step
      while (size <= memoryMb && capability.vcores <= vcores) {
        if ((this.#attempt.asked.get(priority) ?? 0) > 0) this.#attempt.give(priority)
        else if (this.surplus > 0) this.surplus--
        else break
        memoryMb -= size
        vcores -= capability.vcores
        this.#allocate(node, { ...capability, memoryMb: size }, priority)
      }
    }
  }

  #allocate(node: SimulatedNode, resource: YarnResource, priority: number): void {
    const { clock, allocationExpiryMs } = this.#options
    const container = simulatedContainer({
      epoch: this.#epoch,
      attempt: this.#attempt.number,
      number: ++this.#number,
      nodeId: node.nodeId,
      resource,
      priority,
      expiresAtMs: clock.now() + allocationExpiryMs,
    })
    this.#containers.set(container.container.id, container)
  }

  #complete(id: ContainerId, exitCode: number, diagnostics: string): void {
    this.#containers.delete(id)
    this.#attempt.completed({ id, state: 'COMPLETE', exitCode, diagnostics })
  }

  #lose(node: SimulatedNode): void {
    node.isLost = true
    this.#attempt.nodeChanged(report(node, 'LOST'))
    for (const [id, { container }] of this.#containers) {
      if (container.nodeId !== node.nodeId) continue
      this.#complete(id, -100, 'Container released on a *lost* node')
    }
  }

  /** It hears what a node has. Ends are told once more. */
  #resync(node: SimulatedNode): void {
    // What it does not know of a node that it knows was given back.
    const isNew = node.knownInEpoch !== this.#epoch
    node.knownInEpoch = this.#epoch
    this.#attempt.nodeChanged(report(node, 'RUNNING'))
    for (const [id, container] of isNew ? [...node.processes] : []) {
      if (this.#containers.has(id)) continue
      container.isTold = true
      this.#unlaunched.delete(id)
      this.#containers.set(id, container)
      const isOld = parseContainerId(id).attemptNumber < this.#attempt.number
      if (this.#releasedUnknown.delete(id) || (isOld && !this.#keepsContainers)) this.kill(id)
      else if (isOld) this.#attempt.latePrevious.push(container.container)
    }
    for (const status of node.ended.values()) {
      this.#containers.delete(status.id)
      this.#attempt.completed(status)
    }
  }
}

function sum(resources: readonly YarnResource[]): YarnResource {
  return {
    memoryMb: resources.reduce((total, { memoryMb }) => total + memoryMb, 0),
    vcores: resources.reduce((total, { vcores }) => total + vcores, 0),
    others: {},
  }
}

function report(node: SimulatedNode, state: NodeReport['state']): NodeReport {
  return { nodeId: node.nodeId, state, httpAddress: '', healthReport: '' }
}
