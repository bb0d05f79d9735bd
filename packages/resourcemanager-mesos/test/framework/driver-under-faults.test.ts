import assert from 'node:assert/strict'
import type { WorkerHandle } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import type { SimulatedTask } from '../../dist/testing/index.js'
import { agents, DriverUnderTest, spec } from '../support/driver-under-test.js'

/** Steps of a run; each is followed by some time. */
const STEP = fc.record({
  kind: fc.constantFrom(
    'demand',
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
  ),
  number: fc.nat(1000),
  afterMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(30_000), fc.nat(90_000)),
})

/** What the ResourceManager of the cluster does with a driver: it holds as many workers as are needed. */
class Demand {
  readonly under: DriverUnderTest
  readonly held = new Set<string>()
  readonly requests = new Set<AbortController>()
  /** Ids whose end was told in this term. */
  readonly told = new Set<string>()
  readonly problems: string[] = []
  needed = 0
  #term = 0

  constructor(under: DriverUnderTest) {
    this.under = under
  }

  lead(): void {
    const { under } = this
    const { driver, mortal } = under.process
    const term = ++this.#term
    this.held.clear()
    this.told.clear()
    const ifPresent =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        if (term === this.#term && mortal.isAlive) listener(...args)
      }
    driver
      .initialize(
        {
          onPreviousAttemptWorkersRecovered: ifPresent((workers: readonly WorkerHandle[]) => {
            for (const { resourceId } of workers) this.held.add(resourceId)
          }),
          onWorkerTerminated: ifPresent((resourceId: string) => {
            if (this.told.has(resourceId)) this.problems.push(`${resourceId} ended twice`)
            this.told.add(resourceId)
            this.held.delete(resourceId)
          }),
          onError: ifPresent((error: Error) => void this.problems.push(error.message)),
        },
        mortal.store(under.store.lead()),
      )
      .catch((error) => this.problems.push(`initialize: ${error.message}`))
  }

  async stopLeading(): Promise<void> {
    this.#term++
    for (const request of this.requests) request.abort()
    this.requests.clear()
    const ended = this.under.driver.terminate()
    await this.under.clock.advance(1_000)
    await ended
  }

  async nextProcess(): Promise<void> {
    this.#term++
    this.requests.clear()
    this.under.process.mortal.die()
    await this.under.clock.advance(100)
    this.under.newProcess()
    this.lead()
  }

  /** Asks for what is missing, gives back what is too much. */
  reconcile(): void {
    const { held, requests } = this
    while (held.size + requests.size > this.needed) {
      const [request] = requests
      if (request !== undefined) {
        request.abort()
        requests.delete(request)
      } else this.#release([...held][0]!)
    }
    while (held.size + requests.size < this.needed) this.#request()
  }

  #release(id: string): void {
    this.held.delete(id)
    this.under.driver.releaseResource({ resourceId: id } as WorkerHandle)
  }

  #request(): void {
    const abort = new AbortController()
    const term = this.#term
    const { driver } = this.under
    this.requests.add(abort)
    driver.requestResource(spec(), { signal: abort.signal, blockedNodes: new Set() }).then(
      ({ resourceId }) => {
        if (term !== this.#term) return
        if (abort.signal.aborted) {
          driver.releaseResource({ resourceId })
          return
        }
        if (this.told.has(resourceId)) this.problems.push(`${resourceId} granted after its end`)
        if (this.held.has(resourceId)) this.problems.push(`${resourceId} granted twice`)
        this.requests.delete(abort)
        this.held.add(resourceId)
      },
      () => void this.requests.delete(abort),
    )
  }
}

async function settle(demand: Demand, ms: number): Promise<void> {
  for (let past = 0; past < ms; past += 500) {
    demand.reconcile()
    await demand.under.clock.advance(500)
  }
}

async function apply(demand: Demand, { kind, number }: { kind: string; number: number }) {
  const { under } = demand
  const { mesos, store } = under
  const agent = mesos.agents[number % mesos.agents.length]!
  const hasMaster = mesos.frameworks.length > 0
  switch (kind) {
    case 'demand':
      demand.needed = number % 12
      break
    case 'endTask': {
      const { tasks } = under
      const id = tasks[number % Math.max(1, tasks.length)]
      if (id !== undefined) {
        for (const agent of mesos.agents) agent.endTask(id, 'TASK_FAILED', { message: 'it failed' })
      }
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
      await demand.nextProcess()
      break
    case 'leadership':
      await demand.stopLeading()
      demand.lead()
      break
    case 'tearDown':
      for (const { id, stream } of mesos.frameworks) {
        if (stream !== undefined && number % 2 === 0) mesos.tearDown(id)
      }
      break
  }
}

async function heal(demand: Demand): Promise<void> {
  const { mesos, store } = demand.under
  mesos.updatesToLose = 0
  mesos.updatesToRepeat = 0
  mesos.callsToLose = 0
  mesos.answersToLose = 0
  mesos.callsToRefuse = 0
  mesos.behaviour = () => ({})
  store.outcomesToLose = 0
  for (const agent of mesos.agents) if (!agent.isUp) mesos.startAgent(agent)
  // The agents repeat what was not acknowledged after 10 minutes at most, and so long it takes until orphans are looked for again.
  await settle(demand, 1_500_000)
}

/** It is to be ended, and its agent is no more. */
function isOfLostAgent({ store, mesos }: DriverUnderTest, taskId: string): boolean {
  const { state, agent } = JSON.parse(store.text(taskId) ?? '{}')
  return state === 'Released' && !mesos.agents.some(({ isNamed, id }) => isNamed && id === agent)
}

t.test('whatever fails: in the end the tasks are those of the workers', async () => {
  const numRuns = Number(process.env['FLINK_TS_RUNS'] ?? 20)
  await fc.assert(
    fc.asyncProperty(
      fc.array(STEP, { minLength: 3, maxLength: 25 }),
      fc.boolean(),
      fc.nat(),
      async (steps, keepsRegistry, seed) => {
        const under = new DriverUnderTest({ agents: agents(4), keepsRegistry, seed })
        const demand = new Demand(under)
        try {
          demand.lead()
          demand.needed = 4
          await settle(demand, 3_000)
          for (const step of steps) {
            await apply(demand, step)
            await settle(demand, step.afterMs)
          }
          await heal(demand)
          const held = [...demand.held].sort()
          assert.deepEqual(demand.problems, [])
          assert.equal(held.length, demand.needed, 'as many workers as are needed')
          // A master that has never heard of an earlier framework knows nothing of its end either.
          const isOfPresent = ({ launch }: SimulatedTask) =>
            launch.frameworkId === under.store.text('frameworkId')
          const running = under.mesos.tasks.filter(isOfPresent).map(({ id }) => id)
          running.sort()
          assert.deepEqual(running, held, 'each task is one of theirs')
          const launched = Object.fromEntries(held.map((id) => [id, 'Launched']))
          const kept = { ...under.store.workers }
          // An agent that ended while no master led is expected back for weeks.
          for (const id of Object.keys(kept)) if (isOfLostAgent(under, id)) delete kept[id]
          assert.deepEqual(kept, launched, 'and so it is kept')
          for (const id of held) assert(!demand.told.has(id), 'those that are held have not ended')
          const ended = under.mesos.agents.flatMap(({ tasks }) =>
            tasks.filter((task) => task.hasEnded && isOfPresent(task)).map(({ id }) => id),
          )
          assert.deepEqual(ended, [], 'all ends were acknowledged')
        } finally {
          await demand.stopLeading()
          under.mesos.close()
        }
      },
    ),
    { numRuns, endOnFailure: true },
  )
})
