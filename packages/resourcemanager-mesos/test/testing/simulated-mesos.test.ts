import type { Offer } from '@flink-ts/mesos-client'
import t from 'tap'
import { agentResources, agentSpec } from '../../dist/testing/index.js'
import { NotingScheduler, openMesos, taskOn } from '../support/simulation-under-test.js'

const cpusOf = ({ resources }: Offer) =>
  resources.reduce((sum, { name, scalar = 0 }) => (name === 'cpus' ? sum + scalar : sum), 0)

/** One agent with 4 cpus, and a framework that is subscribed. */
async function one(options: Partial<Parameters<typeof openMesos>[0]> = {}, framework = {}) {
  const { clock, mesos } = openMesos({ agents: [agentSpec('h', { cpus: 4 })], ...options })
  const f = new NotingScheduler(mesos, framework)
  await clock.advance(10)
  const offer = [...f.offers.values()][0]!
  return { clock, mesos, f, offer, agent: mesos.agents[0]! }
}

t.test('SimulatedMesos offers what is free, and runs what is launched', async (t) => {
  const { clock, mesos, f, offer } = await one()
  t.equal(cpusOf(offer), 4)
  t.equal(await launched(clock, f.launch(offer, ['1', '2'])), 'ok')
  await clock.advance(2000)

  t.same(f.states('1'), ['STARTING', 'RUNNING'])
  t.same([...f.offers.values()].map(cpusOf), [4, 2], 'the rest, at the next allocation')
  mesos.checkBooks()
  mesos.close()
  await clock.advance(10)
  t.equal(clock.pendingTimers, 0, 'nothing goes on')
})

async function launched<T>(clock: { advance(ms: number): Promise<void> }, answer: Promise<T>) {
  await clock.advance(100)
  return answer
}

t.test('SimulatedMesos refuses what is invalid, task by task', async (t) => {
  const { clock, mesos, f, offer, agent } = await one()
  const port = offer.resources.find(({ name }) => name === 'ports')!.wire
  const ports = (begin: number, end: number) => ({
    name: 'ports',
    ranges: [{ begin, end }],
    from: port,
  })
  const good = taskOn(offer, 'good', 1)
  const launch = [
    good,
    good,
    { ...taskOn(offer, 'a/b', 1) },
    { ...taskOn(offer, 'elsewhere', 1), agentId: 'other' },
    { ...taskOn(offer, 'empty', 1), resources: [] },
    taskOn(offer, 'large', 3.001),
    { ...taskOn(offer, 'portless', 1), resources: [ports(1, 2)] },
    { ...taskOn(offer, 'twice', 1), resources: [ports(31_000, 31_001), ports(31_001, 31_001)] },
    taskOn(offer, 'last', 3),
  ]
  await launched(clock, f.call({ type: 'ACCEPT', offerIds: [offer.id], launch }))

  for (const id of ['a/b', 'elsewhere', 'empty', 'large', 'portless', 'twice']) {
    t.match(f.statuses(id), [{ state: 'TASK_ERROR', reason: 'REASON_TASK_INVALID' }], id)
    t.equal(f.statuses(id)[0]?.uuid, undefined)
  }
  t.match(
    f.statuses('good').find(({ state }) => state === 'TASK_ERROR'),
    { message: 'Task has duplicate ID: good' },
  )
  t.same(f.states('last'), ['STARTING', 'RUNNING'])
  t.equal(agent.tasks.length, 2)
  mesos.checkBooks()
  mesos.close()
})

t.test(
  'SimulatedMesos drops what is launched with invalid offers, and takes the valid ones back',
  async (t) => {
    const agents = [agentSpec('h', { cpus: 4 }), agentSpec('i', { cpus: 4 })]
    const { clock, mesos, f, offer } = await one({ agents })
    const other = [...f.offers.values()][1]!
    for (const offerIds of [
      [offer.id, 'never made'],
      [other.id, offer.id],
    ]) {
      const launch = [taskOn(offer, offerIds.join(), 1)]
      await launched(clock, f.call({ type: 'ACCEPT', offerIds, launch }))
      const [status] = f.statuses(offerIds.join())
      t.match(status, { state: 'TASK_DROPPED', reason: 'REASON_INVALID_OFFERS' })
      mesos.checkBooks()
    }
    const lost = new NotingScheduler(mesos, { capabilities: ['MULTI_ROLE'] })
    await clock.advance(2000)
    await launched(clock, lost.launch({ ...offer, id: 'x' }, ['1']))
    t.same(lost.states('1'), ['LOST'], 'of a framework that does not know partitions')
    mesos.close()
  },
)

t.test('SimulatedMesos withholds what was refused for as long as was said', async (t) => {
  const { clock, mesos, f, offer } = await one()
  void f.call({ type: 'SUPPRESS', roles: ['nobody'] })
  const offersIn = async (ms: number) => {
    const before = f.events.filter(({ type }) => type === 'OFFERS').length
    await clock.advance(ms)
    return f.events.filter(({ type }) => type === 'OFFERS').length - before
  }
  const decline = (refuseSeconds?: number) => {
    const offerIds = [...f.offers.keys()]
    f.offers.clear()
    const refuse = refuseSeconds === undefined ? {} : { refuseSeconds }
    return f.call({ type: 'DECLINE', offerIds: [...offerIds, 'unknown'], ...refuse })
  }
  void decline()
  t.same([await offersIn(4000), await offersIn(2100)], [0, 1], 'five seconds unless it is said')
  void decline(0)
  t.equal(await offersIn(1100), 1, 'no filter')
  void decline(3600)
  t.equal(await offersIn(60_000), 0)
  void f.call({ type: 'REVIVE' })
  t.equal(await offersIn(100), 1, 'revived at once')
  void f.call({ type: 'SUPPRESS' })
  void decline(0)
  t.equal(await offersIn(60_000), 0)
  void f.call({ type: 'REVIVE', roles: ['nobody'] })
  t.equal(await offersIn(60_000), 0, 'unknown roles: nothing')
  t.equal(offer.role, '*')
  mesos.close()
})

t.test(
  'SimulatedMesos makes a second offer of what becomes free, larger than what was refused',
  async (t) => {
    const { clock, mesos, f, offer } = await one()
    await launched(clock, f.launch(offer, ['1', '2']))
    await clock.advance(1000)
    const rest = [...f.offers.values()].at(-1)!
    void f.call({ type: 'DECLINE', offerIds: [rest.id], refuseSeconds: 3600 })
    f.offers.clear()
    await clock.advance(10_000)
    t.equal(f.offers.size, 0)
    void f.call({ type: 'KILL', taskId: '1' })
    await clock.advance(100)
    t.same([...f.offers.values()].map(cpusOf), [3])
    void f.call({ type: 'KILL', taskId: '2' })
    await clock.advance(100)
    t.same([...f.offers.values()].map(cpusOf), [3], 'no more than what was refused')
    void f.call({ type: 'REVIVE' })
    await clock.advance(100)
    t.same([...f.offers.values()].map(cpusOf), [3, 1])
    t.same(f.states('1'), ['STARTING', 'RUNNING', 'KILLING', 'KILLED'])
    mesos.checkBooks()
    mesos.close()
  },
)

t.test(
  'SimulatedMesos offers reservations to their role alone, GPUs to those who can use them',
  async (t) => {
    const both = [...agentResources({ cpus: 1 }), { name: 'cpus', scalar: 2, role: 'flink' }]
    const revocable = { name: 'cpus', scalar: 4, isRevocable: true }
    const { clock, mesos, f } = await one({
      agents: [
        { hostname: 'both', resources: [...both, revocable] },
        agentSpec('gpu', { gpus: 1 }),
      ],
    })
    t.same([...f.offers.values()].map(cpusOf), [1])
    void f.scheduler.close()
    const roles = ['flink', 'other']
    const capabilities = ['MULTI_ROLE', 'GPU_RESOURCES', 'REVOCABLE_RESOURCES'] as const
    const g = new NotingScheduler(mesos, { roles, capabilities: [...capabilities] })
    await clock.advance(2000)
    const offers = [...g.offers.values()]
    const onBoth = offers.filter(({ hostname }) => hostname === 'both')
    t.equal(
      onBoth.reduce((sum, offer) => sum + cpusOf(offer), 0),
      7,
    )
    const reservedFor = offers.flatMap(({ role, resources }) =>
      resources.some((resource) => resource.role === 'flink') ? [role] : [],
    )
    t.same(reservedFor, ['flink'])
    t.ok(offers.some(({ hostname }) => hostname === 'gpu'))
    mesos.checkBooks()
    mesos.close()
  },
)

t.test('SimulatedMesos repeats updates in order until they are acknowledged', async (t) => {
  const { clock, mesos, f, offer } = await one()
  f.acknowledges = false
  await launched(clock, f.launch(offer, ['1']))
  await clock.advance(31_000)
  t.same(f.states('1'), ['STARTING', 'STARTING', 'STARTING'], 'after 10 s, and 20 s more')
  const { agentId = '', uuid = '' } = f.statuses('1')[0]!
  const acknowledge = (text: string) =>
    f.call({ type: 'ACKNOWLEDGE', taskId: '1', agentId, uuid: text })
  void acknowledge(Buffer.alloc(16).toString('base64'))
  await clock.advance(100)
  t.equal(f.states('1').length, 3, 'of something else')
  void acknowledge(uuid)
  await clock.advance(100)
  t.same(f.states('1').slice(3), ['RUNNING'])
  f.acknowledges = true
  mesos.updatesToRepeat = 1
  mesos.cutConnection(f.frameworkId)
  await clock.advance(2000)
  t.same(f.states('1').slice(4), ['RUNNING', 'RUNNING'], 'again at once for a new subscription')
  void f.call({ type: 'KILL', taskId: '1' })
  mesos.updatesToLose = 1
  await clock.advance(9000)
  t.notOk(f.states('1').includes('KILLED'))
  await clock.advance(2000)
  t.equal(f.states('1').at(-1), 'KILLED', 'what was lost is repeated')
  t.equal(mesos.agents[0]?.tasks.length, 0, 'acknowledged and forgotten')
  mesos.close()
})

t.test('SimulatedMesos tells of what tasks do by themselves', async (t) => {
  const { clock, mesos, f, offer } = await one()
  const stopped: string[] = []
  mesos.behaviour = ({ info: { taskId } }) => {
    if (taskId === 'broken') {
      const reason = 'REASON_CONTAINER_LAUNCH_FAILED'
      return { launchFailure: { message: 'Failed to fetch', reason } }
    }
    if (taskId === 'hangs') return { staysStaging: true }
    return {
      run: (process) => {
        if (taskId === 'short') process.exit(0)
        if (taskId === 'fails') clock.schedule(100, () => process.exit(3))
        return () => void stopped.push(taskId)
      },
    }
  }
  const ids = ['broken', 'hangs', 'short', 'fails']
  void f.launch(offer, ids, 0.5)
  await clock.advance(1000)
  t.same(f.states('broken'), ['FAILED'])
  t.same(f.states('hangs'), [])
  t.same(f.states('short'), ['STARTING', 'RUNNING', 'FINISHED'])
  t.match(f.statuses('fails').at(-1), { message: 'Command exited with status 3' })
  void f.call({ type: 'KILL', taskId: 'hangs' })
  await clock.advance(100)
  t.match(f.statuses('hangs'), [{ reason: 'REASON_TASK_KILLED_DURING_LAUNCH' }])
  t.same(stopped, [], 'they had ended')
  mesos.close()
})

t.test('SimulatedMesos answers reconciliation as a master does', async (t) => {
  const { clock, mesos, f, offer, agent } = await one()
  await launched(clock, f.launch(offer, ['1']))
  const ask = async (taskId: string, agentId?: string) => {
    const before = f.statuses(taskId).length
    const task = agentId === undefined ? { taskId } : { taskId, agentId }
    void f.call({ type: 'RECONCILE', tasks: [task] })
    await clock.advance(10)
    return f.statuses(taskId).slice(before)
  }
  t.match(await ask('1'), [{ state: 'TASK_RUNNING', reason: 'REASON_RECONCILIATION' }])
  t.match(await ask('x'), [{ state: 'TASK_UNKNOWN' }])
  t.match(await ask('x', agent.id), [{ state: 'TASK_GONE' }])
  t.match(await ask('x', 'other'), [{ state: 'TASK_UNKNOWN' }])
  const before = f.events.length
  void f.call({ type: 'RECONCILE', tasks: [] })
  await clock.advance(10)
  t.match(f.events.slice(before), [{ status: { taskId: '1', source: 'SOURCE_MASTER' } }])
  void f.call({ type: 'KILL', taskId: 'never heard of' })
  await clock.advance(10)
  t.same(f.states('never heard of'), ['UNKNOWN'])
  mesos.stopAgent(agent)
  await clock.advance(76_000)
  t.same(f.states('1').slice(-1), ['UNREACHABLE'])
  t.match(await ask('x', agent.id), [{ state: 'TASK_UNREACHABLE' }])
  mesos.markAgentGone(agent)
  t.match(await ask('x', agent.id), [{ state: 'TASK_GONE_BY_OPERATOR' }])
  mesos.close()
})

t.test('SimulatedMesos fails over, and is silent about agents that it expects', async (t) => {
  for (const keepsRegistry of [true, false]) {
    const agents = [agentSpec('h'), agentSpec('late')]
    const { clock, mesos, f, offer } = await one({
      agents,
      keepsRegistry,
      reregisterWithinMs: 3000,
    })
    const late = mesos.agentOn('late')
    await launched(clock, f.launch(offer, ['1']))
    mesos.stopAgent(late)
    mesos.failOver()
    await clock.advance(10)
    t.equal(await f.call({ type: 'REVIVE' }), 'not-subscribed')
    await clock.advance(10_000)
    t.same(f.notes, ['subscribed', 'disconnected', 'subscribed'])
    t.equal(mesos.task('1')?.state, 'TASK_RUNNING')
    void f.call({ type: 'RECONCILE', tasks: [{ taskId: '1' }, { taskId: 'x', agentId: late.id }] })
    await clock.advance(10)
    t.equal(f.states('1').at(-1), 'RUNNING')
    t.same(f.states('x'), keepsRegistry ? [] : ['UNKNOWN'])
    mesos.startAgent(late)
    await clock.advance(1000)
    t.equal(f.offers.size, 2)
    mesos.checkBooks()
    mesos.close()
  }
})

t.test('SimulatedMesos keeps a framework for its failover timeout, and not longer', async (t) => {
  const { clock, mesos, f, offer } = await one()
  await launched(clock, f.launch(offer, ['1']))
  await f.scheduler.close()
  await clock.advance(50_000)
  const second = new NotingScheduler(mesos, { id: f.frameworkId })
  await clock.advance(100)
  t.equal(second.frameworkId, f.frameworkId)
  t.equal(second.offers.size, 1, 'the offers of the one before are free again')
  await clock.advance(60_000)
  t.equal(mesos.tasks.length, 1)
  const third = new NotingScheduler(mesos, { id: f.frameworkId })
  await clock.advance(100)
  t.same(second.notes, ['subscribed', 'disconnected', 'failed-over'])
  await third.scheduler.close()
  await clock.advance(61_000)
  t.equal(mesos.tasks.length, 0, 'killed')
  const fourth = new NotingScheduler(mesos, { id: f.frameworkId })
  await clock.advance(100)
  t.same(fourth.notes, ['framework-removed'])
  mesos.checkBooks()
  mesos.close()
})

t.test('SimulatedMesos ends a framework at its own or the operator’s wish', async (t) => {
  for (const isOwn of [true, false]) {
    const { clock, mesos, f, offer } = await one()
    await launched(clock, f.launch(offer, ['1']))
    if (isOwn) t.equal(await launched(clock, f.call({ type: 'TEARDOWN' })), 'ok')
    else mesos.tearDown(f.frameworkId)
    await clock.advance(2000)
    t.same(f.notes, ['subscribed', 'disconnected', 'framework-removed'])
    t.equal(mesos.tasks.length, 0)
    mesos.close()
  }
})

t.test('SimulatedMesos loses agents in all the ways', async (t) => {
  const { clock, mesos, f, offer, agent } = await one()
  const back = async (ms: number) => {
    await clock.advance(ms)
    mesos.startAgent(agent)
    await clock.advance(1100)
  }
  await launched(clock, f.launch(offer, ['1']))
  await clock.advance(1000)
  const rest = [...f.offers.values()].at(-1)!
  mesos.stopAgent(agent)
  await clock.advance(10)
  t.notOk(f.offers.has(rest.id), 'rescinded')
  void f.call({ type: 'KILL', taskId: 'x', agentId: agent.id })
  await back(30_000)
  t.same(f.states('1'), ['STARTING', 'RUNNING'], 'in time: unnoticed')
  mesos.stopAgent(agent)
  await back(80_000)
  t.same(f.states('1').slice(2), ['UNREACHABLE', 'RUNNING'], 'given up, and back')
  t.ok(f.events.some(({ type }) => type === 'FAILURE'))
  mesos.stopAgent(agent)
  void f.call({ type: 'KILL', taskId: '1' })
  await back(5000)
  t.equal(f.states('1').at(-1), 'KILLED', 'the kill waited for the agent')
  await launched(clock, f.launch([...f.offers.values()].at(-1)!, ['2']))
  mesos.crashMachine(agent)
  t.equal(mesos.tasks.length, 0)
  await back(5000)
  t.equal(f.states('2').at(-1), 'GONE')
  await launched(clock, f.launch([...f.offers.values()].at(-1)!, ['3']))
  mesos.shutDownAgent(agent)
  await back(5000)
  t.equal(f.states('3').at(-1), 'LOST')
  t.equal([...f.offers.values()].at(-1)?.agentId, agent.id, 'it is a new agent')
  mesos.checkBooks()
  mesos.close()
})

t.test('SimulatedMesos tells at once of tasks that are not checkpointed', async (t) => {
  const { clock, mesos, f, offer, agent } = await one({}, { checkpoint: false })
  await launched(clock, f.launch(offer, ['1']))
  mesos.stopAgent(agent)
  await clock.advance(10)
  t.match(f.statuses('1').at(-1), { state: 'TASK_LOST', reason: 'REASON_AGENT_DISCONNECTED' })
  mesos.startAgent(agent)
  await clock.advance(2000)
  mesos.checkBooks()
  mesos.close()
})

t.test('SimulatedMesos drops what is launched on an agent that does not hear of it', async (t) => {
  const { clock, mesos, f, offer, agent } = await one()
  void f.launch(offer, ['1'])
  await clock.advance(3)
  mesos.stopAgent(agent)
  await clock.advance(1000)
  t.same(f.states('1'), [])
  mesos.startAgent(agent)
  await clock.advance(1100)
  t.same(f.states('1'), ['DROPPED'])
  mesos.checkBooks()
  mesos.close()
})

t.test('SimulatedMesos tells of maintenance, rescinds and times offers out', async (t) => {
  const { clock, mesos, f, offer, agent } = await one({ offerTimeoutMs: 5000 })
  await launched(clock, f.launch(offer, ['1']))
  await clock.advance(1000)
  mesos.planMaintenance(agent, 123)
  await clock.advance(1100)
  t.equal([...f.offers.values()].at(-1)?.unavailableFromMs, 123)
  t.match(
    f.events.find(({ type }) => type === 'INVERSE_OFFERS'),
    { inverseOffers: [{ agentId: agent.id, unavailableFromMs: 123 }] },
  )
  f.offers.clear()
  mesos.rescindOffers(agent)
  await clock.advance(20)
  t.equal(f.events.at(-1)?.type, 'RESCIND')
  const before = f.events.length
  await clock.advance(7000)
  t.same(
    f.events.slice(before).map(({ type }) => type),
    ['OFFERS', 'RESCIND', 'OFFERS'],
  )
  mesos.close()
})

t.test(
  'SimulatedMesos refuses frameworks and calls, and breaks connections, on demand',
  async (t) => {
    const { clock, mesos, f } = await one({
      refuse: ({ roles }) => (roles.includes('bad') ? 'Roles { bad } are not present' : undefined),
    })
    const bad = new NotingScheduler(mesos, { roles: ['bad'] })
    const principal = new NotingScheduler(mesos, { id: f.frameworkId, principal: 'p' })
    await clock.advance(100)
    t.same([...bad.notes, ...principal.notes], ['refused', 'refused'])
    mesos.callsToRefuse = 1
    t.equal(await launched(clock, f.call({ type: 'REVIVE' })), 'refused')
    mesos.callsToLose = 1
    t.equal(await launched(clock, f.call({ type: 'REVIVE' })), 'not-subscribed')
    await clock.advance(2000)
    mesos.answersToLose = 1
    t.equal(await launched(clock, f.call({ type: 'SUPPRESS' })), 'not-subscribed')
    await clock.advance(2000)
    t.equal(f.notes.filter((note) => note === 'subscribed').length, 3)
    mesos.close()
  },
)
