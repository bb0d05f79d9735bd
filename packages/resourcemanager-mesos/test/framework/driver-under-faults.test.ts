import assert from 'node:assert/strict'
import {
  type DriverFault,
  type DriverUnderFaults,
  runDriverFaults,
  settle,
  stopLeading,
  WorkerDemand,
} from '@flink-ts/testing/resource-manager-drivers'
import fc from 'fast-check'
import t from 'tap'
import type { SimulatedTask } from '../../dist/testing/index.js'
import { agents, DriverUnderTest } from '../support/driver-under-test.js'

const KINDS = [
  'endTask',
  'stopAgent',
  'crashMachine',
  'startAgent',
  'giveUpAgent',
  'shutDownAgent',
  'failOver',
  'crashMaster',
  'cutConnection',
  'repeatUpdates',
  'loseUpdates',
  'loseCalls',
  'loseAnswers',
  'refuseCalls',
  'rescind',
  'launchesFail',
  'loseOutcomes',
  'process',
  'leadership',
  'tearDown',
] as const

type Kind = (typeof KINDS)[number]

const FAULT = fc.record({
  kind: fc.constantFrom('demand', ...KINDS),
  number: fc.nat(1000),
  afterMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(30_000), fc.nat(90_000)),
})

/** A Mesos in which everything fails, and the JobManagers of a framework in it. */
class MesosUnderFaults implements DriverUnderFaults<Kind> {
  readonly under: DriverUnderTest
  readonly clock
  readonly demand

  constructor(keepsRegistry: boolean, seed: number) {
    this.under = new DriverUnderTest({ agents: agents(4), keepsRegistry, seed })
    const { clock } = this.under
    this.clock = clock
    this.demand = new WorkerDemand({ clock })
  }

  async begin(): Promise<void> {
    this.demand.needed = 4
    this.#lead()
    await settle(this, 3_000)
  }

  async apply({ kind, number }: DriverFault<Kind>): Promise<void> {
    const { mesos, store, tasks } = this.under
    const agent = mesos.agents[number % mesos.agents.length]!
    const hasMaster = mesos.frameworks.length > 0
    switch (kind) {
      case 'endTask': {
        const id = tasks[number % Math.max(1, tasks.length)]
        if (id === undefined) break
        for (const agent of mesos.agents) agent.endTask(id, 'TASK_FAILED', { message: 'it failed' })
        break
      }
      case 'stopAgent':
        if (agent.isUp) mesos.stopAgent(agent)
        break
      case 'crashMachine':
        if (agent.isUp) mesos.crashMachine(agent)
        break
      case 'startAgent':
        if (!agent.isUp) mesos.startAgent(agent)
        break
      case 'giveUpAgent':
        if (agent.isUp) mesos.stopAgent(agent)
        mesos.giveUpAgent(agent)
        break
      case 'shutDownAgent':
        if (agent.isUp && agent.isNamed) mesos.shutDownAgent(agent)
        break
      case 'failOver':
        if (hasMaster) mesos.failOver(number)
        break
      case 'crashMaster':
        if (hasMaster) mesos.failOver(number * 20)
        break
      case 'cutConnection':
        for (const { id, stream } of mesos.frameworks) if (stream?.isOpen) mesos.cutConnection(id)
        break
      case 'repeatUpdates':
        mesos.updatesToRepeat += number % 5
        break
      case 'loseUpdates':
        mesos.updatesToLose += number % 5
        break
      case 'loseCalls':
        mesos.callsToLose += number % 3
        break
      case 'loseAnswers':
        mesos.answersToLose += number % 3
        break
      case 'refuseCalls':
        mesos.callsToRefuse += number % 2
        break
      case 'rescind':
        mesos.rescindOffers(agent)
        break
      case 'launchesFail':
        mesos.behaviour = () =>
          number % 2 === 0 ? {} : { launchFailure: { message: 'no', reason: 'REASON_X' } }
        break
      case 'loseOutcomes':
        store.happens = () => number % 2 === 0
        store.outcomesToLose = number % 7
        break
      case 'process':
        await this.#nextProcess()
        break
      case 'leadership':
        await stopLeading(this)
        this.#lead()
        break
      case 'tearDown':
        for (const { id, stream } of mesos.frameworks) {
          if (stream !== undefined && number % 2 === 0) mesos.tearDown(id)
        }
        break
    }
  }

  async heal(): Promise<void> {
    const { mesos, store } = this.under
    mesos.updatesToLose = 0
    mesos.updatesToRepeat = 0
    mesos.callsToLose = 0
    mesos.answersToLose = 0
    mesos.callsToRefuse = 0
    mesos.behaviour = () => ({})
    store.outcomesToLose = 0
    for (const agent of mesos.agents) if (!agent.isUp) mesos.startAgent(agent)
    // The agents repeat what was not acknowledged after 10 minutes at most, and so long it takes until orphans are looked for again.
    await settle(this, 1_500_000)
  }

  running(): readonly string[] {
    return this.under.mesos.tasks.filter((task) => this.#isOfPresent(task)).map(({ id }) => id)
  }

  check(held: readonly string[]): void {
    const { mesos, store } = this.under
    const launched = Object.fromEntries(held.map((id) => [id, 'Launched']))
    const kept = { ...store.workers }
    // An agent that ended while no master led is expected back for weeks.
    for (const id of Object.keys(kept)) if (this.#isOfLostAgent(id)) delete kept[id]
    assert.deepEqual(kept, launched, 'and so it is kept')
    const ended = mesos.agents.flatMap(({ tasks }) =>
      tasks.filter((task) => task.hasEnded && this.#isOfPresent(task)).map(({ id }) => id),
    )
    assert.deepEqual(ended, [], 'all ends were acknowledged')
  }

  async close(): Promise<void> {
    await stopLeading(this)
    this.under.mesos.close()
  }

  #lead(): void {
    const { under, demand } = this
    const { driver, mortal } = under.process
    demand.forgetEnds()
    demand
      .lead({
        driver,
        store: mortal.store(under.store.lead()),
        isAlive: () => mortal.isAlive,
      })
      .catch((error) => demand.problems.push(`initialize: ${error.message}`))
  }

  async #nextProcess(): Promise<void> {
    this.demand.abandon()
    this.under.process.mortal.die()
    await this.clock.advance(100)
    this.under.newProcess()
    this.#lead()
  }

  /** A master that has never heard of an earlier framework knows nothing of its end either. */
  #isOfPresent({ launch }: SimulatedTask): boolean {
    return launch.frameworkId === this.under.store.text('frameworkId')
  }

  /** The task is to be ended, and its agent is no more. */
  #isOfLostAgent(taskId: string): boolean {
    const { store, mesos } = this.under
    const { state, agent } = JSON.parse(store.text(taskId) ?? '{}')
    return state === 'Released' && !mesos.agents.some(({ isNamed, id }) => isNamed && id === agent)
  }
}

t.test('whatever fails: in the end the tasks are those of the workers', async () => {
  const numRuns = Number(process.env['FLINK_TS_RUNS'] ?? 20)
  const faults = fc.array(FAULT, { minLength: 3, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(faults, fc.boolean(), fc.nat(), (faults, keepsRegistry, seed) =>
      runDriverFaults(new MesosUnderFaults(keepsRegistry, seed), faults),
    ),
    { numRuns, endOnFailure: true },
  )
})
