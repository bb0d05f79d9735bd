import type { Clock } from '@flink-ts/core'
import type { FrameworkInfo } from '@flink-ts/mesos-client'
import type { Allocator } from './allocator.js'
import type { AgentRecord, FrameworkRecord } from './master-records.js'
import type { SimulatedStream } from './simulated-stream.js'

export interface MasterFrameworksOptions {
  readonly clock: Clock
  readonly masterId: string
  readonly settings: {
    readonly maxCompletedFrameworks: number
    readonly refuse: (framework: FrameworkInfo) => string | undefined
  }
  readonly allocator: Allocator
  readonly agents: () => Iterable<AgentRecord>
  readonly toAgent: (agent: AgentRecord, action: () => void) => void
}

/** The frameworks of one master: subscriptions, and those that are no more. */
export class MasterFrameworks {
  readonly #options: MasterFrameworksOptions
  readonly #records = new Map<string, FrameworkRecord>()
  readonly #byStream = new Map<SimulatedStream, FrameworkRecord>()
  /** The oldest first. */
  readonly #completed = new Set<string>()
  #count = 0

  constructor(options: MasterFrameworksOptions) {
    this.#options = options
  }

  get records(): ReadonlyMap<string, FrameworkRecord> {
    return this.#records
  }

  ofStream(stream: SimulatedStream): FrameworkRecord | undefined {
    return this.#byStream.get(stream)
  }

  /** @returns whether it was taken; otherwise the stream says why not */
  subscribe(stream: SimulatedStream, info: FrameworkInfo): boolean {
    const known = info.id === undefined ? undefined : this.#records.get(info.id)
    if (info.id !== undefined && this.#completed.has(info.id)) {
      stream.end({ kind: 'framework-removed', message: 'Framework has been removed' })
      return false
    }
    const refusal = this.#options.settings.refuse(info) ?? changeRefused(known, info)
    if (refusal !== undefined) {
      stream.end({ kind: 'refused', message: refusal })
      return false
    }
    const framework = known ?? this.#add(info.id ?? this.#newId(), info)
    this.update(framework, info)
    if (framework.stream === undefined) framework.filters.clear()
    else {
      this.#byStream.delete(framework.stream)
      framework.stream.end({ kind: 'failed-over', message: 'Framework failed over' })
    }
    framework.cancelFailover()
    framework.suppressed.clear()
    this.#options.allocator.rescind(framework.offers.values(), false)
    framework.stream = stream
    this.#byStream.set(stream, framework)
    stream.subscribed(framework.id)
    for (const agent of this.#options.agents()) {
      this.#options.toAgent(agent, () => agent.agent.resend(framework.id))
    }
    return true
  }

  /** It says something else of itself. */
  update(framework: FrameworkRecord, info: FrameworkInfo): void {
    const { user, checkpoint } = framework.info
    // Those two are never changed.
    framework.info = { ...info, user, checkpoint }
  }

  /** A framework of which an agent tells. @returns undefined: it is no more */
  recovered(frameworkId: string, info: FrameworkInfo): FrameworkRecord | undefined {
    if (this.#completed.has(frameworkId)) return undefined
    const known = this.#records.get(frameworkId)
    if (known !== undefined) return known
    const framework = this.#add(frameworkId, info)
    this.#awaitFailover(framework)
    return framework
  }

  /** The connection of a subscription has ended. */
  disconnected(stream: SimulatedStream): void {
    const framework = this.#byStream.get(stream)
    if (framework === undefined) return
    this.#byStream.delete(stream)
    framework.stream = undefined
    this.#options.allocator.rescind(framework.offers.values(), false)
    this.#awaitFailover(framework)
  }

  /** @returns false: with roles that it does not have, the call is dropped */
  setSuppressed(
    { info, suppressed, filters }: FrameworkRecord,
    call: { readonly type: 'REVIVE' | 'SUPPRESS'; readonly roles?: readonly string[] },
  ): boolean {
    const roles = call.roles ?? info.roles
    if (!roles.every((role) => info.roles.includes(role))) return false
    for (const role of roles) {
      if (call.type === 'SUPPRESS') suppressed.add(role)
      else {
        suppressed.delete(role)
        for (const key of filters.keys()) if (key.endsWith(` ${role}`)) filters.delete(key)
      }
    }
    return true
  }

  /** It is no more: its tasks end, and its id is never taken again. */
  tearDown(framework: FrameworkRecord): void {
    if (this.#records.get(framework.id) !== framework) return
    this.#records.delete(framework.id)
    framework.cancelFailover()
    this.#options.allocator.rescind(framework.offers.values(), false)
    if (framework.stream !== undefined) {
      this.#byStream.delete(framework.stream)
      framework.stream.break('the master has closed the connection')
      framework.stream = undefined
    }
    for (const task of [...framework.tasks.values()]) {
      task.agent.tasks.delete(task)
      if (task.holdsResources) this.#options.allocator.release(task.agent, task.amounts)
    }
    framework.tasks.clear()
    for (const agent of this.#options.agents()) {
      this.#options.toAgent(agent, () => agent.agent.shutDownFramework(framework.id))
    }
    this.#completed.add(framework.id)
    for (const id of this.#completed) {
      if (this.#completed.size <= this.#options.settings.maxCompletedFrameworks) break
      this.#completed.delete(id)
    }
  }

  close(reason: string): void {
    for (const framework of this.#records.values()) {
      framework.cancelFailover()
      framework.stream?.break(reason)
    }
    this.#byStream.clear()
  }

  #awaitFailover(framework: FrameworkRecord): void {
    const timeoutMs = framework.info.failoverTimeoutSeconds * 1000
    framework.cancelFailover()
    framework.cancelFailover = this.#options.clock.schedule(timeoutMs, () =>
      this.tearDown(framework),
    )
  }

  #add(id: string, info: FrameworkInfo): FrameworkRecord {
    const framework: FrameworkRecord = {
      id,
      info,
      stream: undefined,
      suppressed: new Set(),
      filters: new Map(),
      offers: new Map(),
      tasks: new Map(),
      cancelFailover: () => {},
    }
    this.#records.set(id, framework)
    return framework
  }

  #newId(): string {
    return `${this.#options.masterId}-${String(this.#count++).padStart(4, '0')}`
  }
}

function changeRefused(known: FrameworkRecord | undefined, info: FrameworkInfo) {
  if (known === undefined || known.info.principal === info.principal) return undefined
  return "Changing framework's principal is not allowed."
}
