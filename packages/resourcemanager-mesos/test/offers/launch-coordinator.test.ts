import type { TaskInfo } from '@flink-ts/mesos-client'
import t from 'tap'
import { CoordinatorUnderTest, taskInfos } from '../support/coordinator-under-test.js'
import { offer, request } from '../support/offers.js'

/** What takes the offers away of a placement, while the driver prepares it. */
const TAKING_AWAY: [string, (c: CoordinatorUnderTest) => void, said: string[]][] = [
  ['one is taken back', ({ coordinator }) => coordinator.offerRescinded('a1'), ['DECLINE a2']],
  ['the agent is lost', ({ coordinator }) => coordinator.agentLost('a'), []],
  [
    'there is another subscription',
    ({ coordinator }) => {
      coordinator.disconnected()
      coordinator.connected()
    },
    ['SUPPRESS'],
  ],
]

t.test(
  'LaunchCoordinator launches with what was taken, and its filters are the configured ones',
  async (t) => {
    const c = new CoordinatorUnderTest({ declinedOfferRefuseMs: 2500 })
    c.coordinator.request(request('1', { portKeys: ['k'] }))
    c.coordinator.connected()
    c.offers(offer({ id: 'a' }), offer({ id: 'b' }))
    await c.pass(0)

    const [placement] = c.placements
    t.same(placement?.tasks[0]?.ports, { k: 31_000 })
    const accept = c.calls.find(({ type }) => type === 'ACCEPT')
    t.match(accept, { launch: [{ taskId: '1', resources: placement?.tasks[0]?.resources }] })
    t.match(accept, { refuseSeconds: 2.5 })
    t.match(
      c.calls.find(({ type }) => type === 'DECLINE'),
      { refuseSeconds: 2.5 },
    )
  },
)

t.test(
  'LaunchCoordinator gathers offers for a second unless there is a place for all',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.coordinator.connected()
    for (const id of ['1', '2', '3']) c.coordinator.request(request(id, { cpus: 2 }))
    c.offers(offer({ id: 'a', cpus: 4 }))
    await c.pass(600)
    t.same(c.places, {}, 'not all fit')
    c.offers(offer({ id: 'b', cpus: 1 }), offer({ id: 'd', cpus: 1 }))
    await c.pass(399)
    t.same(c.places, {}, 'there is enough in all, but not in the places of each')
    await c.pass(1)
    t.same(c.places, { a: ['1', '2'] }, 'one second after the first offer')
    t.equal(c.coordinator.waitingRequests, 1)
    t.equal(c.coordinator.heldOffers, 2, 'the rest is kept for the last request')
    c.offers(offer({ id: 'c', cpus: 2 }))
    await c.pass(0)
    t.same(c.places, { a: ['1', '2'], c: ['3'] }, 'at once, as all that is wanted fits')
    t.ok(c.said.includes('DECLINE b,d'))
  },
)

t.test('LaunchCoordinator sees requests of one turn together', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.coordinator.request(request('large', { cpus: 8 }))
  c.offers(offer({ id: 'a', cpus: 4 }), offer({ id: 'b', cpus: 4 }))
  for (const id of ['1', '2', '3', '4']) c.coordinator.request(request(id, { cpus: 2 }))
  c.coordinator.withdraw('large')
  await c.pass(0)

  t.same(c.placements.length, 2)
  t.same(Object.values(c.places).flat().sort(), ['1', '2', '3', '4'])
  t.equal(c.said.filter((call) => call === 'REVIVE').length, 1)
})

t.test('LaunchCoordinator pools the offers of one agent and role, not of two roles', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.coordinator.request(request('1', { cpus: 3 }))
  c.offers(
    offer({ id: 'x', agentId: 'a', cpus: 2, forRole: 'other', ports: [1, 0] }),
    offer({ id: 'y', agentId: 'a', cpus: 2 }),
  )
  await c.pass(1000)
  t.same(c.places, {})
  t.equal(c.said.at(-1), 'DECLINE x', 'so that it comes for the role that has more')
  c.offers(offer({ id: 'z', agentId: 'a', cpus: 1, ports: [1, 0] }))
  await c.pass(0)

  t.same(c.places, { a: ['1'] })
  t.ok(c.said.includes('ACCEPT y,z'))
})

t.test(
  'LaunchCoordinator declines agents without the attributes, or under maintenance',
  async (t) => {
    const constraints = [
      { attribute: 'zone', value: 'a' },
      { attribute: 'disk', value: 'ssd' },
    ]
    const c = new CoordinatorUnderTest({ constraints })
    c.coordinator.connected()
    c.coordinator.request(request('1'))
    const good = { zone: 'a', disk: 'ssd' }
    c.offers(
      offer({ id: 'none' }),
      offer({ id: 'half', attributes: { zone: 'a' } }),
      offer({ id: 'other', attributes: { zone: 'b', disk: 'ssd' } }),
      offer({ id: 'down', attributes: good, unavailableFromMs: c.clock.now() }),
      offer({ id: 'good', attributes: { ...good, rack: '7' } }),
    )
    await c.pass(0)

    t.same(c.places, { good: ['1'] })
    t.ok(c.said.includes('DECLINE none,half,other,down'))
  },
)

t.test(
  'LaunchCoordinator forgets offers that were taken back, and those of lost agents',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.coordinator.connected()
    c.coordinator.request(request('1'))
    c.offers(
      offer({ id: 'a' }),
      offer({ id: 'b1', agentId: 'b' }),
      offer({ id: 'b2', agentId: 'b' }),
    )
    c.coordinator.offerRescinded('a')
    c.coordinator.offerRescinded('never seen')
    c.coordinator.agentLost('b')
    c.coordinator.agentLost('never seen')
    await c.pass(2000)

    t.same(c.places, {})
    t.equal(c.coordinator.heldOffers, 0)
    c.offers(offer({ id: 'c' }))
    await c.pass(0)
    t.same(c.places, { c: ['1'] })
  },
)

for (const [what, takeAway, said] of TAKING_AWAY) {
  t.test(`LaunchCoordinator finds another place for tasks when ${what}`, async (t) => {
    const c = new CoordinatorUnderTest()
    let prepared: (launch: TaskInfo[]) => void = () => {}
    c.place = () =>
      new Promise((resolve) => {
        prepared = resolve
      })
    c.coordinator.connected()
    for (const id of ['1', '2', '3']) c.coordinator.request(request(id))
    c.offers(offer({ id: 'a1', agentId: 'a', cpus: 2 }), offer({ id: 'a2', agentId: 'a', cpus: 2 }))
    await c.pass(0)
    c.said
    takeAway(c)
    c.coordinator.withdraw('2')
    // The driver does not want one of them any more, and has not said so.
    prepared(taskInfos(c.placements[0]!).filter(({ taskId }) => taskId === '1'))
    await c.pass(0)
    t.same(c.said, [...said, 'REVIVE'], 'nothing is launched')
    t.same(c.voided, ['1'])
    t.equal(c.coordinator.waitingRequests, 1)

    c.place = async (placement) => taskInfos(placement)
    c.offers(offer({ id: 'b', cpus: 1 }))
    await c.pass(0)
    t.same(c.places['b'], ['1'])
    t.equal(c.said.at(-1), 'ACCEPT b')
    t.equal(c.coordinator.waitingRequests, 0)
    c.coordinator.close()
    t.equal(c.clock.pendingTimers, 0)
  })
}

t.test('LaunchCoordinator uses agents again whose maintenance is over', async (t) => {
  const c = new CoordinatorUnderTest()
  const now = c.clock.now()
  const window = (fromMs: number, untilMs: number) => ({
    unavailableFromMs: now + fromMs,
    unavailableUntilMs: now + untilMs,
  })
  c.coordinator.connected()
  c.coordinator.request(request('1'))
  c.offers(
    offer({ id: 'under', ...window(-10, 1) }),
    offer({ id: 'soon', cpus: 1, ...window(1, 10) }),
    offer({ id: 'over', ...window(-10, 0) }),
  )
  await c.pass(0)

  t.same(c.places, { over: ['1'] }, 'and before those that are wanted back soon')
  t.ok(c.said.includes('DECLINE under'))
})

t.test('LaunchCoordinator does not try the same port of an agent for ever', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  const ports = [31_000, 31_002] as const
  for (const id of ['1', '2', '3', '4']) {
    c.coordinator.request(request(id, { portKeys: ['k'] }))
    c.offers(offer({ id: `a${id}`, agentId: 'a', ports }))
    await c.pass(0)
  }
  c.coordinator.request(request('5', { portKeys: ['k'] }))
  c.offers(offer({ id: 'b', ports }))
  await c.pass(0)

  const taken = c.placements.flatMap(({ tasks }) => tasks.map(({ ports }) => ports['k']))
  t.same(taken, [31_000, 31_001, 31_002, 31_000, 31_000])
})

t.test('LaunchCoordinator gives back what the driver leaves out', async (t) => {
  const c = new CoordinatorUnderTest()
  c.place = async (placement) => taskInfos(placement).slice(1)
  c.coordinator.connected()
  for (const id of ['1', '2']) c.coordinator.request(request(id))
  c.offers(offer({ id: 'a' }))
  await c.pass(0)
  t.match(c.calls.at(-1), { type: 'ACCEPT', launch: [{ taskId: '2' }] })
  c.place = async () => []
  c.coordinator.request(request('3'))
  c.offers(offer({ id: 'b' }))
  await c.pass(0)

  t.equal(c.said.at(-1), 'DECLINE b')
  t.equal(c.coordinator.waitingRequests, 0)
})

t.test(
  'LaunchCoordinator tries again, after a pause, what the driver could not carry out',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.place = async () => {
      throw new Error('cannot be written')
    }
    c.coordinator.connected()
    for (const id of ['1', '2']) c.coordinator.request(request(id))
    c.offers(offer({ id: 'a' }))
    await c.pass(0)
    t.same(c.warnings, ['Tasks could not be given their places'])
    t.equal(c.said.at(-1), 'DECLINE a')
    t.equal(c.coordinator.waitingRequests, 0)
    c.coordinator.withdraw('2')
    await c.pass(4999)
    t.same(c.said, [])
    await c.pass(1)
    t.same(c.said, ['REVIVE'])
    t.equal(c.coordinator.waitingRequests, 1)
    c.place = async (placement) => taskInfos(placement)
    c.offers(offer({ id: 'b' }))
    await c.pass(0)

    t.equal(c.said.at(-1), 'ACCEPT b')
    t.same(
      c.placements.at(-1)?.tasks.map(({ taskId }) => taskId),
      ['1'],
      'not the withdrawn one',
    )
  },
)

t.test('LaunchCoordinator withdraws requests wherever they are', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.coordinator.request(request('1'))
  c.coordinator.request(request('1'))
  t.equal(c.coordinator.waitingRequests, 1, 'the same request is one')
  c.offers(offer({ id: 'a' }))
  c.coordinator.withdraw('1')
  c.coordinator.withdraw('1')
  await c.pass(2000)

  t.same(c.places, {})
  t.same(c.said, ['SUPPRESS', 'REVIVE', 'SUPPRESS', 'DECLINE a'])
})
