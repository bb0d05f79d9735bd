import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import {
  type AllocateResponse,
  type AmCommand,
  type ApplicationMasterProtocol,
  type Container,
  type ContainerId,
  HadoopConnectionError,
  type NodeManagerConnector,
  type NodeReport,
  type PreemptionMessage,
  parseContainerId,
  RemoteException,
  type Token,
  type YarnResource,
} from '@flink-ts/hadoop-rpc'
import { describeResource } from '../applicationmaster/container-resource.js'
import { SimulatedAttempt } from './simulated-attempt.js'
import { type SimulatedContainer, simulatedContainer } from './simulated-container.js'
import { SimulatedNode, type SimulatedNodeSize } from './simulated-node.js'

export interface SimulatedYarnOptions {
  readonly clock: Clock
  readonly nodes: readonly SimulatedNodeSize[]
  /** The largest container. Default 8192 MB and 8 vcores. */
  readonly maximum?: YarnResource
  /** Sizes are rounded up to it. Default 256. */
  readonly minimumAllocationMb?: number
  /** Default 1000. */
  readonly nodeHeartbeatMs?: number
  /** Milliseconds after which a container that was not started is taken back. Default 600 000. */
  readonly allocationExpiryMs?: number
  /** Milliseconds after which a silent node is lost. Default 10 000. */
  readonly nodeExpiryMs?: number
  /** Of each message, one way. Default 2. */
  readonly latencyMs?: number
}

/** How often something was called. */
export interface SimulatedCalls {
  register: number
  allocate: number
  finish: number
}

/**
 * A YARN of any size in memory, on whatever clock it is given: a scheduler that allocates with the heartbeats of its nodes, and keeps
 * the rules of the real one for messages that are repeated, lost or wrong. One application.
 */
export class SimulatedYarn {
  readonly #options: Required<SimulatedYarnOptions>
  readonly #nodes: Map<string, SimulatedNode>
  /** Of the ResourceManager: allocated and not ended, as far as it knows. */
  readonly #containers = new Map<ContainerId, SimulatedContainer>()
  /** Given back before a restarted ResourceManager heard of them. */
  readonly #releasedUnknown = new Set<ContainerId>()
  readonly #timers = new Set<CancelTimer>()
  #attempt: SimulatedAttempt
  #epoch = 0
  #number = 1
  #isUp = true
  #keepsContainers = false
  readonly calls: SimulatedCalls = { register: 0, allocate: 0, finish: 0 }
  /** As many allocations are carried out whose answers do not come. */
  answersToLose = 0
  /** Allocations are neither carried out nor answered. */
  isSilent = false
  /** With the next answers. */
  command: AmCommand | undefined
  newToken: Token | undefined
  preemption: PreemptionMessage | undefined
  /** As many containers come that nobody asked for. */
  surplus = 0
  /** What it accepts from now on; an ApplicationMaster that has registered does not know. */
  maximum: YarnResource
  /** Tokens of nodes with containers of earlier attempts are forgotten. */
  withoutTokens = false
  /** Of the application; undefined: it goes on. */
  finalStatus: string | undefined

  constructor(options: SimulatedYarnOptions) {
    this.#options = {
      maximum: { memoryMb: 8192, vcores: 8, others: {} },
      minimumAllocationMb: 256,
      nodeHeartbeatMs: 1000,
      allocationExpiryMs: 600_000,
      nodeExpiryMs: 10_000,
      latencyMs: 2,
      ...options,
    }
    this.maximum = this.#options.maximum
    this.#nodes = new Map(
      options.nodes.map((size) => [
        size.host,
        new SimulatedNode({
          ...size,
          nowMs: () => options.clock.now(),
          find: (id) => this.#containers.get(id) ?? this.#unlaunched.get(id),
          latency: () => this.#latency(),
        }),
      ]),
    )
    this.#attempt = new SimulatedAttempt(1)
    let index = 0
    for (const node of this.#nodes.values()) {
      const firstMs = (this.#options.nodeHeartbeatMs * ++index) / this.#nodes.size
      this.#every(firstMs, this.#options.nodeHeartbeatMs, () => this.#nodeHeartbeat(node))
    }
  }

  /** Ends all heartbeats. */
  close(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  node(host: string): SimulatedNode {
    const node = this.#nodes.get(host)
    assert(node, `no node ${host}`)
    return node
  }

  get nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()]
  }

  /** Ids of containers whose processes run, on nodes that are there or not. */
  get processes(): ContainerId[] {
    return this.nodes.flatMap((node) => [...node.processes.keys()])
  }

  /** Ids of all that the ResourceManager holds as allocated. */
  get allocated(): ContainerId[] {
    return [...this.#containers.keys()]
  }

  get attemptNumber(): number {
    return this.#attempt.number
  }

  /** How many containers are asked for, by priority. */
  get asks(): ReadonlyMap<number, number> {
    return this.#attempt.asked
  }

  /** For people, those of the first priority first. */
  get askSizes(): string[] {
    return this.#attempt.openAsks.map(({ capability }) => describeResource(capability))
  }

  get askLabels(): (string | undefined)[] {
    return this.#attempt.openAsks.map(({ nodeLabelExpression }) => nodeLabelExpression)
  }

  get blacklist(): ReadonlySet<string> {
    return this.#attempt.blacklist
  }

  /** The process of a container ends. */
  endContainer(id: ContainerId, exitCode: number, diagnostics: string): void {
    for (const node of this.#nodes.values()) node.end(id, exitCode, diagnostics)
  }

  /** Whether the ResourceManager runs. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** The ResourceManager crashes; it forgets all but the application and the containers that nodes report. */
  crashResourceManager(): void {
    this.#isUp = false
  }

  startResourceManager(): void {
    assert(!this.#isUp, 'it runs')
    this.#isUp = true
    this.#epoch++
    this.#attempt.forget()
    for (const [id, container] of this.#containers) {
      this.#containers.delete(id)
      if (container.launchContext === undefined) this.#unlaunched.set(id, container)
    }
    for (const node of this.#nodes.values()) node.isLost = false
    for (const node of this.nodes.filter(({ isUp }) => isUp)) this.#resync(node)
  }

  /** The NodeManager of a node comes back; processes that were given up meanwhile are ended. */
  returnNode(host: string): void {
    const node = this.node(host)
    assert(!node.isUp, 'it runs')
    node.isUp = true
    if (!this.#isUp) return
    if (node.isLost) {
      for (const id of [...node.processes.keys()])
        node.end(id, -106, 'killed as its node came back')
      node.ended.clear()
      node.isLost = false
      node.knownInEpoch = this.#epoch
      this.#attempt.nodeChanged(report(node, 'RUNNING'))
    } else this.#resync(node)
  }

  /** The ApplicationMaster is gone: the next attempt begins. @param keep its containers go on */
  newAttempt(keep: boolean): void {
    this.#attempt = new SimulatedAttempt(this.#attempt.number + 1)
    for (const { container, launchContext } of [...this.#containers.values()]) {
      if (!keep || launchContext === undefined) this.#kill(container.id)
    }
    this.#keepsContainers = keep
  }

  /** What the ApplicationMaster of the present attempt has; it stays that attempt's. */
  applicationMaster(): ApplicationMasterProtocol {
    const attempt = this.#attempt
    const call = <T>(name: keyof SimulatedCalls, action: () => T) =>
      this.#call(attempt, name, action)
    return {
      registerApplicationMaster: () =>
        call('register', () => {
          attempt.register()
          const running = this.#keepsContainers ? this.#launched : []
          return {
            maximumCapability: this.#options.maximum,
            queue: 'default',
            containersFromPreviousAttempts: running,
            nmTokensFromPreviousAttempts: this.withoutTokens ? [] : attempt.tokensFor(running),
            schedulerResourceTypes: ['memory-mb'],
          }
        }),
      allocate: async (request, options) => {
        if (this.isSilent) await untilAborted(options?.signal)
        return call('allocate', () => {
          const repeated = attempt.repeated(request)
          if (repeated !== undefined) return repeated
          attempt.ask(request, this.maximum)
          for (const id of request.releases) this.#release(id)
          return this.#answer(attempt)
        })
      },
      finishApplicationMaster: ({ status }) =>
        call('finish', () => {
          attempt.mustBeRegistered()
          const isUnregistered = this.finalStatus !== undefined
          this.finalStatus = status
          if (isUnregistered) for (const id of this.allocated) this.#kill(id)
          return { isUnregistered }
        }),
      setToken: (token) => {
        this.newToken = undefined
        attempt.token = token
      },
      close: async () => {},
    }
  }

  get nodeManagers(): NodeManagerConnector {
    return (address, token) => {
      assert.equal(Buffer.from(token.identifier).toString(), address, 'the token of another node')
      return this.node(address.slice(0, address.lastIndexOf(':'))).client()
    }
  }

  /** Allocated by a ResourceManager that has crashed since; they may still be started. */
  readonly #unlaunched = new Map<ContainerId, SimulatedContainer>()

  /** Those that run as far as the ResourceManager knows, of whatever attempt: so it tells those that register. */
  get #launched(): Container[] {
    const running = [...this.#containers.values()].filter(({ launchContext }) => launchContext)
    return running.map(({ container }) => container)
  }

  #answer(attempt: SimulatedAttempt): AllocateResponse {
    const allocated: Container[] = []
    for (const entry of this.#containers.values()) {
      if (entry.isTold) continue
      entry.isTold = true
      allocated.push(entry.container)
    }
    const answer = attempt.answer(allocated, this.nodes.filter(({ isLost }) => !isLost).length)
    const full = {
      ...answer,
      ...(this.command === undefined ? {} : { amCommand: this.command }),
      ...(this.newToken === undefined ? {} : { amRmToken: this.newToken }),
      ...(this.preemption === undefined ? {} : { preemption: this.preemption }),
    }
    attempt.last = full
    // Of old ResourceManagers: in place of an exception.
    if (this.command === 'RESYNC') attempt.forget()
    this.command = undefined
    return full
  }

  #nodeHeartbeat(node: SimulatedNode): void {
    if (!this.#isUp) return
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

  #expire(node: SimulatedNode): void {
    for (const [id, { container, expiresAtMs, launchContext }] of this.#containers) {
      if (container.nodeId !== node.nodeId || launchContext !== undefined) continue
      if (expiresAtMs > this.#options.clock.now()) continue
      this.#complete(id, -100, 'Container expired since it was unused')
    }
  }

  #schedule(node: SimulatedNode): void {
    if (!this.#attempt.isRegistered || this.#attempt.blacklist.has(node.nodeId.host)) return
    const here = () =>
      [...this.#containers.values()]
        .map(({ container }) => container)
        .filter(({ nodeId }) => nodeId === node.nodeId)
    const room = node.room(here())
    let { memoryMb, vcores } = room
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

  #release(id: ContainerId): void {
    if (this.#containers.has(id)) this.#kill(id)
    else this.#releasedUnknown.add(id)
  }

  /** Ends it, and its process if its node can be told. */
  #kill(id: ContainerId): void {
    const container = this.#containers.get(id)
    if (container === undefined) return
    const node = this.node(container.container.nodeId.host)
    if (node.isUp) node.end(id, -106, 'Container killed by the ResourceManager.')
    this.#complete(id, -100, 'Container released by application')
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

  /** A restarted ResourceManager hears what a node has. Ends are told once more. */
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
      if (this.#releasedUnknown.delete(id) || (isOld && !this.#keepsContainers)) this.#kill(id)
      else if (isOld) this.#attempt.latePrevious.push(container.container)
    }
    for (const status of node.ended.values()) {
      this.#containers.delete(status.id)
      this.#attempt.completed(status)
    }
  }

  async #call<T>(
    attempt: SimulatedAttempt,
    name: keyof SimulatedCalls,
    action: () => T,
  ): Promise<T> {
    await this.#latency()
    if (!this.#isUp) throw silence('not-sent')
    this.calls[name]++
    if (attempt !== this.#attempt) {
      throw new RemoteException(name, `${EXCEPTIONS}.ApplicationAttemptNotFoundException`, 'gone')
    }
    const answer = action()
    if (name !== 'finish' && this.answersToLose > 0) {
      this.answersToLose--
      throw silence('unknown')
    }
    await this.#latency()
    return answer
  }

  #latency(): Promise<void> {
    const { clock, latencyMs } = this.#options
    return new Promise((resolve) => void clock.schedule(latencyMs, resolve))
  }

  #every(firstMs: number, intervalMs: number, action: () => void): void {
    let cancel: CancelTimer = () => {}
    const again = (delayMs: number) => {
      this.#timers.delete(cancel)
      cancel = this.#options.clock.schedule(delayMs, () => {
        again(intervalMs)
        action()
      })
      this.#timers.add(cancel)
    }
    again(firstMs)
  }
}

const EXCEPTIONS = 'org.apache.hadoop.yarn.exceptions'

function report(node: SimulatedNode, state: NodeReport['state']): NodeReport {
  return { nodeId: node.nodeId, state, httpAddress: '', healthReport: '' }
}

function silence(outcome: 'not-sent' | 'unknown'): HadoopConnectionError {
  const address = 'rm:8030'
  return new HadoopConnectionError(`${address}: connection refused`, { address, outcome })
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
  })
}
