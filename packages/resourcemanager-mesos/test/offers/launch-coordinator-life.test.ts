import { MesosCallError, type Offer, type TaskInfo } from '@flink-ts/mesos-client'
import t from 'tap'
import { CoordinatorUnderTest, taskInfos } from '../support/coordinator-under-test.js'
import { offer, request } from '../support/offers.js'

t.test('LaunchCoordinator suppresses offers while nothing is wanted', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.offers(offer({ id: 'a' }), offer({ id: 'b' }))

  t.same(c.said, ['SUPPRESS', 'DECLINE a,b'])
  t.equal(c.coordinator.state, 'IDLE')
})

t.test(
  'LaunchCoordinator revives offers for a request, and suppresses them after it',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.coordinator.connected()
    c.coordinator.request(request('1'))
    t.same(c.said, ['SUPPRESS', 'REVIVE'])
    c.offers(offer({ id: 'a', cpus: 8 }), offer({ id: 'b', cpus: 1 }))
    await c.pass(0)

    t.same(c.said, ['SUPPRESS', 'DECLINE a', 'ACCEPT b'])
    t.same(c.transitions, [
      'SUSPENDED -> IDLE',
      'IDLE -> GATHERING_OFFERS',
      'GATHERING_OFFERS -> IDLE',
    ])
    c.coordinator.request(request('2'))
    t.same(c.said, ['REVIVE'])
  },
)

t.test('LaunchCoordinator begins anew with each subscription', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.request(request('1', { cpus: 100 }))
  c.offers(offer({ id: 'early' }))
  t.same(c.said, [], 'nothing is said without a subscription')
  c.coordinator.connected()
  c.offers(offer({ id: 'a' }))
  c.coordinator.disconnected()
  c.offers(offer({ id: 'late' }))
  await c.pass(10_000)
  t.equal(c.coordinator.heldOffers, 0)
  t.same(c.said, ['REVIVE'])
  c.coordinator.connected()
  c.offers(offer({ id: 'b' }))
  c.coordinator.connected()
  t.equal(c.coordinator.heldOffers, 0, 'two subscriptions in a row')
  c.offers(offer({ id: 'c', cpus: 100 }))
  await c.pass(0)

  t.same(c.places, { c: ['1'] })
})

t.test(
  'LaunchCoordinator declines offers that were not used for the configured time',
  async (t) => {
    const c = new CoordinatorUnderTest({ unusedOfferExpirationMs: 20_000 })
    c.coordinator.connected()
    c.coordinator.request(request('1', { cpus: 100 }))
    c.offers(offer({ id: 'a' }))
    await c.pass(5_000)
    c.offers(offer({ id: 'b' }))
    await c.pass(14_999)
    t.same(c.said, ['SUPPRESS', 'REVIVE'])
    await c.pass(1)
    t.same(c.said, ['DECLINE a'])
    await c.pass(5_000)
    t.same(c.said, ['DECLINE b'])
    c.offers(offer({ id: 'c' }))
    await c.pass(20_000)
    t.same(c.said, ['DECLINE c'])
  },
)

t.test('LaunchCoordinator does not hoard what fits nobody', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.coordinator.request(request('1', { cpus: 100 }))
  c.offers(...Array.from({ length: 100 }, (_, i) => offer({ id: `o${i}`, cpus: 1 + (i % 50) })))
  await c.pass(1000)

  t.equal(c.coordinator.heldOffers, 4)
  const declined = c.calls.find(({ type }) => type === 'DECLINE')
  t.notOk(JSON.stringify(declined).includes('"o49"'), 'the nearest ones are kept')
  t.ok(JSON.stringify(declined).includes('"o50"'))
  t.match(declined, { refuseSeconds: 30 }, 'so that others can have them')
  await c.pass(120_000)
  t.equal(c.coordinator.heldOffers, 0)
  t.match(c.calls.at(-1), { type: 'DECLINE', refuseSeconds: 30 })
  c.coordinator.request(request('2'))
  t.equal(c.said.at(-1), 'REVIVE', 'a smaller one sees them again')
})

t.test(
  'LaunchCoordinator revives offers again for a request that could not see what was declined',
  async (t) => {
    const c = new CoordinatorUnderTest({ constraints: [{ attribute: 'zone', value: 'a' }] })
    c.coordinator.connected()
    c.coordinator.request(request('1', { cpus: 100 }))
    c.coordinator.request(request('2', { cpus: 100 }))
    t.same(c.said, ['SUPPRESS', 'REVIVE'])
    c.offers(offer({ id: 'a' }))
    c.coordinator.request(request('3', { cpus: 100 }))
    c.coordinator.request(request('4', { cpus: 100 }))
    t.same(c.said, ['DECLINE a', 'REVIVE'])
  },
)

t.test('LaunchCoordinator repeats a REVIVE that the master did not take', async (t) => {
  const c = new CoordinatorUnderTest()
  c.answer = async ({ type }) => {
    if (type === 'REVIVE') throw new MesosCallError('refused', '503 Service Unavailable')
  }
  c.coordinator.connected()
  c.coordinator.request(request('1'))
  await c.pass(5000)
  await c.pass(5000)
  t.same(c.said, ['SUPPRESS', 'REVIVE', 'REVIVE', 'REVIVE'])
  c.coordinator.withdraw('1')
  await c.pass(60_000)
  t.same(c.said, ['SUPPRESS'])
  c.answer = async () => {
    throw new MesosCallError('not-subscribed', 'the stream is gone')
  }
  c.coordinator.request(request('2'))
  await c.pass(20_000)
  t.same(c.said, ['REVIVE'], 'the next subscription begins anew')
})

t.test('LaunchCoordinator does not revive what it has suppressed, or left, since', async (t) => {
  for (const end of ['idle', 'disconnected', 'closed'] as const) {
    const c = new CoordinatorUnderTest()
    const refusals: (() => void)[] = []
    c.answer = ({ type }) =>
      type !== 'REVIVE'
        ? Promise.resolve()
        : new Promise((_, reject) => {
            refusals.push(() => reject(new MesosCallError('refused', '429 Too Many Requests')))
          })
    c.coordinator.connected()
    c.coordinator.request(request('1'))
    if (end === 'idle') c.coordinator.withdraw('1')
    else if (end === 'closed') c.coordinator.close()
    else c.coordinator.disconnected()
    for (const refuse of refusals) refuse()
    await c.pass(60_000)
    t.same(c.said, ['SUPPRESS', 'REVIVE', ...(end === 'idle' ? ['SUPPRESS'] : [])], end)
  }
})

t.test(
  'LaunchCoordinator revives offers again when none came, in case that the master has not heard it',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.coordinator.connected()
    c.coordinator.request(request('1'))
    await c.pass(30_000)
    t.same(c.said, ['SUPPRESS', 'REVIVE', 'REVIVE'])
    c.offers(offer({ id: 'a', cpus: 0.5 }))
    await c.pass(330_000)
    t.same(c.said, ['DECLINE a'])
  },
)

t.test('LaunchCoordinator declines what the master does not let it accept', async (t) => {
  const c = new CoordinatorUnderTest()
  c.answer = async ({ type }) => {
    if (type === 'ACCEPT') throw new MesosCallError('refused', '400 Bad Request')
  }
  c.coordinator.connected()
  c.coordinator.request(request('1'))
  c.offers(offer({ id: 'a' }))
  await c.pass(0)

  t.same(c.said.slice(-2), ['ACCEPT a', 'DECLINE a'])
  t.equal(c.coordinator.waitingRequests, 0, 'the driver knows what becomes of the task')
})

t.test('LaunchCoordinator gives everything back when it is closed', async (t) => {
  const c = new CoordinatorUnderTest()
  let prepared: (launch: TaskInfo[]) => void = () => {}
  c.place = () =>
    new Promise((resolve) => {
      prepared = resolve
    })
  c.coordinator.connected()
  c.coordinator.request(request('1'))
  c.coordinator.request(request('2', { cpus: 100 }))
  c.offers(offer({ id: 'a' }), offer({ id: 'b', cpus: 1 }))
  await c.pass(1000)
  c.coordinator.close()
  c.coordinator.close()
  prepared(taskInfos(c.placements[0]!))
  await c.pass(0)

  t.same(c.said, ['SUPPRESS', 'REVIVE', 'DECLINE a,b'], 'and does not launch any more')
  c.coordinator.request(request('3'))
  c.coordinator.connected()
  c.coordinator.disconnected()
  c.offers(offer({ id: 'c' }))
  await c.pass(600_000)
  t.same(c.said, [])
  t.equal(c.clock.pendingTimers, 0)
  t.equal(c.coordinator.state, 'CLOSED')
})

t.test('LaunchCoordinator says what is short when tasks wait', async (t) => {
  const explanation = async (
    c: CoordinatorUnderTest,
    offers: readonly Offer[],
    ...requests: ReturnType<typeof request>[]
  ) => {
    c.coordinator.connected()
    for (const wanted of requests) c.coordinator.request(wanted)
    await c.pass(1)
    if (offers.length > 0) c.offers(...offers)
    await c.pass(29_998)
    t.same(c.unsatisfied, [])
    await c.pass(1)
    const [[taskIds, text] = [[], '']] = c.unsatisfied
    t.same(
      taskIds,
      requests.map(({ taskId }) => taskId),
    )
    return text
  }
  const c = () => new CoordinatorUnderTest()
  const wanted = request('1', { cpus: 4, memoryMb: 4096, portKeys: [] })

  t.equal(
    await explanation(
      c(),
      [
        offer({ id: 'a', cpus: 8, memoryMb: 1024, diskMb: 0 }),
        offer({ id: 'b', cpus: 3, memoryMb: 8192, diskMb: 0, ports: [5, 6] }),
      ],
      wanted,
      request('2', { cpus: 4, memoryMb: 4096, portKeys: [] }),
    ),
    'what takes 4 cpus, 4096 MB of memory is short of cpus (4 cpus wanted, 3 cpus offered): the best ' +
      "offer, of host-b for role '*', has 3 cpus, 8192 MB of memory, 2 ports; none of the 2 agents that made offers " +
      'ever had room for it',
  )
  t.match(
    await explanation(c(), [offer({ id: 'a', cpus: 3, memoryMb: 1024, diskMb: 0 })], wanted),
    'is short of mem and cpus (4096 MB of memory wanted, 1024 MB of memory offered; 4 cpus wanted, 3 cpus offered): the best',
  )
  t.equal(
    await explanation(new CoordinatorUnderTest({ roles: ['flink'] }), [], wanted),
    "no offers came for role 'flink' in 30 s: all agents may be in use, reserved for others, or unable to run what " +
      'the framework wants, or another framework may hold all offers',
  )
  t.equal(
    await explanation(
      new CoordinatorUnderTest({ constraints: [{ attribute: 'zone', value: 'a' }] }),
      [
        offer({ id: 'a', attributes: { zone: 'b' } }),
        offer({ id: 'b', attributes: { zone: 'c' } }),
        offer({ id: 'c' }),
      ],
      wanted,
    ),
    "none of the 3 agents that made offers has the attribute zone:a (found: 'b', 'c')",
  )
  t.equal(
    await explanation(
      new CoordinatorUnderTest({ constraints: [{ attribute: 'zone', value: 'a' }] }),
      [offer({ id: 'a' })],
      wanted,
    ),
    'none of the 1 agents that made offers has the attribute zone:a (they do not have it)',
  )
  t.match(
    await explanation(c(), [offer({ id: 'a' })], request('1', { blockedHosts: ['host-a'] })),
    /^all of the 1 agents that made offers are blocked for what takes 1 cpus, 1024 MB of memory, 2 ports$/,
  )
  t.equal(
    await explanation(c(), [offer({ id: 'a', unavailableFromMs: 1 })], wanted),
    'all of the 1 agents that made offers are under maintenance',
  )
})

t.test('LaunchCoordinator soon tells the driver what hinders requests', async (t) => {
  const c = new CoordinatorUnderTest()
  c.coordinator.connected()
  c.coordinator.request(request('1', { cpus: 1, memoryMb: 20480, portKeys: [] }))
  await c.pass(5_000)
  const silence =
    "no offers came for role '*': all agents may be in use, reserved for others, or unable to run what the framework wants, or another framework may hold all offers"
  t.same(c.hindrances, [silence])
  c.offers(offer({ id: 'a', cpus: 2, memoryMb: 8192, diskMb: 0 }))
  await c.pass(1_000)
  for (let i = 0; i < 7; i++) await c.pass(5_000)
  t.equal(c.hindrances.length, 2)
  t.match(c.hindrances[1], /short of mem \(20480 MB of memory wanted, 8192 MB of memory offered\)/)
  c.coordinator.withdraw('1')
  t.equal(c.hindrances.at(-1), undefined, 'nobody waits any more')
  t.equal(c.hindrances.length, 3)
  c.coordinator.request(request('2', { cpus: 1, memoryMb: 20480, portKeys: [] }))
  await c.pass(4_500)
  c.offers(offer({ id: 'b', cpus: 2, memoryMb: 8192 }))
  await c.pass(600)
  t.equal(c.hindrances.length, 3, 'offers that were not looked at yet say nothing')
  c.coordinator.close()
  t.equal(c.clock.pendingTimers, 0)
})

t.test('LaunchCoordinatorSettings.hintAfterMs: for jobs that do not wait for long', async (t) => {
  const c = new CoordinatorUnderTest({ hintAfterMs: 1_500 })
  c.coordinator.connected()
  c.coordinator.request(request('1', { memoryMb: 20480 }))
  await c.pass(1_500)
  t.match(c.hindrances, [/^no offers came/])
  c.coordinator.close()
})

t.test(
  'LaunchCoordinator tells agents that are too small from those that are in use',
  async (t) => {
    const c = new CoordinatorUnderTest()
    c.coordinator.connected()
    for (const id of ['1', '2']) c.coordinator.request(request(id, { cpus: 6 }))
    c.offers(offer({ id: 'a', cpus: 8 }))
    await c.pass(1000)
    t.same(c.places, { a: ['1'] })
    c.offers(offer({ id: 'a2', agentId: 'a', cpus: 2 }))
    await c.pass(29_000)

    const [[taskIds, text] = [[], '']] = c.unsatisfied
    t.same(taskIds, ['2'])
    t.match(text, /short of cpus .* agents that had room before are in use$/)
    await c.pass(299_999)
    t.equal(c.unsatisfied.length, 1, 'not again and again')
    await c.pass(1)
    t.equal(c.unsatisfied.length, 2)
  },
)
