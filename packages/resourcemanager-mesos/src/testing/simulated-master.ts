import type { CancelTimer, Clock, Random } from '@flink-ts/core'
import {
  type FrameworkInfo,
  MesosCallError,
  type SchedulerCall,
  type TaskStatus,
} from '@flink-ts/mesos-client'
import { Allocator } from './allocator.js'
import { acceptOffers } from './launching.js'
import { type AgentRegistry, MasterAgents } from './master-agents.js'
import { MasterFrameworks } from './master-frameworks.js'
import { type AgentRecord, type FrameworkRecord, forgetTask } from './master-records.js'
import { reconcileExplicitly, reconcileImplicitly } from './reconciling.js'
import type { SimulatedAgent } from './simulated-agent.js'
import type { SimulatedStream } from './simulated-stream.js'
import { isTerminal } from './simulated-task.js'

/** How a simulated master is set up. */
export interface MasterSettings {
  readonly allocationIntervalMs: number
  readonly offerTimeoutMs: number | undefined
  readonly unreachableAfterMs: number
  /** After a change of master, for all agents that were registered before. */
  readonly agentReregisterTimeoutMs: number
  readonly maxCompletedFrameworks: number
  /** @returns why a framework is not taken */
  readonly refuse: (framework: FrameworkInfo) => string | undefined
}

export interface MasterWorld {
  readonly clock: Clock
  readonly random: Random
  readonly registry: AgentRegistry
  readonly settings: MasterSettings
  readonly later: (action: () => void) => void
}

/** One leading master, from its election to its end; the next one knows nothing but the registry. */
export class SimulatedMaster {
  readonly id: string
  readonly #world: MasterWorld
  readonly #allocator: Allocator
  readonly frameworks: MasterFrameworks
  readonly agents: MasterAgents
  readonly #timers: CancelTimer[] = []
  readonly #toAllocate = new Set<AgentRecord>()
  #isAllocationDue = false
  #offers = 0
  #agents = 0
  #isUp = true

  constructor(world: MasterWorld) {
    this.#world = world
    const { clock, random, registry, settings } = world
    this.id = random.uuid()
    this.#allocator = new Allocator({
      clock,
      newOfferId: () => `${this.id}-O${this.#offers++}`,
      offerTimeoutMs: settings.offerTimeoutMs,
    })
    const toAgent = (agent: AgentRecord, action: () => void) => this.#toAgent(agent, action)
    this.frameworks = new MasterFrameworks({
      clock,
      masterId: this.id,
      settings,
      allocator: this.#allocator,
      agents: () => this.agents.records.values(),
      toAgent,
    })
    this.agents = new MasterAgents({
      clock,
      registry,
      frameworks: this.frameworks.records,
      allocator: this.#allocator,
      frameworkOf: ({ launch }) => this.frameworks.recovered(launch.frameworkId, launch.framework),
      newAgentId: () => `${this.id}-S${this.#agents++}`,
      unreachableAfterMs: settings.unreachableAfterMs,
      toAgent,
    })
    this.#every(settings.allocationIntervalMs, () => this.#allocate(this.agents.records.values()))
    for (const agentId of this.agents.expected) {
      const timeoutMs = settings.agentReregisterTimeoutMs
      this.#timers.push(clock.schedule(timeoutMs, () => this.agents.neverCameBack(agentId)))
    }
  }

  /** Offers made so far. */
  get offersMade(): number {
    return this.#offers
  }

  /** It is gone, with all that it knew and all its connections. */
  crash(): void {
    this.#isUp = false
    for (const cancel of this.#timers) cancel()
    this.agents.close()
    this.frameworks.close('the master has closed the connection')
  }

  subscribe(stream: SimulatedStream, info: FrameworkInfo): void {
    if (this.frameworks.subscribe(stream, info)) this.allocateSoon(this.agents.records.values())
  }

  closed(stream: SimulatedStream): void {
    this.frameworks.disconnected(stream)
  }

  register(agent: SimulatedAgent): void {
    const record = this.agents.register(agent)
    if (record !== undefined) this.allocateSoon([record])
  }

  /** @throws MesosCallError */
  call(stream: SimulatedStream, call: SchedulerCall): void {
    const framework = this.frameworks.ofStream(stream)
    if (framework === undefined) {
      throw new MesosCallError('not-subscribed', `${call.type}: Framework is not subscribed`)
    }
    this.#carryOut(framework, call)
  }

  /** What comes from an agent goes on to its framework. */
  update(agent: SimulatedAgent, frameworkId: string, status: TaskStatus): void {
    const record = this.agents.records.get(agent.id)
    const framework = this.frameworks.records.get(frameworkId)
    if (record?.standing !== 'registered' || framework === undefined) return
    const task = framework.tasks.get(status.taskId)
    if (task !== undefined) {
      task.state = status.state
      task.uuid = status.uuid
      if (isTerminal(status.state) && task.holdsResources) {
        task.holdsResources = false
        this.#allocator.release(record, task.amounts)
        this.allocateSoon([record])
      }
    }
    framework.stream?.send({ type: 'UPDATE', status })
  }

  /** Allocates in a moment, as on events. */
  allocateSoon(agents: Iterable<AgentRecord>): void {
    for (const agent of agents) this.#toAllocate.add(agent)
    if (this.#isAllocationDue) return
    this.#isAllocationDue = true
    this.#world.later(() => {
      this.#isAllocationDue = false
      const due = [...this.#toAllocate]
      this.#toAllocate.clear()
      this.#allocate(due)
    })
  }

  /** Takes offers back, as when the operator wants resources. */
  rescind(agent: AgentRecord): void {
    this.#allocator.rescind(agent.offers, true)
  }

  #carryOut(framework: FrameworkRecord, call: SchedulerCall): void {
    switch (call.type) {
      case 'TEARDOWN':
        // The call is answered before the stream is closed.
        this.#world.later(() => this.frameworks.tearDown(framework))
        return
      case 'UPDATE_FRAMEWORK':
        this.frameworks.update(framework, call.framework)
        return
      case 'REVIVE':
      case 'SUPPRESS':
        if (this.frameworks.setSuppressed(framework, call) && call.type === 'REVIVE') {
          this.allocateSoon(this.agents.records.values())
        }
        return
      case 'DECLINE':
        for (const id of call.offerIds) {
          const offer = framework.offers.get(id)
          if (offer === undefined) continue
          const seconds = this.#allocator.refuseSeconds(call.refuseSeconds)
          this.#allocator.giveBack(offer, offer.amounts, seconds)
        }
        return
      case 'ACCEPT': {
        const accepted = acceptOffers(framework, call, this.#allocator)
        for (const launch of accepted?.launches ?? []) {
          this.#toAgent(accepted!.agent, () => accepted!.agent.agent.run(launch))
        }
        return
      }
      case 'KILL':
        this.#kill(framework, call)
        return
      case 'ACKNOWLEDGE':
        this.#acknowledge(framework, call)
        return
      case 'RECONCILE':
        this.#reconcile(framework, call)
        return
      // They only tell the operator.
      case 'ACCEPT_INVERSE_OFFERS':
      case 'DECLINE_INVERSE_OFFERS':
        return
    }
  }

  #kill(framework: FrameworkRecord, call: Extract<SchedulerCall, { type: 'KILL' }>): void {
    const task = framework.tasks.get(call.taskId)
    if (task === undefined) {
      this.#reconcile(framework, { type: 'RECONCILE', tasks: [call] })
      return
    }
    if (call.agentId !== undefined && call.agentId !== task.agent.id) return
    if (task.agent.standing !== 'registered') {
      task.isKillOwed = true
      return
    }
    this.#toAgent(task.agent, () =>
      task.agent.agent.kill(framework.id, task.taskId, call.gracePeriodMs),
    )
  }

  #acknowledge(
    framework: FrameworkRecord,
    { agentId, taskId, uuid }: Extract<SchedulerCall, { type: 'ACKNOWLEDGE' }>,
  ): void {
    const task = framework.tasks.get(taskId)
    if (task !== undefined && isTerminal(task.state) && task.uuid === uuid) forgetTask(task)
    const agent = this.agents.records.get(agentId)
    if (agent === undefined) return
    this.#toAgent(agent, () => agent.agent.acknowledge(framework.id, taskId, uuid))
  }

  #reconcile(
    framework: FrameworkRecord,
    { tasks }: Extract<SchedulerCall, { type: 'RECONCILE' }>,
  ): void {
    if (tasks.length === 0) reconcileImplicitly(framework)
    const { unreachable, gone } = this.#world.registry
    const { records: agents, expected } = this.agents
    for (const task of tasks) {
      reconcileExplicitly(framework, task, { agents, unreachable, gone, expected })
    }
  }

  #allocate(agents: Iterable<AgentRecord>): void {
    if (this.#isUp) this.#allocator.allocate(agents, this.frameworks.records.values())
  }

  /** Messages to an agent that is not there are lost. */
  #toAgent(agent: AgentRecord, action: () => void): void {
    this.#world.later(() => {
      if (this.#isUp && agent.standing === 'registered' && agent.agent.isUp) action()
    })
  }

  #every(intervalMs: number, action: () => void): void {
    const index = this.#timers.length
    const again = () => {
      this.#timers[index] = this.#world.clock.schedule(intervalMs, () => {
        again()
        action()
      })
    }
    again()
  }
}
