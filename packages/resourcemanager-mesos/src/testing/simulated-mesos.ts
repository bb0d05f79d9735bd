import assert from 'node:assert/strict'
import type { Clock, Random } from '@flink-ts/core'
import { type FrameworkInfo, MesosCallError, type TaskStatus } from '@flink-ts/mesos-client'
import type { AgentSpec } from './agent-spec.js'
import { checkBooks } from './check-books.js'
import type { AgentRegistry } from './master-agents.js'
import type { AgentRecord, FrameworkRecord } from './master-records.js'
import { type AgentWorld, SimulatedAgent } from './simulated-agent.js'
import { type MasterSettings, SimulatedMaster } from './simulated-master.js'
import { type MasterEndpoint, SimulatedScheduler } from './simulated-scheduler.js'
import type { SimulatedTask, TaskLaunch } from './simulated-task.js'
import { RUNS_FOREVER, type TaskBehaviour } from './task-behaviour.js'

export interface SimulatedMesosOptions extends Partial<MasterSettings> {
  readonly clock: Clock
  readonly random: Random
  readonly agents: readonly AgentSpec[]
  /** Whether a new master knows which agents there were (the replicated log, or `--registry=in_memory`). Default true. */
  readonly keepsRegistry?: boolean
  /** Agents register with a new master within so many milliseconds. Default 2000. */
  readonly reregisterWithinMs?: number
  /** Of each message, one way. Default 2. */
  readonly latencyMs?: number
}

const DEFAULTS: MasterSettings = {
  allocationIntervalMs: 1000,
  offerTimeoutMs: undefined,
  unreachableAfterMs: 75_000,
  agentReregisterTimeoutMs: 600_000,
  maxCompletedFrameworks: 50,
  refuse: () => undefined,
}

/**
 * A Mesos of any size in memory, on whatever clock it is given, that keeps the rules of the real one for offers, launches, updates,
 * reconciliation and the loss of whatever may be lost. Any number of schedulers and frameworks, one leading master at a time.
 */
export class SimulatedMesos {
  readonly #options: SimulatedMesosOptions
  readonly #settings: MasterSettings
  readonly #latencyMs: number
  readonly #agents: SimulatedAgent[] = []
  readonly #schedulers: SimulatedScheduler[] = []
  #registry: AgentRegistry = { admitted: new Set(), unreachable: new Set(), gone: new Set() }
  #master: SimulatedMaster | undefined
  #masters = 0
  /** What becomes of tasks that are launched from now on. */
  behaviour: (launch: TaskLaunch, agent: AgentSpec) => TaskBehaviour = () => RUNS_FOREVER
  /** As many updates of agents do not arrive; the agents repeat them. */
  updatesToLose = 0
  /** As many updates of agents arrive twice. */
  updatesToRepeat = 0
  /** As many calls are not carried out, as their connection breaks. */
  callsToLose = 0
  /** As many calls are carried out, and their connection breaks before the answer. */
  answersToLose = 0
  /** As many calls are answered with a refusal. */
  callsToRefuse = 0

  constructor(options: SimulatedMesosOptions) {
    this.#options = options
    this.#settings = { ...DEFAULTS, ...options }
    this.#latencyMs = options.latencyMs ?? 2
    this.startMaster()
    for (const spec of options.agents) this.addAgent(spec)
  }

  /** A scheduler that may subscribe; as many as are wanted, of one framework or several. */
  scheduler(): SimulatedScheduler {
    const scheduler = new SimulatedScheduler(this.#options.clock, this.#endpoint)
    this.#schedulers.push(scheduler)
    return scheduler
  }

  get agents(): readonly SimulatedAgent[] {
    return this.#agents
  }

  agentOn(hostname: string): SimulatedAgent {
    const found = this.#agents.find(({ spec }) => spec.hostname === hostname)
    assert(found, `no agent on ${hostname}`)
    return found
  }

  agent(agentId: string): SimulatedAgent {
    const found = this.#agents.find((agent) => agent.isNamed && agent.id === agentId)
    assert(found, `no agent ${agentId}`)
    return found
  }

  /** All tasks on all agents that have not ended, whether a master knows of them or not. */
  get tasks(): readonly SimulatedTask[] {
    return this.#agents.flatMap(({ tasks }) => tasks.filter(({ hasEnded }) => !hasEnded))
  }

  task(taskId: string): SimulatedTask | undefined {
    return this.tasks.find(({ id }) => id === taskId)
  }

  /** What the leading master knows of a framework. */
  framework(frameworkId: string): FrameworkRecord | undefined {
    return this.#master?.frameworks.records.get(frameworkId)
  }

  get frameworks(): readonly FrameworkRecord[] {
    return [...(this.#master?.frameworks.records.values() ?? [])]
  }

  /** Offers that the leading master has made. */
  get offersMade(): number {
    return this.#master?.offersMade ?? 0
  }

  addAgent(spec: AgentSpec): SimulatedAgent {
    const agent = new SimulatedAgent(spec, this.#agentWorld)
    this.#agents.push(agent)
    this.#master?.register(agent)
    return agent
  }

  /** Ends all that would go on; schedulers are closed. */
  close(): void {
    for (const scheduler of this.#schedulers) void scheduler.close()
    if (this.#master !== undefined) this.crashMaster()
    for (const agent of this.#agents) agent.wipe()
  }

  /** No master leads, until one is started. */
  crashMaster(): void {
    assert(this.#master, 'no master leads')
    this.#master.crash()
    this.#master = undefined
  }

  /** A master is elected; agents register one by one. */
  startMaster(): void {
    assert(this.#master === undefined, 'a master leads')
    const { clock, random, keepsRegistry = true, reregisterWithinMs = 2000 } = this.#options
    if (!keepsRegistry)
      this.#registry = { admitted: new Set(), unreachable: new Set(), gone: new Set() }
    this.#masters++
    const master = new SimulatedMaster({
      clock,
      random,
      registry: this.#registry,
      settings: this.#settings,
      later: this.#later,
    })
    this.#master = master
    for (const agent of this.#agents) {
      clock.schedule(random.next() * reregisterWithinMs, () => {
        if (this.#master === master && agent.isUp) master.register(agent)
      })
    }
  }

  /** The leading master crashes, and another one leads after a while. */
  failOver(withoutMasterMs = 1000): void {
    this.crashMaster()
    this.#options.clock.schedule(withoutMasterMs, () => this.startMaster())
  }

  /** The process of an agent ends; its checkpointed tasks go on. */
  stopAgent(agent: SimulatedAgent): void {
    agent.stop()
    const record = this.#recordOf(agent)
    if (record !== undefined) this.#master?.agents.disconnected(record)
  }

  /** The process of an agent is back. */
  startAgent(agent: SimulatedAgent): void {
    agent.start()
    this.#later(() => {
      if (agent.isUp) this.#master?.register(agent)
    })
  }

  /** The machine of an agent is gone, with all tasks; `startAgent` brings it back. */
  crashMachine(agent: SimulatedAgent): void {
    this.stopAgent(agent)
    agent.loseTasks()
  }

  /** An agent that does not answer pings is given up at once. */
  giveUpAgent(agent: SimulatedAgent): void {
    const record = this.#recordOf(agent)
    if (record !== undefined) this.#master?.agents.unreachable(record)
  }

  /** An agent unregisters, and ends with its tasks. */
  shutDownAgent(agent: SimulatedAgent): void {
    const record = this.#recordOf(agent)
    if (record !== undefined) this.#master?.agents.unregistered(record)
    agent.stop()
    agent.wipe()
    agent.rename(undefined)
  }

  /** The operator says that an agent will never be back; its tasks go on, unheard. */
  markAgentGone(agent: SimulatedAgent): void {
    this.#master?.agents.markGone(agent.id)
  }

  /** The operator wants a machine back: its offers are taken back, and whoever uses it gets an inverse offer. */
  planMaintenance(agent: SimulatedAgent, unavailableFromMs: number | undefined): void {
    agent.unavailableFromMs = unavailableFromMs
    const record = this.#recordOf(agent)
    if (record === undefined || this.#master === undefined) return
    this.#master.rescind(record)
    this.#master.allocateSoon([record])
    if (unavailableFromMs === undefined) return
    const users = new Set([...record.tasks].map(({ framework }) => framework))
    for (const { stream } of users) {
      const id = `${agent.id}-I${this.#options.random.hex(4)}`
      stream?.send({
        type: 'INVERSE_OFFERS',
        inverseOffers: [{ id, agentId: agent.id, unavailableFromMs }],
      })
    }
  }

  /** Takes all offers of an agent back. */
  rescindOffers(agent: SimulatedAgent): void {
    const record = this.#recordOf(agent)
    if (record !== undefined) this.#master?.rescind(record)
  }

  /** The operator ends a framework. */
  tearDown(frameworkId: string): void {
    const framework = this.framework(frameworkId)
    assert(framework, `no framework ${frameworkId}`)
    this.#master?.frameworks.tearDown(framework)
  }

  /** The connection of a framework's subscription breaks. */
  cutConnection(frameworkId: string): void {
    const stream = this.framework(frameworkId)?.stream
    assert(stream, `framework ${frameworkId} is not connected`)
    stream.break('the connection was reset')
    this.#master?.closed(stream)
  }

  /** @throws AssertionError when some resource is nowhere, or twice: free, offered and used must be all that there is */
  checkBooks(): void {
    for (const record of this.#master?.agents.records.values() ?? []) checkBooks(record)
  }

  #recordOf(agent: SimulatedAgent): AgentRecord | undefined {
    return agent.isNamed ? this.#master?.agents.records.get(agent.id) : undefined
  }

  readonly #later = (action: () => void): void => {
    this.#options.clock.schedule(this.#latencyMs, action)
  }

  get #endpoint(): MasterEndpoint {
    return {
      latencyMs: this.#latencyMs,
      address: () => `master${this.#masters}:5050`,
      subscribe: (stream, framework: FrameworkInfo) => {
        if (this.#master === undefined) return 'No leader elected'
        this.#master.subscribe(stream, framework)
        return undefined
      },
      call: (stream, call) => {
        const master = this.#master
        if (master === undefined) {
          throw new MesosCallError('not-subscribed', `${call.type}: no master leads`)
        }
        const breakConnection = () => {
          stream.break('the connection was reset')
          master.closed(stream)
        }
        if (this.callsToRefuse > 0) {
          this.callsToRefuse--
          throw new MesosCallError('refused', `${call.type}: 400 Bad Request`)
        }
        if (this.callsToLose > 0) {
          this.callsToLose--
          return breakConnection()
        }
        master.call(stream, call)
        if (this.answersToLose === 0) return
        this.answersToLose--
        breakConnection()
      },
      closed: (stream) => this.#master?.closed(stream),
    }
  }

  get #agentWorld(): AgentWorld {
    const { clock, random } = this.#options
    return {
      clock,
      random,
      behaviourOf: (launch, spec) => this.behaviour(launch, spec),
      sendUpdate: (agent, frameworkId, status) => this.#sendUpdate(agent, frameworkId, status),
    }
  }

  #sendUpdate(agent: SimulatedAgent, frameworkId: string, status: TaskStatus): void {
    if (!agent.isUp) return
    if (this.updatesToLose > 0) {
      this.updatesToLose--
      return
    }
    const master = this.#master
    const send = () =>
      this.#later(() => {
        if (this.#master === master) master?.update(agent, frameworkId, status)
      })
    send()
    if (this.updatesToRepeat === 0) return
    this.updatesToRepeat--
    send()
  }
}
