import { noopLogger, SeededRandom } from '@flink-ts/core'
import type { MesosTaskState } from '@flink-ts/mesos-client'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import fc from 'fast-check'
import t from 'tap'
import { LaunchCoordinator } from '../../dist/offers/launch-coordinator.js'
import type { Placement } from '../../dist/offers/placement.js'
import { type AgentSpec, agentResources, SimulatedMesos } from '../../dist/testing/index.js'
import { SETTINGS, taskInfos } from '../support/coordinator-under-test.js'
import { request } from '../support/offers.js'
import { FRAMEWORK, NotingScheduler } from '../support/simulation-under-test.js'

/** What happens to a placement while the driver prepares it. */
type Preparation = 'quick' | 'slow' | 'rescinded' | 'failover' | 'partial' | 'fails'

/** A launch coordinator on a simulated Mesos, with a driver that only prepares and notes. */
class Framework {
  readonly clock = new DriverClock()
  readonly mesos: SimulatedMesos
  readonly coordinator: LaunchCoordinator
  readonly states = new Map<string, MesosTaskState[]>()
  readonly placements: Placement[] = []
  readonly leftOut = new Set<string>()
  preparation: Preparation = 'quick'

  constructor(agents: readonly AgentSpec[], constraints = SETTINGS.constraints) {
    const { clock } = this
    this.mesos = new SimulatedMesos({ clock, random: new SeededRandom(7), agents })
    const scheduler = this.mesos.scheduler()
    this.coordinator = new LaunchCoordinator({
      clock,
      log: noopLogger,
      settings: {
        ...SETTINGS,
        roles: ['flink', 'other'],
        constraints,
        unusedOfferExpirationMs: 10_000,
      },
      call: (call) => scheduler.call(call),
      place: (placement) => this.#place(placement),
      onVoided: () => {},
      onUnsatisfied: () => {},
    })
    scheduler.start(
      {
        ...FRAMEWORK,
        roles: ['flink', 'other'],
        capabilities: [...FRAMEWORK.capabilities, 'GPU_RESOURCES'],
      },
      {
        onSubscribed: () => this.coordinator.connected(),
        onDisconnected: () => this.coordinator.disconnected(),
        onEnded: () => {},
        onEvent: (event) => {
          if (event.type === 'OFFERS') this.coordinator.offersReceived(event.offers)
          if (event.type === 'RESCIND') this.coordinator.offerRescinded(event.offerId)
          if (event.type === 'FAILURE') this.coordinator.agentLost(event.agentId ?? '')
          if (event.type !== 'UPDATE') return
          const { taskId, state, agentId = '', uuid } = event.status
          this.states.set(taskId, [...(this.states.get(taskId) ?? []), state])
          if (uuid === undefined) return
          scheduler.call({ type: 'ACKNOWLEDGE', taskId, agentId, uuid }).catch(() => {})
        },
      },
    )
  }

  get offersOut(): number {
    return this.mesos.frameworks[0]?.offers.size ?? 0
  }

  lastState(taskId: string): MesosTaskState | undefined {
    return this.states.get(taskId)?.at(-1)
  }

  async #place(placement: Placement) {
    const { preparation } = this
    this.placements.push(placement)
    const wait = (ms: number) => new Promise<void>((done) => void this.clock.schedule(ms, done))
    if (preparation !== 'quick') await wait(50)
    if (preparation === 'rescinded') {
      this.mesos.rescindOffers(this.mesos.agent(placement.offers[0]?.agentId ?? ''))
      await wait(50)
    }
    if (preparation === 'failover') {
      if (this.mesos.frameworks.length > 0) this.mesos.failOver()
      await wait(10_000)
    }
    if (preparation === 'fails') throw new Error('cannot be written')
    const infos = taskInfos(placement)
    if (preparation !== 'partial') return infos
    const [first, ...others] = infos
    if (first !== undefined) this.leftOut.add(first.taskId)
    return others
  }

  async close(): Promise<void> {
    this.coordinator.close()
    await this.clock.advance(100)
    this.mesos.close()
    await this.clock.advance(100)
  }
}

const agent = (hostname: string, figures: Parameters<typeof agentResources>[0]): AgentSpec => ({
  hostname,
  resources: agentResources(figures),
})

t.test('LaunchCoordinator keeps no other framework from offers that are of no use', async (t) => {
  const agents = Array.from({ length: 3 }, (_, i) => ({
    hostname: `node${i}`,
    resources: agentResources({ cpus: 4 }),
  }))
  const f = new Framework(agents)
  await f.clock.advance(100)
  f.coordinator.request(request('large', { cpus: 8 }))
  await f.clock.advance(3_000)
  t.equal(f.offersOut, 3)
  const other = new NotingScheduler(f.mesos)
  await f.clock.advance(22_000)
  t.equal(other.offers.size, 3, 'it has all of them, when each of our roles has looked at them')
  void other.call({ type: 'DECLINE', offerIds: [...other.offers.keys()], refuseSeconds: 300 })
  await f.clock.advance(100)
  f.coordinator.request(request('small', { cpus: 2 }))
  await f.clock.advance(3_000)
  t.equal(f.lastState('small'), 'TASK_RUNNING')
  await f.close()
})

t.test(
  'LaunchCoordinator survives that offers are taken back while the driver prepares',
  async (t) => {
    const f = new Framework([agent('a', { cpus: 2 }), agent('b', { cpus: 2 })])
    await f.clock.advance(100)
    f.preparation = 'rescinded'
    for (const id of ['1', '2']) f.coordinator.request(request(id))
    await f.clock.advance(5_000)
    t.equal(f.states.size, 0, 'the master is not told')
    t.ok(f.placements.length > 1, 'another place is found')
    f.preparation = 'quick'
    for (const id of ['3', '4']) f.coordinator.request(request(id))
    await f.clock.advance(10_000)

    for (const id of ['1', '2', '3', '4']) t.equal(f.lastState(id), 'TASK_RUNNING')
    f.mesos.checkBooks()
    t.equal(f.offersOut, 0)
    await f.close()
  },
)

t.test('LaunchCoordinator launches nothing with the offers of an earlier master', async (t) => {
  const f = new Framework([agent('a', { cpus: 2 })])
  await f.clock.advance(100)
  f.preparation = 'failover'
  f.coordinator.request(request('1'))
  await f.clock.advance(5_000)
  f.preparation = 'quick'
  await f.clock.advance(15_000)

  t.same(f.states.get('1')?.includes('TASK_DROPPED'), false)
  t.equal(f.lastState('1'), 'TASK_RUNNING')
  t.equal(f.placements.length, 2)
  await f.close()
})

t.test('LaunchCoordinator puts tasks only on agents with the attributes', async (t) => {
  const attributes = { zone: 'a' }
  const f = new Framework(
    [
      { ...agent('no', { cpus: 8 }) },
      { ...agent('yes', { cpus: 2 }), attributes },
      { ...agent('other', { cpus: 8 }), attributes: { zone: 'b' } },
    ],
    [{ attribute: 'zone', value: 'a' }],
  )
  for (const id of ['1', '2', '3']) f.coordinator.request(request(id))
  await f.clock.advance(200_000)

  t.same(new Set(f.mesos.tasks.map(({ hostname }) => hostname)), new Set(['yes']))
  t.equal(f.mesos.tasks.length, 2)
  t.equal(f.coordinator.waitingRequests, 1)
  t.equal(f.coordinator.heldOffers <= 1, true, 'the others are not held')
  await f.close()
})

t.test(
  'LaunchCoordinator uses what comes back piece by piece, now for one role, now for another',
  async (t) => {
    const f = new Framework([agent('a', { cpus: 4, ports: [31_000, 31_007] })])
    for (const id of ['1', '2', '3', '4']) f.coordinator.request(request(id))
    await f.clock.advance(3_000)
    t.equal(f.mesos.tasks.length, 4)
    f.coordinator.request(request('large', { cpus: 3 }))
    for (const id of ['1', '2', '3']) {
      await f.clock.advance(20_000)
      f.mesos.agents[0]?.endTask(id, 'TASK_FAILED', {})
    }
    await f.clock.advance(20_000)

    t.equal(f.lastState('large'), 'TASK_RUNNING')
    t.equal(f.coordinator.heldOffers, 0)
    await f.close()
  },
)

const preparations: Preparation[] = ['quick', 'slow', 'rescinded', 'failover', 'partial', 'fails']
const figures = fc.record({
  cpus: fc.integer({ min: 1, max: 4 }),
  memoryMb: fc.constantFrom(512, 2048, 4096),
  gpus: fc.constantFrom(0, 0, 1),
  ports: fc.constantFrom<[number, number]>([31_000, 31_001], [31_000, 31_009]),
})
const agentArbitrary = fc.record({
  plain: figures,
  reserved: fc.option(fc.record({ figures, role: fc.constantFrom('flink', 'other', 'stranger') })),
})
const stepArbitrary = fc.oneof(
  fc.record({
    kind: fc.constant('prepare' as const),
    preparation: fc.constantFrom(...preparations),
  }),
  fc.record({
    kind: fc.constant('request' as const),
    cpus: fc.constantFrom(0.5, 1, 2, 100),
    gpus: fc.constantFrom(0, 0, 0, 1),
  }),
  fc.record({ kind: fc.constant('withdraw' as const), which: fc.nat(5) }),
  fc.record({ kind: fc.constant('end' as const), which: fc.nat(5) }),
  fc.record({ kind: fc.constant('rescind' as const), which: fc.nat(5) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 30, 1000, 7000) }),
)

t.test(
  'LaunchCoordinator: whatever happens, the master finds nothing wrong with what is launched',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(agentArbitrary, { minLength: 1, maxLength: 4 }),
        fc.array(stepArbitrary, { maxLength: 40 }),
        async (agents, steps) => {
          const f = new Framework(
            agents.map(({ plain, reserved }, index) => ({
              hostname: `h${index}`,
              resources: [
                ...agentResources(plain),
                ...(reserved === null
                  ? []
                  : agentResources({ ...reserved.figures, role: reserved.role, ports: [1, 3] })),
              ],
            })),
          )
          const open = new Set<string>()
          let count = 0
          for (const step of steps) {
            if (step.kind === 'prepare') f.preparation = step.preparation
            else if (step.kind === 'request') {
              const id = `t${count++}`
              open.add(id)
              f.coordinator.request(
                request(id, { cpus: step.cpus, gpus: step.gpus, memoryMb: 256 }),
              )
            } else if (step.kind === 'withdraw') {
              const id = [...open][step.which]
              if (id === undefined) continue
              f.coordinator.withdraw(id)
              open.delete(id)
            } else if (step.kind === 'rescind') {
              const agent = f.mesos.agents[step.which]
              if (agent?.isNamed) f.mesos.rescindOffers(agent)
            } else if (step.kind === 'end') {
              const task = f.mesos.tasks.filter(({ isRunning }) => isRunning)[step.which]
              if (task) f.mesos.agentOn(task.hostname).endTask(task.id, 'TASK_FAILED', {})
            } else await f.clock.advance(step.ms)
            f.mesos.checkBooks()
          }
          f.preparation = 'quick'
          await f.clock.advance(60_000)

          f.mesos.checkBooks()
          for (const [taskId, states] of f.states) {
            if (states.includes('TASK_ERROR')) throw new Error(`${taskId} was wrong`)
          }
          const placed = f.placements.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))
          for (const taskId of open) {
            // Placed and told of, left out by the driver, or still waiting.
            if (f.states.has(taskId) || f.leftOut.has(taskId)) continue
            if (f.coordinator.waitingRequests === 0) throw new Error(`${taskId} is forgotten`)
            if (placed.filter((id) => id === taskId).length > 100)
              throw new Error('again and again')
          }
          const waiting = [...open].filter((id) => !f.states.has(id) && !f.leftOut.has(id)).length
          if (waiting !== f.coordinator.waitingRequests) throw new Error('waits or not')
          if (waiting === 0 && f.offersOut > 0) throw new Error('offers are held for nobody')
          for (const id of open) f.coordinator.withdraw(id)
          await f.clock.advance(100)
          if (f.offersOut > 0) throw new Error('offers are not given back')
          await f.close()
          if (f.clock.pendingTimers > 0) throw new Error('something goes on')
        },
      ),
      { numRuns: 60 },
    )
  },
)
