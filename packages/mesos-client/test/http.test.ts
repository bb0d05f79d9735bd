import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { LiveScheduler } from './support/live-scheduler.js'
import { record, ScriptedMaster, subscribe, takeAll } from './support/scripted-master.js'
import { settle } from './support/settle.js'

const rescind = (offer: string) => ({ type: 'RESCIND', rescind: { offer_id: { value: offer } } })
const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../test/fixtures/tls/${name}`, import.meta.url)), 'utf8')

t.test(
  'a stream of any length in any pieces, calls over one other connection that is kept',
  async (t) => {
    const master = await ScriptedMaster.start(t)
    const live = await LiveScheduler.start(t, { master: master.address })
    t.match(await live.next('subscribed'), { frameworkId: 'f-1', master: master.address })
    const [stream] = master.calls
    t.match(stream, {
      path: '/api/v1/scheduler',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
    })
    t.notHas(stream?.headers, { 'mesos-stream-id': '' })

    const text = Buffer.from([rescind('€'), rescind('o-2')].map(record).join(''))
    for (const byte of text) {
      stream?.response.write(Buffer.from([byte]))
      await settle()
    }
    t.match(await live.next('event'), { event: { type: 'RESCIND', offerId: '€' } })
    t.match(await live.next('event'), { event: { type: 'RESCIND', offerId: 'o-2' } })
    const large = 'x'.repeat(5_000_000)
    stream?.response.write(record(rescind(large)))
    t.equal(((await live.next('event')).event as { offerId: string }).offerId.length, large.length)

    await Promise.all([1, 2, 3].map((n) => live.scheduler.call({ type: 'KILL', taskId: `t-${n}` })))
    await live.scheduler.call({ type: 'SUPPRESS' })
    t.strictSame(
      master.calls.slice(1).map(({ call }) => call.kill?.task_id.value ?? call.type),
      ['t-1', 't-2', 't-3', 'SUPPRESS'],
    )
    t.ok(master.calls.slice(1).every(({ headers }) => headers['mesos-stream-id'] === 's-1'))
    t.equal(new Set(master.calls.slice(1).map(({ socket }) => socket)).size, 1)
    t.equal(master.connections, 2)
  },
)

t.test('a stream that is cut inside a record, by its end or by the connection', async (t) => {
  const master = await ScriptedMaster.start(t)
  const live = await LiveScheduler.start(t, { master: master.address })
  await live.next('subscribed')
  master.calls.at(-1)?.response.end('50\n{"type"')
  t.match(await live.next('disconnected'), { reason: 'the stream ended inside a record' })
  await live.next('subscribed')
  t.match(master.calls.at(-1)?.call, { framework_id: { value: 'f-1' } })
  master.calls.at(-1)?.response.write('50\n{"type"')
  await settle()
  master.calls.at(-1)?.socket.destroy()
  t.match(await live.next('disconnected'), { reason: /abort|hang up|reset|terminated/i })
  await live.next('subscribed')
  master.calls.at(-1)?.response.write('nonsense')
  t.match(await live.next('disconnected'), { reason: /stream of events is damaged/ })
  await live.next('subscribed')
  master.calls.at(-1)?.response.write('123456789012\n')
  t.match(await live.next('disconnected'), { reason: /longer than 67108864 bytes/ })
  await live.next('subscribed')
})

t.test('silence on the stream and silence after a call', async (t) => {
  const master = await ScriptedMaster.start(t)
  // Only the first stream is missed soon: no other one may end before the call that it is there for.
  const intervals = [0.02]
  master.script = ({ call, response }) => {
    if (call.type !== 'SUBSCRIBE') return
    response.writeHead(200, { 'Mesos-Stream-Id': 's' })
    const heartbeat_interval_seconds = intervals.shift() ?? 15
    const subscribed = { framework_id: { value: 'f' }, heartbeat_interval_seconds }
    response.write(record({ type: 'SUBSCRIBED', subscribed }))
  }
  const live = await LiveScheduler.start(t, {
    master: master.address,
    limits: { callTimeoutMs: 30 },
  })
  await live.next('subscribed')
  const [stream] = master.calls
  t.match(await live.next('disconnected'), { reason: 'no heartbeat for 100 ms' })
  await live.next('subscribed')
  t.ok(stream?.socket.destroyed)
  await t.rejects(live.scheduler.call({ type: 'REVIVE' }), {
    reason: 'not-subscribed',
    message: /no answer within 30 ms/,
  })
  await live.next('subscribed')
})

t.test('slow answers are waited for, those that never come are not', async (t) => {
  const master = await ScriptedMaster.start(t)
  let attempts = 0
  master.script = ({ response }) => {
    if (++attempts > 1) setTimeout(() => subscribe(response), 40)
  }
  const live = await LiveScheduler.start(t, {
    master: master.address,
    limits: { subscribeTimeoutMs: 1_000 },
  })
  t.match(await live.next('failed'), { reason: /no subscription within 1000 ms/ })
  await live.next('subscribed')
  t.equal(attempts, 2)
  t.ok(master.calls[0]?.socket.destroyed)
})

t.test('a master that is not there, recovers, and leads at last', async (t) => {
  const gone = await ScriptedMaster.start(t)
  await gone.stop()
  const master = await ScriptedMaster.start(t)
  const answers = [503, 503, 502, 404]
  master.script = ({ response }) => {
    const status = answers.shift()
    if (status === undefined) subscribe(response)
    else response.writeHead(status).end('Master has not finished recovery')
  }
  const live = await LiveScheduler.start(t, { master: `${gone.address},${master.address}` })
  t.match(await live.next('failed'), { reason: /ECONNREFUSED.*; .*status 503: Master has not/ })
  await live.next('subscribed')
  t.equal(master.calls.length, 5)
})

t.test('redirects to the leader, in circles until there is one', async (t) => {
  const [standby, other, leader] = await Promise.all([1, 2, 3].map(() => ScriptedMaster.start(t)))
  let target = other
  standby!.script = ({ response }) =>
    void response.writeHead(307, { Location: `//${target!.address}/master/api/v1/scheduler` }).end()
  other!.script = ({ response }) =>
    void response
      .writeHead(307, { Location: `http://${standby!.address}/master/api/v1/scheduler` })
      .end()
  const live = await LiveScheduler.start(t, { master: standby!.address })
  t.match(await live.next('failed'), { reason: /redirects in a circle/ })
  target = leader
  t.match(await live.next('subscribed'), { master: leader!.address })
  await live.scheduler.call({ type: 'REVIVE' })
  t.equal(leader!.calls.at(-1)?.path, '/master/api/v1/scheduler')
})

t.test('principal and secret over HTTP Basic', async (t) => {
  const master = await ScriptedMaster.start(t)
  const expected = `Basic ${Buffer.from('p:s').toString('base64')}`
  master.script = (call) => {
    if (call.headers.authorization === expected) takeAll(call)
    else call.response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
  }
  const credentials = { principal: 'p', secret: 's' }
  const live = await LiveScheduler.start(t, { master: master.address, credentials })
  await live.next('subscribed')
  await live.scheduler.call({ type: 'REVIVE' })
  const none = await LiveScheduler.start(t, { master: master.address })
  t.match(await none.next('ended'), { end: { kind: 'refused', message: /none are given/ } })
  const wrong = await LiveScheduler.start(t, {
    master: master.address,
    credentials: { principal: 'p', secret: 'w' },
  })
  t.match(await wrong.next('ended'), {
    end: { kind: 'refused', message: /secret of principal 'p'/ },
  })
})

t.test('updates that come twice are told twice, in order', async (t) => {
  const master = await ScriptedMaster.start(t)
  const live = await LiveScheduler.start(t, { master: master.address })
  await live.next('subscribed')
  const uuid = Buffer.alloc(16, 1).toString('base64')
  for (const state of ['TASK_RUNNING', 'TASK_STARTING', 'TASK_RUNNING']) {
    const status = { task_id: { value: 't' }, state, uuid }
    master.calls[0]?.response.write(record({ type: 'UPDATE', update: { status } }))
  }
  const states: unknown[] = []
  for (let n = 0; n < 3; n++) states.push((await live.next('event')).event)
  t.match(states, [
    { status: { state: 'TASK_RUNNING', uuid } },
    { status: { state: 'TASK_STARTING' } },
    { status: { state: 'TASK_RUNNING', uuid } },
  ])
})

t.test('a connection for calls that the master has closed', async (t) => {
  const master = await ScriptedMaster.start(t)
  const live = await LiveScheduler.start(t, { master: master.address })
  await live.next('subscribed')
  await live.scheduler.call({ type: 'REVIVE' })
  const socket = master.calls.at(-1)!.socket
  await new Promise((resolve) => socket.destroy().once('close', resolve))
  await settle()
  await live.scheduler.call({ type: 'SUPPRESS' })
  t.notOk(
    live.told.some(({ type }) => type === 'disconnected'),
    'an idle one does not matter',
  )

  master.script = (call) => {
    if (call.call.type === 'KILL') call.socket.destroy()
    else takeAll(call)
  }
  await t.rejects(live.scheduler.call({ type: 'KILL', taskId: 't' }), {
    reason: 'not-subscribed',
    message: /KILL/,
  })
  await live.next('disconnected')
  await live.next('subscribed')
  t.equal(master.calls.filter(({ call }) => call.type === 'KILL').length, 1, 'not repeated')
})

t.test('close breaks the stream off without a word', async (t) => {
  const master = await ScriptedMaster.start(t)
  const live = await LiveScheduler.start(t, { master: master.address })
  await live.next('subscribed')
  await live.scheduler.call({ type: 'REVIVE' })
  const open = [...new Set(master.calls.map(({ socket }) => socket))]
  const closed = Promise.all(
    open.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  )
  await live.scheduler.close()
  await closed
  t.equal(master.calls.length, 2)
  t.strictSame(live.told, [])
})

t.test('TLS: masters that are trusted, and those that are not', async (t) => {
  const ca = fixture('master.crt')
  const master = await ScriptedMaster.start(t, { key: fixture('master.key'), cert: ca })
  const live = await LiveScheduler.start(t, { master: master.address, tls: { ca } })
  await live.next('subscribed')
  await live.scheduler.call({ type: 'REVIVE' })
  const stranger = await LiveScheduler.start(t, { master: `https://${master.address}` })
  t.match(await stranger.next('failed'), { reason: /self.signed certificate/ })
  const plain = await LiveScheduler.start(t, { master: master.address })
  t.match(await plain.next('failed'), { reason: /.+/ })
})

t.test('TLS: masters that want to know the framework', async (t) => {
  const ca = fixture('master.crt')
  const master = await ScriptedMaster.start(t, {
    key: fixture('master.key'),
    cert: ca,
    ca: fixture('framework.crt'),
    requestCert: true,
  })
  const certificate = fixture('framework.crt')
  const live = await LiveScheduler.start(t, {
    master: `https://${master.address}`,
    tls: { ca, cert: certificate, key: fixture('framework.key') },
  })
  await live.next('subscribed')
  await live.scheduler.call({ type: 'REVIVE' })
  const unknown = await LiveScheduler.start(t, { master: master.address, tls: { ca } })
  t.match(await unknown.next('failed'), { reason: /certificate|reset|hang up/i })
})
