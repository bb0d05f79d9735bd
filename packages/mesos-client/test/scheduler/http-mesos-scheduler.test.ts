import { type Logger, noopLogger } from '@flink-ts/core'
import t from 'tap'
import { removed, rescind, value } from '../support/events.js'
import { SchedulerWorld } from '../support/scheduler-world.js'
import { record } from '../support/scripted-master.js'
import { settle } from '../support/settle.js'

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

t.test('HttpMesosScheduler says of a listener without HTTP that it may be no master', async (t) => {
  const world = await SchedulerWorld.create(t)
  world.masters.last.break('socket hang up')
  await settle()
  t.match(world.news(), [/^failed: .*socket hang up: what listens there gives no answer of HTTP/])
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
      ({ masters }) => masters.last.answer(400, 'Failed to validate agent::Call: Expecting type'),
      /^refused: What answers is an agent of Mesos, not a master: .*port 5050 \(status 400: Failed/,
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
