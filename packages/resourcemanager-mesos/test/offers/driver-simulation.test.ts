import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { SeededRandom } from '@flink-ts/core'
import type { RequestedWorker } from '@flink-ts/testing/resource-manager-drivers'
import t, { type Test } from 'tap'
import { type AgentSpec, agentSpec } from '../../dist/testing/index.js'
import { DriverUnderTest, spec } from '../support/driver-under-test.js'

const agents = (count: number): AgentSpec[] =>
  Array.from({ length: count }, (_, i) => agentSpec(`node${i}`, { cpus: 4, memoryMb: 8192 }))

t.test(
  'the driver on 5,000 agents keeps 10,000 TaskManagers through changes of master and JobManager',
  async (t) => {
    const worker = new Worker(new URL('../fixtures/driver-at-scale.js', import.meta.url), {
      workerData: { agentCount: 5_000, taskCount: 10_000 },
      execArgv: [],
    })
    const [figures] = await once(worker, 'message')

    t.match(figures, {
      // In three seconds of Mesos' time; four on each machine, and the others free.
      launched: { granted: 1_000, running: 1_000, machines: 250, offersHeld: 0 },
      // All are asked of when another master leads, and it knows them.
      failedOver: { granted: 9_000, tasks: 10_000, askedOf: 10_000, terminated: 0 },
      restarted: { recovered: 10_000, tasks: 10_000, terminated: 0 },
      timersLeft: 0,
    })
    t.comment(`${figures.cpuMs} ms of processor time`)
    await worker.terminate()
  },
)

t.test('the driver in a Mesos where everything fails', async (t) => {
  for (let seed = 1; seed <= 20; seed++) await chaos(t, seed)
})

/** Whatever happened: when it is over, just those run that are wanted, and no resource is lost or used twice. */
async function chaos(t: Test, seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const under = await new DriverUnderTest({
    agents: agents(12),
    seed,
    keepsRegistry: seed % 3 !== 0,
    unreachableAfterMs: 20_000,
  }).lead()
  const wanted = new Map<RequestedWorker, AbortController>()
  for (let step = 0; step < 60; step++) {
    misfortune(under, random)
    const controller = new AbortController()
    if (random.next() < 0.5) {
      const request = under.request(spec(), { signal: controller.signal })
      wanted.set(request, controller)
    }
    const [first] = wanted
    if (first !== undefined && random.next() < 0.3) {
      const [request, { abort }] = first
      wanted.delete(request)
      if (request.handle === undefined) abort.call(first[1])
      else under.driver.releaseResource(request.handle)
    }
    await under.clock.advance(random.nextInt(4_000))
    under.mesos.checkBooks()
  }
  for (const agent of under.mesos.agents) if (!agent.isUp) under.mesos.startAgent(agent)
  await under.clock.advance(900_000)

  under.mesos.checkBooks()
  const ended = new Set(under.process.terminated.map(([id]) => id))
  const expected = [...wanted.keys()]
    .map(({ id }) => id)
    .filter((id) => id !== '' && !ended.has(id))
  t.same(under.tasks, expected.sort(), `seed ${seed}: just those run that are wanted`)
  t.ok(
    [...wanted.keys()].every(
      ({ handle, error }) => (handle === undefined) !== (error === undefined),
    ),
    `seed ${seed}: every request has its answer`,
  )
  t.equal(under.mesos.frameworks[0]?.offers.size, 0, `seed ${seed}: nothing is held`)
  t.same(under.process.errors, [])
  await under.close()
  t.equal(under.clock.pendingTimers, 0, `seed ${seed}: nothing is left that would go on`)
}

function misfortune({ mesos }: DriverUnderTest, random: SeededRandom): void {
  const agent = mesos.agents[random.nextInt(mesos.agents.length)]!
  const [framework] = mesos.frameworks
  switch (random.nextInt(14)) {
    case 0:
      if (agent.isUp) mesos.stopAgent(agent)
      else mesos.startAgent(agent)
      break
    case 1:
      if (agent.isUp) mesos.crashMachine(agent)
      break
    case 2:
      mesos.rescindOffers(agent)
      break
    case 3:
      if (framework?.stream !== undefined) mesos.cutConnection(framework.id)
      break
    case 4:
      mesos.updatesToLose += random.nextInt(3)
      break
    case 5:
      mesos.updatesToRepeat += random.nextInt(3)
      break
    case 6:
      mesos.callsToLose = 1
      break
    case 7:
      mesos.answersToLose = 1
      break
    case 8:
      if (framework !== undefined) mesos.failOver()
      break
    case 9: {
      const task = mesos.tasks[random.nextInt(Math.max(1, mesos.tasks.length))]
      const facts = { message: 'it fell over', source: 'SOURCE_EXECUTOR' } as const
      if (task?.isRunning) mesos.agentOn(task.hostname).endTask(task.id, 'TASK_FAILED', facts)
      break
    }
    case 10:
      mesos.planMaintenance(agent, 1e9)
      break
    default:
  }
}
