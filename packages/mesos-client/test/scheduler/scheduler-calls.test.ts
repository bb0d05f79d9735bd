import t from 'tap'
import { removed, value } from '../support/events.js'
import { SchedulerWorld } from '../support/scheduler-world.js'
import { settle } from '../support/settle.js'

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

t.test('HttpMesosScheduler.call: acknowledgements wait until all else is said', async (t) => {
  const world = await SchedulerWorld.create(t)
  const { masters } = world
  masters.last.subscribe()
  await settle()
  const acknowledge = (taskId: string) =>
    world.call({ type: 'ACKNOWLEDGE', agentId: 'a', taskId, uuid: 'AA==' })
  acknowledge('t-1')
  acknowledge('t-2')
  world.call({ type: 'ACCEPT', offerIds: ['o'], launch: [] })
  acknowledge('t-3')
  world.call({ type: 'KILL', taskId: 't' })
  const said = []
  for (let i = 0; i < 5; i++) {
    await settle()
    const { type, acknowledge } = masters.last.call
    said.push(acknowledge === undefined ? type : acknowledge.task_id.value)
    masters.last.answer(202)
  }
  t.strictSame(said, ['t-1', 'ACCEPT', 'KILL', 't-2', 't-3'])
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
