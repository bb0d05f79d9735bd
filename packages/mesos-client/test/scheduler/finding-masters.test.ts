import t from 'tap'
import { rescind } from '../support/events.js'
import { FakeZooKeeper } from '../support/fake-zookeeper.js'
import { SchedulerWorld } from '../support/scheduler-world.js'
import { settle } from '../support/settle.js'

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
  await settle()
  await world.advance(250)
  t.strictSame(
    masters.requests.map(({ url }) => new URL(url).hostname),
    ['m1', 'm2', 'm3', 'm1', 'm2', 'm2'],
    'the one that led is asked first',
  )
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
