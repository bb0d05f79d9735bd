import assert from 'node:assert/strict'
import t from 'tap'
import { DriverUnderTest } from '../support/driver-under-test.js'

interface Scenario {
  readonly name: string
  /** What the process does until it dies, if it does not die before; its term has begun. */
  readonly run: (under: DriverUnderTest) => Promise<void>
  /** What happened before, in a process that died. */
  readonly before?: (under: DriverUnderTest) => Promise<void>
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'two workers are started',
    run: async (under) => {
      under.requestMany(2)
      await under.clock.advance(3_000)
    },
  },
  {
    name: 'one of two workers is released',
    before: async (under) => void (await under.running(2)),
    run: async (under) => {
      const [first] = under.tasks
      under.driver.releaseResource({ resourceId: first as never })
      await under.clock.advance(2_000)
    },
  },
  {
    name: 'a worker fails, and another one takes its place',
    before: async (under) => void (await under.running(2)),
    run: async (under) => {
      const [first] = under.tasks
      for (const agent of under.mesos.agents) agent.endTask(first!, 'TASK_FAILED', {})
      await under.clock.advance(1_000)
      under.request()
      await under.clock.advance(2_000)
    },
  },
  {
    name: 'a worker becomes unreachable, and comes back',
    before: async (under) => void (await under.running(2)),
    run: async (under) => {
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      under.mesos.stopAgent(agent)
      under.mesos.giveUpAgent(agent)
      await under.clock.advance(1_000)
      under.mesos.startAgent(agent)
      await under.clock.advance(2_000)
    },
  },
  {
    name: 'a request is withdrawn while its task is launched',
    run: async (under) => {
      const abort = new AbortController()
      under.request(undefined, { signal: abort.signal })
      await under.clock.advance(1_010)
      abort.abort()
      await under.clock.advance(2_000)
    },
  },
  {
    name: 'the framework is removed',
    before: async (under) => {
      await under.running(2)
      under.process.mortal.die()
      under.mesos.tearDown(under.frameworkId)
    },
    run: async (under) => {
      await under.clock.advance(2_000)
      under.request()
      await under.clock.advance(3_000)
    },
  },
]

/** @returns the steps until it died */
async function crashAfter(steps: number, { run, before }: Scenario): Promise<readonly string[]> {
  const under = new DriverUnderTest({ unreachableAfterMs: 3_600_000 })
  try {
    await under.lead()
    if (before !== undefined) {
      await before(under)
      under.process.mortal.die()
      under.newProcess()
    }
    const { mortal } = under.process
    if (before !== undefined) {
      mortal.lastStep = steps
      await under.lead(5)
    } else mortal.lastStep = mortal.steps.length + steps
    await run(under)
    mortal.die()
    for (const agent of under.mesos.agents) if (!agent.isUp) under.mesos.startAgent(agent)
    under.newProcess()
    await under.lead(120_000)
    const { recovered, terminated, errors } = under.process
    const ended = terminated.map(([id]) => id)
    const known = recovered.map(({ resourceId }) => resourceId).filter((id) => !ended.includes(id))
    const at = `died after ${steps} steps, ${mortal.steps.at(-1)}`
    assert.deepEqual(errors, [], at)
    assert.deepEqual(under.tasks, [...known].sort(), `${at}: each task is a worker that is known`)
    assert.equal(new Set(ended).size, ended.length, `${at}: no end is told twice`)
    const launched = Object.fromEntries(under.tasks.map((id) => [id, 'Launched']))
    assert.deepEqual(under.store.workers, launched, `${at}: and so it is kept`)
    const unacknowledged = under.mesos.agents.flatMap(({ tasks }) =>
      tasks.filter(({ hasEnded }) => hasEnded),
    )
    assert.deepEqual(unacknowledged, [], `${at}: all ends are acknowledged`)
    assert.equal((await under.running(1)).length, 1, `${at}: and it goes on`)
    return mortal.steps
  } finally {
    await under.close()
  }
}

for (const scenario of SCENARIOS) {
  t.test(`the process dies at any step while ${scenario.name}`, async (t) => {
    let deaths = 0
    for (let steps = 1; ; steps++) {
      const taken = await crashAfter(steps, scenario)
      if (taken.length < steps) break
      deaths++
    }
    t.ok(deaths > 8, `${deaths} places to die at`)
  })
}
