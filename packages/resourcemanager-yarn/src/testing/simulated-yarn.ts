import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import {
  type AllocateResponse,
  type AmCommand,
  type ApplicationMasterProtocol,
  type ContainerId,
  HadoopConnectionError,
  type NodeManagerConnector,
  type PreemptionMessage,
  RemoteException,
  type Token,
  type YarnResource,
} from '@flink-ts/hadoop-rpc'
import { describeResource } from '../applicationmaster/container-resource.js'
import type { SimulatedAttempt } from './simulated-attempt.js'
import { SimulatedNode, type SimulatedNodeSize } from './simulated-node.js'
import { SimulatedScheduler } from './simulated-scheduler.js'

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
  readonly #scheduler: SimulatedScheduler
  readonly #timers = new Set<CancelTimer>()
  #isUp = true
  readonly calls: SimulatedCalls = { register: 0, allocate: 0, finish: 0 }
  /** As many allocations are carried out whose answers do not come. */
  answersToLose = 0
  /** Allocations are neither carried out nor answered. */
  isSilent = false
  /** With the next answers. */
  command: AmCommand | undefined
  newToken: Token | undefined
  preemption: PreemptionMessage | undefined
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
          find: (id) => this.#scheduler.find(id),
          latency: () => this.#latency(),
        }),
      ]),
    )
    this.#scheduler = new SimulatedScheduler({ ...this.#options, nodes: this.#nodes })
    let index = 0
    for (const node of this.#nodes.values()) {
      const firstMs = (this.#options.nodeHeartbeatMs * ++index) / this.#nodes.size
      this.#every(firstMs, this.#options.nodeHeartbeatMs, () => {
        if (this.#isUp) this.#scheduler.nodeHeartbeat(node)
      })
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
    return this.#scheduler.ids
  }

  /** As many containers come that nobody asked for. */
  get surplus(): number {
    return this.#scheduler.surplus
  }

  set surplus(count: number) {
    this.#scheduler.surplus = count
  }

  /** What the queue lets the application have in all; undefined: whatever there is. */
  set queueLimit(limit: YarnResource | undefined) {
    this.#scheduler.queueLimit = limit
  }

  get attemptNumber(): number {
    return this.#scheduler.attempt.number
  }

  /** How many containers are asked for, by priority. */
  get asks(): ReadonlyMap<number, number> {
    return this.#scheduler.attempt.asked
  }

  /** For people, those of the first priority first. */
  get askSizes(): string[] {
    return this.#scheduler.attempt.openAsks.map(({ capability }) => describeResource(capability))
  }

  get askLabels(): (string | undefined)[] {
    return this.#scheduler.attempt.openAsks.map(({ nodeLabelExpression }) => nodeLabelExpression)
  }

  get blacklist(): ReadonlySet<string> {
    return this.#scheduler.attempt.blacklist
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
    this.#scheduler.restart()
  }

  /** The NodeManager of a node comes back; processes that were given up meanwhile are ended. */
  returnNode(host: string): void {
    const node = this.node(host)
    assert(!node.isUp, 'it runs')
    node.isUp = true
    if (this.#isUp) this.#scheduler.nodeReturned(node)
  }

  /** The ApplicationMaster is gone: the next attempt begins. @param keep its containers go on */
  newAttempt(keep: boolean): void {
    this.#scheduler.newAttempt(keep)
  }

  /** What the ApplicationMaster of the present attempt has; it stays that attempt's. */
  applicationMaster(): ApplicationMasterProtocol {
    const attempt = this.#scheduler.attempt
    const call = <T>(name: keyof SimulatedCalls, action: () => T) =>
      this.#call(attempt, name, action)
    return {
      registerApplicationMaster: () =>
        call('register', () => {
          attempt.register()
          const running = this.#scheduler.ofEarlierAttempts
          return {
            maximumCapability: this.#options.maximum,
            queue: 'default',
            containersFromPreviousAttempts: running,
            nmTokensFromPreviousAttempts: this.withoutTokens ? [] : attempt.tokensFor(running),
            schedulerResourceTypes: ['memory-mb', 'vcores'],
          }
        }),
      allocate: async (request, options) => {
        if (this.isSilent) await untilAborted(options?.signal)
        return call('allocate', () => {
          const repeated = attempt.repeated(request)
          if (repeated !== undefined) return repeated
          attempt.ask(request, this.maximum)
          for (const id of request.releases) this.#scheduler.release(id)
          return this.#answer(attempt)
        })
      },
      finishApplicationMaster: ({ status }) =>
        call('finish', () => {
          attempt.mustBeRegistered()
          const isUnregistered = this.finalStatus !== undefined
          this.finalStatus = status
          if (isUnregistered) for (const id of this.allocated) this.#scheduler.kill(id)
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

  #answer(attempt: SimulatedAttempt): AllocateResponse {
    const allocated = this.#scheduler.takeUntold()
    const answer = attempt.answer(allocated, this.nodes.filter(({ isLost }) => !isLost).length)
    const full = {
      ...answer,
      availableResources: this.#scheduler.headroom,
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

  async #call<T>(
    attempt: SimulatedAttempt,
    name: keyof SimulatedCalls,
    action: () => T,
  ): Promise<T> {
    await this.#latency()
    if (!this.#isUp) throw silence('not-sent')
    this.calls[name]++
    if (attempt !== this.#scheduler.attempt) {
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

function silence(outcome: 'not-sent' | 'unknown'): HadoopConnectionError {
  const address = 'rm:8030'
  return new HadoopConnectionError(`${address}: connection refused`, { address, outcome })
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
  })
}
