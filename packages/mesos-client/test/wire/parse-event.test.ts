import { MesosProtocolError } from '@flink-ts/mesos-client'
import fc from 'fast-check'
import t from 'tap'
import { parseEvent, type Unreadable } from '../../dist/wire/parse-event.js'

const never = ({ error }: Unreadable): void => {
  throw error
}
const parse = (event: unknown, onUnreadable = never) =>
  parseEvent(Buffer.from(JSON.stringify(event)), onUnreadable)
const value = (text: string) => ({ value: text })
const UUID = Buffer.alloc(16, 7).toString('base64')

t.test('parseEvent reads what begins, keeps and ends a subscription', async (t) => {
  t.strictSame(
    parse({
      type: 'SUBSCRIBED',
      subscribed: {
        framework_id: value('f-1'),
        heartbeat_interval_seconds: 15,
        master_info: { capabilities: [{}, { type: 'AGENT_UPDATE' }], port: 5050 },
      },
    }),
    { type: 'SUBSCRIBED', frameworkId: 'f-1', heartbeatIntervalMs: 15_000 },
  )
  t.strictSame(parse({ type: 'SUBSCRIBED', subscribed: { framework_id: value('f') } }), {
    type: 'SUBSCRIBED',
    frameworkId: 'f',
    heartbeatIntervalMs: undefined,
  })
  for (const seconds of [0, -1, 3_601, 1e300, '1e300']) {
    const subscribed = { framework_id: value('f'), heartbeat_interval_seconds: seconds }
    t.match(parse({ type: 'SUBSCRIBED', subscribed }), { heartbeatIntervalMs: undefined })
  }
  t.strictSame(parse({ type: 'HEARTBEAT' }), { type: 'HEARTBEAT' })
  t.strictSame(parse({ type: 'ERROR', error: { message: 'no' } }), { type: 'ERROR', message: 'no' })
})

t.test('parseEvent reads offers with all kinds of resources and attributes', async (t) => {
  const reserved = {
    name: 'cpus',
    type: 'SCALAR',
    scalar: { value: 1.5 },
    allocation_info: { role: 'flink/a' },
    reservations: [
      { type: 'STATIC', role: 'flink' },
      { type: 'DYNAMIC', role: 'flink/a', principal: 'p', labels: { labels: [] } },
    ],
  }
  const old = { name: 'mem', type: 'SCALAR', scalar: { value: '64' }, role: 'old', reservation: {} }
  const ports = {
    name: 'ports',
    type: 'RANGES',
    ranges: { range: [{ begin: 31000, end: 32000 }] },
    revocable: {},
  }
  const disk = {
    name: 'disk',
    type: 'SCALAR',
    scalar: { value: 10 },
    disk: { persistence: { id: 'x' } },
  }
  const set = { name: 'zones', type: 'SET', set: { item: ['a', 'b'] } }
  const event = parse({
    type: 'OFFERS',
    offers: {
      offers: [
        {
          id: value('o'),
          framework_id: value('f'),
          agent_id: value('a'),
          hostname: 'host',
          url: { scheme: 'http', address: { hostname: 'host', ip: '1.2.3.4', port: 5051 } },
          allocation_info: { role: 'flink/a' },
          resources: [reserved, old, ports, disk, set, { name: 'new', type: 'TENSOR' }, {}],
          attributes: [
            { name: 'rack', type: 'TEXT', text: { value: 'r1' } },
            { name: 'level', type: 'SCALAR', scalar: { value: 2.0 } },
            {
              name: 'range',
              type: 'RANGES',
              ranges: {
                range: [
                  { begin: 1, end: 2 },
                  { begin: 5, end: 6 },
                ],
              },
            },
            { name: 'set', type: 'SET', set: { item: ['a', 'b'] } },
            { name: 'unknown' },
          ],
          unavailability: { start: { nanoseconds: 1_700_000_000_000_000_000 } },
          unknown_field: [[]],
        },
      ],
    },
  })
  const plain = { isRevocable: false, isSpecial: false }
  t.strictSame(event, {
    type: 'OFFERS',
    offers: [
      {
        id: 'o',
        agentId: 'a',
        hostname: 'host',
        agentAddress: 'host:5051',
        role: 'flink/a',
        resources: [
          { name: 'cpus', scalar: 1.5, role: 'flink/a', ...plain, wire: reserved },
          { name: 'mem', scalar: 64, role: 'old', ...plain, wire: old },
          {
            name: 'ports',
            ranges: [{ begin: 31000, end: 32000 }],
            role: '*',
            ...plain,
            isRevocable: true,
            wire: ports,
          },
          { name: 'disk', scalar: 10, role: '*', ...plain, isSpecial: true, wire: disk },
          { name: 'zones', set: ['a', 'b'], role: '*', ...plain, wire: set },
        ],
        attributes: [
          { name: 'rack', text: 'r1' },
          { name: 'level', text: '2' },
          { name: 'range', text: '[1-2,5-6]' },
          { name: 'set', text: '{a,b}' },
        ],
        unavailableFromMs: 1_700_000_000_000,
      },
    ],
  })
})

t.test('parseEvent takes a lone value for a list, and null for nothing', async (t) => {
  const offer = { id: value('o'), agent_id: value('a'), hostname: 'h', resources: null, url: null }
  t.strictSame(parse({ type: 'OFFERS', offers: { offers: offer } }), {
    type: 'OFFERS',
    offers: [{ id: 'o', agentId: 'a', hostname: 'h', role: '*', resources: [], attributes: [] }],
  })
})

t.test('parseEvent reads updates, with and without what may be missing', async (t) => {
  t.strictSame(
    parse({
      type: 'UPDATE',
      update: {
        status: {
          task_id: value('t'),
          state: 'TASK_FAILED',
          message: 'Command exited with status 3',
          source: 'SOURCE_EXECUTOR',
          reason: 'REASON_COMMAND_EXECUTOR_FAILED',
          agent_id: value('a'),
          executor_id: value('e'),
          uuid: UUID,
          timestamp: 1.5,
          healthy: false,
          data: '***',
        },
      },
    }),
    {
      type: 'UPDATE',
      status: {
        taskId: 't',
        state: 'TASK_FAILED',
        message: 'Command exited with status 3',
        source: 'SOURCE_EXECUTOR',
        reason: 'REASON_COMMAND_EXECUTOR_FAILED',
        agentId: 'a',
        executorId: 'e',
        uuid: UUID,
        timestamp: 1.5,
        healthy: false,
      },
    },
  )
  const status = { task_id: value('t'), state: 'TASK_RUNNING' }
  t.strictSame(parse({ type: 'UPDATE', update: { status } }), {
    type: 'UPDATE',
    status: { taskId: 't', state: 'TASK_RUNNING' },
  })
  const odd = { ...status, source: 'SOURCE_OF_TOMORROW', healthy: 'true' }
  t.strictSame(parse({ type: 'UPDATE', update: { status: odd } }), {
    type: 'UPDATE',
    status: { taskId: 't', state: 'TASK_RUNNING', healthy: true },
  })
})

t.test('parseEvent reads all other events', async (t) => {
  t.strictSame(parse({ type: 'RESCIND', rescind: { offer_id: value('o') } }), {
    type: 'RESCIND',
    offerId: 'o',
  })
  const unavailability = { start: { nanoseconds: 5_000_000 }, duration: { nanoseconds: 2_000_000 } }
  t.strictSame(
    parse({
      type: 'INVERSE_OFFERS',
      inverse_offers: {
        inverse_offers: [
          { id: value('i'), agent_id: value('a'), unavailability },
          { id: value('j'), unavailability: { start: { nanoseconds: 5_000_000 } } },
        ],
      },
    }),
    {
      type: 'INVERSE_OFFERS',
      inverseOffers: [
        { id: 'i', agentId: 'a', unavailableFromMs: 5, unavailableUntilMs: 7 },
        { id: 'j', unavailableFromMs: 5 },
      ],
    },
  )
  t.strictSame(
    parse({
      type: 'RESCIND_INVERSE_OFFER',
      rescind_inverse_offer: { inverse_offer_id: value('i') },
    }),
    { type: 'RESCIND_INVERSE_OFFER', inverseOfferId: 'i' },
  )
  const message = { agent_id: value('a'), executor_id: value('e'), data: 'aGk=' }
  t.strictSame(parse({ type: 'MESSAGE', message }), {
    type: 'MESSAGE',
    agentId: 'a',
    executorId: 'e',
    data: Buffer.from('hi'),
  })
  t.strictSame(parse({ type: 'FAILURE', failure: { agent_id: value('a') } }), {
    type: 'FAILURE',
    agentId: 'a',
  })
  const failure = { agent_id: value('a'), executor_id: value('e'), status: 1024 }
  t.strictSame(parse({ type: 'FAILURE', failure }), {
    type: 'FAILURE',
    agentId: 'a',
    executorId: 'e',
    status: 1024,
  })
})

t.test(
  'parseEvent skips events that it does not know, and tells of states that it does not',
  async (t) => {
    for (const type of [
      'UNKNOWN',
      'UPDATE_OPERATION_STATUS',
      'OF_TOMORROW',
      'toString',
      '__proto__',
    ]) {
      t.strictSame(parse({ type, x: {} }), { type: 'skipped', what: type })
    }
    t.match(parse({}), { type: 'skipped' })
    const status = { task_id: value('t'), state: 'TASK_OF_TOMORROW' }
    t.strictSame(parse({ type: 'UPDATE', update: { status } }), {
      type: 'UPDATE',
      status: { taskId: 't', state: 'TASK_UNRECOGNIZED', stateName: 'TASK_OF_TOMORROW' },
    })
    const stateless = { task_id: value('t'), agent_id: value('a'), uuid: UUID }
    t.strictSame(parse({ type: 'UPDATE', update: { status: stateless } }), {
      type: 'UPDATE',
      status: { taskId: 't', state: 'TASK_UNRECOGNIZED', agentId: 'a', uuid: UUID },
    })
  },
)

t.test('parseEvent says what is wrong where', async (t) => {
  const offer = { id: value('o'), agent_id: value('a'), hostname: 'h' }
  const offers = (more: object) => ({ type: 'OFFERS', offers: { offers: [{ ...offer, ...more }] } })
  const resource = (more: object) => offers({ resources: [{ name: 'r', ...more }] })
  const problems: [unknown, RegExp][] = [
    [[], /no JSON object/],
    [7, /no JSON object/],
    [{ type: 7 }, /\.type is no text: 7/],
    [{ type: 'OFFERS' }, /has no 'offers'/],
    [{ type: 'OFFERS', offers: { offers: [7] } }, /offers\.offers\[0\] is no object: 7/],
    [offers({ hostname: {} }), /offers\.offers\[0\]\.hostname is no text/],
    [offers({ id: { value: 3 } }), /id\.value is no text/],
    [resource({ type: 'SCALAR', scalar: { value: 'much' } }), /scalar\.value is no number: "much"/],
    [resource({ type: 'SCALAR', scalar: { value: 'Infinity' } }), /is no number/],
    [resource({ type: 'SCALAR', scalar: { value: -1 } }), /less than nothing/],
    [resource({ type: 'SET', set: { item: [{}] } }), /item\[0\] is no text/],
    [
      resource({ type: 'RANGES', ranges: { range: [{ begin: 2, end: 1 }] } }),
      /range\[0\]\.end is not behind the begin: 1/,
    ],
    [
      resource({ type: 'RANGES', ranges: { range: [{ begin: 0.5, end: 1 }] } }),
      /begin is no natural number/,
    ],
    [{ type: 'UPDATE', update: { status: { state: 'TASK_LOST' } } }, /status has no 'task_id'/],
    [
      {
        type: 'UPDATE',
        update: { status: { task_id: value('t'), state: 'TASK_LOST', uuid: 'YQ==' } },
      },
      /uuid is not the base64 of 16 bytes/,
    ],
    [{ type: 'UPDATE', update: { status: { task_id: 't' } } }, /task_id is no object: "t"/],
  ]
  for (const [event, words] of problems) {
    t.throws(() => parse(event), { code: 'FLINK_MESOS_PROTOCOL', message: words })
  }
  t.throws(() => parseEvent(Buffer.from('{"type":'), never), { message: /is no JSON: \{"type":/ })
  t.throws(() => parseEvent(Buffer.from([0xff, 0xfe, 0]), never), MesosProtocolError)
  t.throws(() => parseEvent(Buffer.from('['.repeat(2_000_000)), never), MesosProtocolError)
})

t.test('parseEvent leaves out what it cannot read, offer by offer', async (t) => {
  const offer = (id: string, more: object = {}) => ({
    id: value(id),
    agent_id: value('a'),
    hostname: 'h',
    ...more,
  })
  const heard: Unreadable[] = []
  const hear = (unreadable: Unreadable) => void heard.push(unreadable)
  const scalar = (text: unknown) => ({
    resources: [{ name: 'r', type: 'SCALAR', scalar: { value: text } }],
  })
  const offers = [
    offer('1'),
    offer('2', scalar('Infinity')),
    offer('3', scalar(-1)),
    offer('4', {
      resources: [{ name: 'p', type: 'RANGES', ranges: { range: [{ begin: 2, end: 1 }] } }],
    }),
    offer('5', { attributes: [{ name: 'x', type: 'TEXT', text: 7 }] }),
    offer('6', { unavailability: {} }),
    offer('7', { id: 7 }),
    7,
    offer('9'),
  ]
  const event = parse({ type: 'OFFERS', offers: { offers } }, hear)
  t.match(event, { type: 'OFFERS', offers: [{ id: '1' }, { id: '9' }] })
  t.strictSame(
    heard.map(({ what, id }) => `${what} ${id}`),
    ['2', '3', '4', '5', '6', undefined, undefined].map((id) => `offer ${id}`),
  )
  t.match(
    heard[0]?.error.message,
    /offers\.offers\[1\]\.resources\[0\]\.scalar\.value is no number/,
  )

  const unavailability = { start: { nanoseconds: 0 } }
  heard.length = 0
  t.match(
    parse(
      {
        type: 'INVERSE_OFFERS',
        inverse_offers: {
          inverse_offers: [{ id: value('i') }, { id: value('j'), unavailability }],
        },
      },
      hear,
    ),
    { type: 'INVERSE_OFFERS', inverseOffers: [{ id: 'j' }] },
  )
  t.match(heard, [{ what: 'inverse offer', id: 'i' }])
  for (const type of ['UPDATE', 'RESCIND', 'MESSAGE', 'FAILURE', 'RESCIND_INVERSE_OFFER']) {
    heard.length = 0
    t.strictSame(parse({ type }, hear), { type: 'skipped', what: type })
    t.match(heard, [{ what: 'event', type, error: MesosProtocolError }])
  }
  t.throws(() => parse({ type: 'SUBSCRIBED' }, hear), MesosProtocolError)
  t.throws(() => parse({ type: 'ERROR' }, hear), MesosProtocolError)
})

t.test(
  'parseEvent: any JSON gives an event, or a MesosProtocolError with a short message about SUBSCRIBED',
  async (t) => {
    const types = [
      'SUBSCRIBED',
      'OFFERS',
      'INVERSE_OFFERS',
      'RESCIND',
      'UPDATE',
      'MESSAGE',
      'FAILURE',
    ]
    const names = [
      'type',
      'value',
      'id',
      'agent_id',
      'task_id',
      'resources',
      'scalar',
      'ranges',
      'range',
      'state',
      'uuid',
      'offers',
      'update',
      'status',
      'url',
      'address',
    ]
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom('SCALAR', 'RANGES', 'SET', 'TASK_LOST', null, true, 1e300, -1, '7', UUID),
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 5 }),
      ),
    })).value
    const event = fc
      .tuple(fc.constantFrom(...types), json)
      .map(([type, body]) => ({ type, [type.toLowerCase()]: body }))
    fc.assert(
      fc.property(event, (anything) => {
        const isGood = (error: unknown) =>
          error instanceof MesosProtocolError && error.message.length < 500
        let areGood = true
        try {
          parse(anything, ({ error }) => {
            areGood &&= isGood(error)
          })
        } catch (error) {
          return isGood(error) && anything.type === 'SUBSCRIBED'
        }
        return areGood
      }),
      { numRuns: 2_000 },
    )
    t.pass()
  },
)
