import { type Logger, noopLogger } from '@flink-ts/core'
import t from 'tap'
import { FakeZooKeeper } from '../support/fake-zookeeper.js'
import { SchedulerWorld } from '../support/scheduler-world.js'
import { record } from '../support/scripted-master.js'
import { settle } from '../support/settle.js'

const value = (text: string) => ({ value: text })
const removed = { type: 'ERROR', error: { message: 'Framework has been removed' } }
const rescind = (offer: string) => ({ type: 'RESCIND', rescind: { offer_id: value(offer) } })

t.test('HttpMesosScheduler subscribes, and comes back with the id that it got', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters } = world
  t.equal(masters.last.url, 'http://m1:5050/api/v1/scheduler')
  t.match(masters.last.headers, { 'Content-Type': 'application/json', Accept: 'application/json' })
  t.notHas(masters.last.headers, { 'Mesos-Stream-Id': '' })
  t.notHas(masters.last.call, { framework_id: {} })
  masters.last.subscribe('f-7')
  masters.last.say(rescind('o-1'), rescind('o-2'))
  await settle()
  t.strictSame(world.news(), ['subscribed f-7 at m1:5050', 'RESCIND', 'RESCIND'])
  masters.last.end()
  await settle()
  t.strictSame(world.news(), ['disconnected: the master closed the stream'])
  await world.advance(250)
  t.equal(masters.requests.length, 2)
  t.match(masters.last.call, {
    framework_id: value('f-7'),
    subscribe: { framework_info: { id: value('f-7') } },
  })
  masters.last.subscribe('f-7', 's-2')
  await settle()
  t.strictSame(world.news(), ['subscribed f-7 at m1:5050'])
})

t.test('HttpMesosScheduler gives a subscription up when five heartbeats are missing', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters } = world
  masters.last.subscribe('f', 's', 2)
  await settle()
  for (let seconds = 0; seconds < 60; seconds += 9) {
    await world.advance(9_000)
    masters.last.say({ type: 'HEARTBEAT' })
    await settle()
  }
  await world.advance(9_000)
  masters.last.say(rescind('o'))
  await settle()
  t.strictSame(world.news(), ['subscribed f at m1:5050', 'RESCIND'], 'any event counts')
  await world.advance(9_999)
  t.strictSame(world.news(), [])
  const [stream] = masters.requests
  await world.advance(1)
  t.strictSame(world.news(), ['disconnected: no heartbeat for 10000 ms'])
  t.ok(stream?.isAborted)
  await world.advance(250)
  t.equal(masters.requests.length, 2)
})

t.test('HttpMesosScheduler follows redirects, with and without a scheme', async (t) => {
  const world = await SchedulerWorld.create(t, { master: 'm1:5050,m2:5050' })
  const { masters } = world
  masters.last.answer(307, '', { location: '//m3:6050/master/api/v1/scheduler' })
  await settle()
  t.equal(masters.last.url, 'http://m3:6050/master/api/v1/scheduler')
  masters.last.answer(307, '', { location: 'http://m4:5050' })
  await settle()
  t.equal(masters.last.url, 'http://m4:5050/api/v1/scheduler')
  masters.last.subscribe()
  await settle()
  t.strictSame(world.news(), ['subscribed f-1 at m4:5050'])
  const call = world.call({ type: 'REVIVE' })
  t.equal(masters.last.url, 'http://m4:5050/api/v1/scheduler')
  t.match(masters.last.headers, { 'Mesos-Stream-Id': 's-1' })
  masters.last.answer(202)
  await settle()
  t.equal(call.state, 'taken')
})

t.test('HttpMesosScheduler does not follow redirects that lead nowhere', async (t) => {
  const circle = (url: string) => [{ location: url }]
  const cases: [string, Record<string, string>[], RegExp][] = [
    ['m1:5050', circle('//m1:5050/api/v1/scheduler'), /redirects in a circle/],
    [
      'm1:5050',
      [
        { location: '//m2:5050/master/api/v1/scheduler' },
        { location: '//m1:5050/master/api/v1/scheduler' },
        { location: '//m2:5050/master/api/v1/scheduler' },
      ],
      /redirects in a circle, by way of http:\/\/m2:5050/,
    ],
    [
      'm1:5050',
      [1, 2, 3, 4, 5, 6].map((n) => ({ location: `//x${n}:5050/` })),
      /more than 5 redirects/,
    ],
    ['m1:5050', [{}], /a redirect without a Location/],
    ['m1:5050', [{ location: 'http://[' }], /which is no address/],
    ['m1:5050', [{ location: 'file:///etc/passwd' }], /no address of HTTP/],
    ['m1:5050', [{ location: 'm2:5050' }], /no address of HTTP/],
    ['https://m1:5050', [{ location: 'http://m2:5050/' }], /from TLS to .* without/],
  ]
  for (const [master, answers, words] of cases) {
    const world = await SchedulerWorld.create(t, { master })
    for (const headers of answers) {
      world.masters.last.answer(307, '', headers)
      await settle()
    }
    t.match(world.news(), [words])
    const count = world.masters.requests.length
    await world.advance(250)
    t.equal(world.masters.requests.length, count + 1, 'it begins anew')
    await world.scheduler.close()
  }
})

t.test('HttpMesosScheduler asks all masters in turn, and says what each of them did', async (t) => {
  const world = await SchedulerWorld.create(t, { master: 'm1:5050,m2:5050,m3:5050' })
  const { masters } = world
  masters.last.break('connect ECONNREFUSED')
  await settle()
  masters.last.answer(503, 'Master has not finished recovery')
  await settle()
  masters.last.answer(404)
  await settle()
  t.strictSame(world.news(), [
    'failed: m1:5050: connect ECONNREFUSED; m2:5050: status 503: Master has not finished recovery; m3:5050: status 404',
  ])
  await world.advance(250)
  masters.last.break('x')
  await settle()
  masters.last.subscribe()
  await settle()
  masters.last.end()
  await world.advance(250)
  t.equal(masters.last.url, 'http://m2:5050/api/v1/scheduler', 'the one that led is asked first')
})

t.test('HttpMesosScheduler tries again with pauses that double, each with chance', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters, pauses } = world
  for (let failure = 0; failure < 10; failure++) {
    masters.last.answer(503)
    await settle()
    await world.advance(pauses[failure]! - 1)
    t.equal(masters.requests.length, failure + 1)
    await world.advance(1)
    t.equal(masters.requests.length, failure + 2)
  }
  t.ok(pauses[0]! <= 250)
  for (const [failure, pauseMs] of pauses.entries()) {
    if (failure === 0) continue
    const upToMs = Math.min(5_000, 250 * 2 ** (failure - 1))
    t.ok(pauseMs >= upToMs / 2 && pauseMs <= upToMs, `${pauseMs} of ${upToMs}`)
  }
  t.ok(new Set(pauses).size > 8)
})

t.test(
  'HttpMesosScheduler does not begin with short pauses again before a subscription has lasted',
  async (t) => {
    const world = await SchedulerWorld.create(t)
    const { masters } = world
    const lose = async () => {
      masters.last.subscribe()
      await settle()
      masters.last.end()
      await settle()
    }
    for (let round = 0; round < 6; round++) {
      await lose()
      const count = masters.requests.length
      for (let waited = 0; masters.requests.length === count && waited < 60; waited++) {
        await world.advance(100)
      }
    }
    const count = masters.requests.length
    await lose()
    await world.advance(2_400)
    t.equal(masters.requests.length, count, 'a master that drops the framework at once is spared')
    await world.advance(2_600)
    masters.last.subscribe()
    await settle()
    await world.advance(5_000)
    masters.last.end()
    await settle()
    await world.advance(250)
    t.equal(masters.requests.length, count + 2)
  },
)

t.test('HttpMesosScheduler gives an attempt up that is not answered', async (t) => {
  const world = await SchedulerWorld.create(t, { master: 'm1:5050,m2:5050' })
  await world.advance(20_000)
  t.ok(world.masters.requests[0]?.isAborted)
  t.equal(world.masters.last.url, 'http://m2:5050/api/v1/scheduler')
  world.masters.last.open()
  await world.advance(20_000)
  t.strictSame(world.news(), [
    'failed: m1:5050: no subscription within 20000 ms; m2:5050: no subscription within 20000 ms',
  ])
})

t.test('HttpMesosScheduler ends where no attempt can help', async (t) => {
  const error = (message: string) => ({ type: 'ERROR', error: { message } })
  const cases: [(world: SchedulerWorld) => void, RegExp][] = [
    [
      ({ masters }) => masters.last.answer(401, '', { 'www-authenticate': 'Basic' }),
      /^refused: .*principal and secret, and none are given \(status 401\)/,
    ],
    [({ masters }) => masters.last.answer(403, 'no'), /^refused: .*status 403: no/],
    [
      ({ masters }) => masters.last.answer(400, 'Failed to validate scheduler::Call: x'),
      /^refused: .*Failed to validate scheduler::Call: x/,
    ],
    [
      ({ masters }) => {
        masters.last.open()
        masters.last.say(error(`Roles { x } are not present in the master's --roles`))
      },
      /^refused: .*Roles { x } are not present/,
    ],
    [
      ({ masters }) => {
        masters.last.open()
        masters.last.say(removed)
      },
      /^framework-removed: Framework has been removed$/,
    ],
  ]
  for (const [act, words] of cases) {
    const world = await SchedulerWorld.create(t)
    act(world)
    await settle()
    t.match(world.news(), [words])
    await world.advance(100_000)
    t.equal(world.masters.requests.length, 1)
    t.equal(world.clock.pendingTimers, 0)
    await world.scheduler.close()
  }
})

t.test('HttpMesosScheduler ends a subscription by the word of the master', async (t) => {
  const cases: [string, string[], number][] = [
    [
      'Framework failed over',
      ['disconnected: Framework failed over', 'failed-over: Framework failed over'],
      1,
    ],
    [
      'Framework has been removed',
      ['disconnected: Framework has been removed', 'framework-removed: Framework has been removed'],
      1,
    ],
    ['Something else', ['disconnected: Something else'], 2],
  ]
  for (const [message, told, requests] of cases) {
    const world = await SchedulerWorld.create(t)
    world.masters.last.subscribe()
    await settle()
    world.news()
    const call = world.call({ type: 'REVIVE' })
    world.masters.requests[0]?.say({ type: 'ERROR', error: { message } }, rescind('late'))
    await settle()
    t.strictSame(world.news(), told)
    t.match(call.state, new RegExp(`^not-subscribed: .*${message}`))
    await world.advance(250)
    t.equal(world.masters.requests.filter(({ kind }) => kind === 'stream').length, requests)
    await world.scheduler.close()
  }
})

t.test('HttpMesosScheduler gives up a stream that is damaged, and comes back', async (t) => {
  const cases: [string, RegExp][] = [
    ['50\n{"typ', /the stream ended inside a record/],
    ['garbage', /'g' in it/],
    ['99999999999\n', /longer than 67108864 bytes/],
    ['2\n{]', /is no JSON/],
    ['21\n{"type":"SUBSCRIBED"}', /has no 'subscribed'/],
    [record({ type: 'SUBSCRIBED', subscribed: { framework_id: value('f') } }), /came twice/],
  ]
  for (const [text, words] of cases) {
    const world = await SchedulerWorld.create(t)
    world.masters.last.subscribe()
    await settle()
    world.news()
    world.masters.last.write(text)
    world.masters.last.end()
    await settle()
    const [told] = world.news()
    t.match(told, /^disconnected: /)
    t.match(told, words)
    await world.advance(250)
    world.masters.last.subscribe()
    await settle()
    t.strictSame(world.news(), ['subscribed f-1 at m1:5050'])
    await world.scheduler.close()
  }
})

t.test('HttpMesosScheduler declines what it cannot read, and goes on', async (t) => {
  const warnings: string[] = []
  const log: Logger = { ...noopLogger, warn: (message) => void warnings.push(message) }
  const world = await SchedulerWorld.create(t, { log })
  const stream = world.masters.last
  stream.subscribe()
  await settle()
  world.news()
  const offer = (id: string, hostname: unknown) => ({
    id: value(id),
    agent_id: value('a'),
    hostname,
  })
  stream.say(
    { type: 'OFFERS', offers: { offers: [offer('odd', 7), offer('good', 'h')] } },
    { type: 'UPDATE', update: { status: { task_id: 7 } } },
    { type: 'INVERSE_OFFERS', inverse_offers: { inverse_offers: [{ id: value('i') }] } },
    { type: 'RESCIND', rescind: { offer_id: value('good') } },
  )
  await settle()
  t.strictSame(world.news(), ['OFFERS', 'INVERSE_OFFERS', 'RESCIND'])
  t.notOk(stream.isAborted)
  t.match(world.masters.last.call, {
    type: 'DECLINE',
    decline: { offer_ids: [value('odd')], filters: { refuse_seconds: 300 } },
  })
  world.masters.last.answer(202)
  await settle()
  t.match(world.masters.last.call, {
    type: 'DECLINE_INVERSE_OFFERS',
    decline_inverse_offers: { inverse_offer_ids: [value('i')] },
  })
  world.masters.last.answer(202)
  await settle()
  t.match(warnings, [
    /offer .* cannot be read: it is declined/,
    /event .* is not acknowledged/,
    /inverse offer/,
  ])
})

t.test('HttpMesosScheduler takes no master for one that is none', async (t) => {
  const world = await SchedulerWorld.create(t)
  world.masters.last.answer(200, '<html>')
  await settle()
  t.match(world.news(), [/no master of Mesos: the answer has no Mesos-Stream-Id/])
  await world.advance(250)
  world.masters.last.open()
  world.masters.last.say({ type: 'HEARTBEAT' }, { type: 'OF_TOMORROW' }, rescind('o'))
  await settle()
  t.match(world.news(), [/RESCIND came before SUBSCRIBED/])
})

t.test('HttpMesosScheduler hears nothing more of a stream that it has given up', async (t) => {
  const world = await SchedulerWorld.create(t)
  const [old] = world.masters.requests
  old?.subscribe()
  await settle()
  await world.advance(75_000)
  await world.advance(250)
  world.masters.last.subscribe('f-1', 's-2')
  await settle()
  world.news()
  old?.say({ type: 'ERROR', error: { message: 'Framework failed over' } })
  await settle()
  t.strictSame(world.news(), [])
})

t.test(
  'HttpMesosScheduler shows principal and secret, also to where it is redirected, and tells the principal',
  async (t) => {
    const credentials = { principal: 'flink', secret: 'gehéim' }
    const world = await SchedulerWorld.create(t, { credentials })
    const { masters } = world
    const basic = `Basic ${Buffer.from('flink:gehéim').toString('base64')}`
    t.equal(masters.last.headers['Authorization'], basic)
    t.equal(masters.last.call.subscribe.framework_info.principal, 'flink')
    masters.last.answer(307, '', { location: '//m2:5050/' })
    await settle()
    t.equal(masters.last.headers['Authorization'], basic)
    masters.last.subscribe()
    await settle()
    world.call({ type: 'REVIVE' })
    t.equal(masters.last.headers['Authorization'], basic)
    const refused = await SchedulerWorld.create(t, { credentials }, { principal: 'other' })
    t.equal(refused.masters.last.call.subscribe.framework_info.principal, 'other')
    for (const principal of ['a:b', '']) {
      await t.rejects(SchedulerWorld.create(t, { credentials: { principal, secret: 's' } }), {
        code: 'FLINK_MESOS_CREDENTIALS',
      })
    }
    refused.masters.last.answer(401)
    await settle()
    t.match(refused.news(), [/does not take the secret of principal 'flink'/])
  },
)

t.test('HttpMesosScheduler.call sends one call at a time, in order', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters } = world
  masters.last.subscribe('f-1', 's-9')
  await settle()
  const calls = [
    world.call({ type: 'SUPPRESS' }),
    world.call({ type: 'KILL', taskId: 't' }),
    world.call({ type: 'REVIVE' }),
  ]
  await settle()
  t.equal(masters.requests.length, 2)
  t.equal(masters.last.kind, 'call')
  t.equal(masters.last.headers['Mesos-Stream-Id'], 's-9')
  t.strictSame(masters.last.call, { framework_id: value('f-1'), type: 'SUPPRESS', suppress: {} })
  masters.last.answer(202)
  await settle()
  t.equal(masters.last.call.type, 'KILL')
  masters.last.answer(400, 'Failed to validate scheduler::Call: x')
  await settle()
  t.equal(masters.last.call.type, 'REVIVE')
  masters.last.answer(200)
  await settle()
  t.strictSame(
    calls.map(({ state }) => state),
    [
      'taken',
      'refused: The master refuses KILL: status 400: Failed to validate scheduler::Call: x',
      'taken',
    ],
  )
  t.equal(masters.requests.length, 4)
})

t.test('HttpMesosScheduler.call without a subscription is refused at once', async (t) => {
  const world = await SchedulerWorld.create(t)
  const call = world.call({ type: 'REVIVE' })
  await settle()
  t.match(call.state, /^not-subscribed: .*there is no subscription/)
  await t.rejects(world.scheduler.call({ type: 'REVIVE' }), {
    code: 'FLINK_MESOS_CALL',
    reason: 'not-subscribed',
    retriable: true,
  })
})

t.test(
  'HttpMesosScheduler subscribes anew when a call shows that the subscription is over',
  async (t) => {
    const cases: [number, string][] = [
      [400, 'Framework cannot be found'],
      [
        400,
        `The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID f`,
      ],
      [400, `All non-subscribe calls should include the 'Mesos-Stream-Id' header; no stream ID`],
      [403, 'Framework is not subscribed'],
      [403, 'Framework is not connected via HTTP'],
      [307, ''],
      [503, 'No leader elected'],
      [500, ''],
    ]
    for (const [status, text] of cases) {
      const world = await SchedulerWorld.create(t)
      const { masters } = world
      const stream = masters.last
      stream.subscribe()
      await settle()
      world.news()
      const calls = [world.call({ type: 'KILL', taskId: 't' }), world.call({ type: 'REVIVE' })]
      masters.last.answer(status, text)
      await settle()
      for (const { state } of calls) t.match(state, /^not-subscribed: /)
      t.match(world.news(), [
        `disconnected: KILL: status ${status}${text === '' ? '' : `: ${text}`}`,
      ])
      t.ok(stream.isAborted)
      await world.advance(250)
      t.equal(masters.requests.length, 3, 'the second call was not sent')
      t.match(masters.last.call, { type: 'SUBSCRIBE', framework_id: value('f-1') })
      await world.scheduler.close()
    }
  },
)

t.test('HttpMesosScheduler goes on after calls that are refused', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters } = world
  masters.last.subscribe()
  await settle()
  world.news()
  for (const status of [400, 401, 404, 405, 406, 409, 415, 429]) {
    const call = world.call({ type: 'REVIVE' })
    masters.last.answer(status, 'words')
    await settle()
    t.equal(call.state, `refused: The master refuses REVIVE: status ${status}: words`)
  }
  t.strictSame(world.news(), [])
})

t.test(
  'HttpMesosScheduler repeats no call whose answer did not come, and subscribes anew',
  async (t) => {
    const broken = await SchedulerWorld.create(t)
    broken.masters.last.subscribe()
    await settle()
    const accept = broken.call({ type: 'ACCEPT', offerIds: ['o'], launch: [] })
    broken.masters.last.break('read ECONNRESET')
    await settle()
    t.match(accept.state, /^not-subscribed: .*nobody knows.*ECONNRESET/)
    t.match(broken.news().at(-1), /^disconnected: ACCEPT: read ECONNRESET/)
    await broken.advance(250)
    t.strictSame(
      broken.masters.requests.map(({ call }) => call.type),
      ['SUBSCRIBE', 'ACCEPT', 'SUBSCRIBE'],
    )

    const silent = await SchedulerWorld.create(t)
    silent.masters.last.subscribe()
    await settle()
    const kill = silent.call({ type: 'KILL', taskId: 't' })
    await silent.advance(30_000)
    t.match(kill.state, /^not-subscribed: .*no answer within 30000 ms/)
    t.ok(silent.masters.requests[1]?.isAborted)
    t.match(silent.news().at(-1), /^disconnected: KILL: no answer within 30000 ms/)
  },
)

t.test('HttpMesosScheduler: calls of a subscription that is lost fail, sent or not', async (t) => {
  const world = await SchedulerWorld.create(t)
  const [stream] = world.masters.requests
  stream?.subscribe()
  await settle()
  const calls = [world.call({ type: 'REVIVE' }), world.call({ type: 'SUPPRESS' })]
  stream?.break('socket hang up')
  await settle()
  for (const { state } of calls) t.match(state, /^not-subscribed: .*socket hang up/)
  t.ok(world.masters.requests[1]?.isAborted)
  await world.advance(250)
  t.equal(world.masters.requests.length, 3)
})

t.test('HttpMesosScheduler says nothing more after a TEARDOWN that was taken', async (t) => {
  for (const order of ['answer first', 'stream first'] as const) {
    const world = await SchedulerWorld.create(t)
    const { masters } = world
    const [stream] = masters.requests
    stream?.subscribe()
    await settle()
    world.news()
    const call = world.call({ type: 'TEARDOWN' })
    const late = world.call({ type: 'REVIVE' })
    const [, teardown] = masters.requests
    if (order === 'stream first') {
      stream?.end()
      await settle()
    }
    teardown?.answer(202)
    await settle()
    if (order === 'answer first') {
      stream?.end()
      await settle()
    }
    t.equal(call.state, 'taken', order)
    t.match(late.state, /not-subscribed/)
    await t.rejects(world.scheduler.call({ type: 'REVIVE' }), { code: 'FLINK_MESOS_CALL' })
    await world.advance(100_000)
    t.strictSame(world.news(), [])
    t.equal(masters.requests.length, 2)
    t.equal(world.clock.pendingTimers, 0)
    await world.scheduler.close()
  }
})

t.test('HttpMesosScheduler subscribes again after a TEARDOWN that failed', async (t) => {
  const world = await SchedulerWorld.create(t)
  const [stream] = world.masters.requests
  stream?.subscribe()
  await settle()
  world.news()
  const call = world.call({ type: 'TEARDOWN' })
  stream?.end()
  await settle()
  t.strictSame(world.news(), [], 'the answer may still come')
  world.masters.last.break('read ECONNRESET')
  await settle()
  t.match(call.state, /^not-subscribed/)
  t.match(world.news(), [/^disconnected/])
  await world.advance(250)
  world.masters.last.open()
  world.masters.last.say(removed)
  await settle()
  t.strictSame(world.news(), ['framework-removed: Framework has been removed'])
})

t.test('HttpMesosScheduler.close leaves nothing behind, whenever it comes', async (t) => {
  const moments: ((world: SchedulerWorld) => Promise<unknown>)[] = [
    async () => {},
    async ({ masters }) => masters.last.answer(503),
    async ({ masters }) => masters.last.open(),
    async ({ masters }) => masters.last.subscribe(),
    async (world) => {
      world.masters.last.subscribe()
      await settle()
      world.call({ type: 'REVIVE' })
    },
    async ({ masters }) => masters.last.answer(401),
  ]
  for (const moment of moments) {
    const world = await SchedulerWorld.create(t)
    await moment(world)
    await settle()
    world.news()
    await Promise.all([world.scheduler.close(), world.scheduler.close()])
    await settle()
    t.ok(world.masters.isClosed)
    t.ok(world.masters.requests.every(({ isAborted }) => isAborted))
    t.equal(world.clock.pendingTimers, 0)
    const { length } = world.masters.requests
    await world.advance(100_000)
    t.equal(world.masters.requests.length, length)
    t.strictSame(world.news(), [])
    t.match(world.call({ type: 'REVIVE' }), { state: 'open' })
  }
})

t.test('HttpMesosScheduler follows the leader that ZooKeeper names', async (t) => {
  const zooKeeper = new FakeZooKeeper()
  const put = (number: number, hostname: string) =>
    zooKeeper.put(
      `/mesos/json.info_000000000${number}`,
      JSON.stringify({ address: { hostname, port: 5050 } }),
    )
  const world = await SchedulerWorld.create(t, {
    master: 'zk://zk1:2181/mesos',
    createZooKeeperClient: () => zooKeeper.client,
  })
  const { masters } = world
  t.equal(masters.requests.length, 0)
  await world.advance(2_999)
  t.strictSame(world.news(), [], 'ZooKeeper may take a moment')
  await world.advance(1)
  t.strictSame(world.news(), ['failed: ZooKeeper (zk1:2181) does not answer'])
  zooKeeper.session({ type: 'connected', sessionId: '1' })
  await settle()
  t.equal(masters.requests.length, 0)
  zooKeeper.put('/mesos')
  put(1, 'm1')
  await settle()
  t.equal(masters.last.url, 'http://m1:5050/api/v1/scheduler', 'at once')

  put(2, 'M2')
  zooKeeper.remove('/mesos/json.info_0000000001')
  await settle()
  t.ok(masters.requests[0]?.isAborted, 'an attempt at a master that leads no longer is given up')
  t.match(world.news(), [/m1:5050: another master leads by the word of zk:\/\/zk1:2181\/mesos/])
  await world.advance(250)
  t.equal(masters.last.url, 'http://M2:5050/api/v1/scheduler')
  masters.last.answer(503, 'Master has not finished recovery')
  await settle()
  t.match(world.news(), [/503/])
  await world.advance(250)
  masters.last.subscribe('f-1', 's-1')
  await settle()
  t.strictSame(world.news(), ['subscribed f-1 at m2:5050'])

  put(3, 'm3')
  await settle()
  t.strictSame(world.news(), [], 'a master that stands by')
  zooKeeper.remove('/mesos/json.info_0000000002')
  zooKeeper.remove('/mesos/json.info_0000000003')
  await settle()
  t.strictSame(world.news(), [], 'as long as nobody leads, the one that did may go on')
  put(4, 'm4')
  await settle()
  t.match(world.news(), [/^disconnected: another master leads/])
  await world.advance(250)
  t.equal(masters.last.url, 'http://m4:5050/api/v1/scheduler')
  masters.last.answer(307, '', { location: '//m5:5050/' })
  await settle()
  masters.last.subscribe()
  await settle()
  t.strictSame(world.news(), ['subscribed f-1 at m5:5050'])
  put(5, 'M5')
  zooKeeper.remove('/mesos/json.info_0000000004')
  await settle()
  t.strictSame(
    world.news(),
    [],
    'the master that it was redirected to leads by the word of ZooKeeper',
  )
  await world.scheduler.close()
  t.ok(zooKeeper.isClosed)
})

t.test(
  'HttpMesosScheduler reaches masters by TLS if there are settings for it, unless their scheme is named',
  async (t) => {
    const urls: string[] = []
    for (const master of ['m1:5050', 'http://m1:5050', 'https://m1:5050']) {
      const world = await SchedulerWorld.create(t, { master, tls: {} })
      urls.push(world.masters.last.url)
    }
    t.strictSame(
      urls.map((url) => url.slice(0, 8)),
      ['https://', 'http://m', 'https://'],
    )
  },
)
