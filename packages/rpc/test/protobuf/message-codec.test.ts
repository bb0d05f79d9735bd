import { AssertionError } from 'node:assert'
import {
  gatewayDefinitionFromDescriptor,
  gatewayDefinitionFromProto,
  RpcMessageError,
} from '@flink-ts/rpc'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import t from 'tap'
import {
  type Everything,
  everything,
  TEST_GATEWAY,
  TEST_PROTO,
  type TestGateway,
} from '../testing-gateway.js'

const { encodeRequest, decodeRequest, decodeResponse } = TEST_GATEWAY.methods.echo
const invalid = { code: 'FLINK_RPC_INVALID_MESSAGE' }
const type = protobuf.parse(TEST_PROTO).root.lookupType('test.Everything')

t.test('a message crosses with every kind of field unchanged', async (t) => {
  t.strictSame(decodeRequest(encodeRequest(everything())), everything())
})

t.test('a gateway from the descriptor of a text is that from the text', async (t) => {
  const { root } = protobuf.parse(TEST_PROTO)
  const descriptor = JSON.stringify(root.resolveAll())
  const { name, methods } = gatewayDefinitionFromDescriptor<TestGateway>(
    descriptor,
    `test.${TEST_GATEWAY.name}`,
  )
  t.equal(name, TEST_GATEWAY.name)
  t.strictSame(Object.keys(methods), Object.keys(TEST_GATEWAY.methods))
  const { echo } = methods
  const { maybeText, maybePoint, maybeBig, ...rest } = everything()
  for (const message of [everything(), rest]) {
    t.strictSame(echo.encodeRequest(message), encodeRequest(message))
    t.strictSame(echo.decodeRequest(encodeRequest(message)), message)
    t.strictSame(echo.decodeResponse(encodeRequest(message)), message)
  }
  t.throws(() => echo.encodeRequest({ ...rest, text: 5 }), invalid)
})

t.test('absent optional fields and unset oneof members have no key', async (t) => {
  const { maybeText, maybePoint, maybeBig, ...rest } = everything()

  const decoded = decodeRequest(encodeRequest(rest))

  t.strictSame(decoded, rest)
  t.notOk('maybeText' in decoded || 'maybePoint' in decoded || 'dot' in decoded)
})

t.test('empty collections, zero numbers and empty text are there after decoding', async (t) => {
  const empty = everything({
    text: '',
    flag: false,
    small: 0,
    big: 0,
    ratio: 0,
    data: new Uint8Array(),
    color: 'RED',
    points: [],
    colors: [],
    counts: {},
    places: {},
  })

  t.strictSame(decodeRequest(encodeRequest(empty)), empty)
})

t.test(
  'an encoded message is its owner’s: later ones, small, large or refused, change nothing in it',
  async (t) => {
    const messages = [3, 2_000, 3_000_000, 50, 70_000].map((length, i) =>
      everything({ data: new Uint8Array(length).fill(i), text: `message ${i}` }),
    )
    const encoded = messages.map((message) => {
      const bytes = encodeRequest(message)
      t.throws(() => encodeRequest({ ...message, text: 5 }), invalid)
      return bytes
    })
    for (const [i, bytes] of encoded.entries()) t.strictSame(decodeRequest(bytes), messages[i])
  },
)

t.test('decoded bytes are a Uint8Array and no Buffer', async (t) => {
  const decoded = decodeRequest(encodeRequest(everything())) as Everything
  t.equal(decoded.data.constructor, Uint8Array)
})

t.test('encoding refuses each invalid message and names method and field', async (t) => {
  const cases: Array<[change: object, field: string, problem: RegExp]> = [
    [{ text: 5 }, 'text', /must be a string but is 5/],
    [{ text: undefined }, 'text', /is missing/],
    [{ flag: 'yes' }, 'flag', /must be a boolean but is "yes"/],
    [{ small: 2 ** 31 }, 'small', /int32/],
    [{ small: 0.5 }, 'small', /integer/],
    [{ big: Number.MAX_SAFE_INTEGER + 1 }, 'big', /integer/],
    [{ big: 1n }, 'big', /must be an integer/],
    [{ ratio: '1' }, 'ratio', /must be a number/],
    [{ data: [1, 2] }, 'data', /must be a Uint8Array but is an array/],
    [{ color: 'PINK' }, 'color', /must be one of RED, GREEN, DARK_BLUE but is "PINK"/],
    [{ color: 'constructor' }, 'color', /must be one of/],
    [{ color: 1 }, 'color', /must be one of/],
    [{ point: undefined }, 'point', /is missing/],
    [{ point: null }, 'point', /must be a message object but is null/],
    [{ points: [{ x: 1, y: 2 }, { x: 1 }] }, 'points[1].y', /is missing/],
    [{ points: undefined }, 'points', /is missing/],
    [{ points: {} }, 'points', /must be an array/],
    [{ colors: ['RED', 'X'] }, 'colors[1]', /must be one of/],
    [{ counts: { a: 'b' } }, 'counts["a"]', /must be an integer/],
    [{ counts: JSON.parse('{"__proto__": 1}') }, 'counts', /__proto__/],
    [{ places: [] }, 'places', /must be an object/],
    [{ dot: { x: 1, y: 1 } }, '', /exactly one of dot, label .* but has dot and label/],
    [{ label: undefined }, '', /exactly one of dot, label .* but has none/],
  ]
  for (const [change, field, problem] of cases) {
    try {
      encodeRequest(everything(change))
      t.fail(`${JSON.stringify(Object.keys(change))} is refused`)
    } catch (error) {
      t.ok(error instanceof RpcMessageError, String(error))
      const { code, subject, field: named, message } = error as RpcMessageError
      t.equal(code, 'FLINK_RPC_INVALID_MESSAGE')
      t.equal(subject, 'TestGateway.Echo request')
      t.equal(named, field)
      t.match(message, problem)
    }
  }
})

t.test('decoding refuses what another version or a broken peer sends', async (t) => {
  const wire = type.toObject(type.decode(encodeRequest(everything())))
  const encodeWire = (change: object) => type.encode({ ...wire, ...change }).finish()

  t.throws(() => decodeResponse(encodeWire({ color: 5 })), {
    ...invalid,
    field: 'color',
    problem: 'has the unknown number 5 of its enum',
    subject: 'TestGateway.Echo response',
  })
  t.throws(() => decodeRequest(encodeWire({ point: undefined })), { ...invalid, field: 'point' })
  t.throws(() => decodeRequest(encodeWire({ label: undefined })), {
    ...invalid,
    problem: /exactly one of/,
  })
  t.throws(() => decodeRequest(encodeWire({ big: new protobuf.util.Long(0, 0x7fffffff, false) })), {
    ...invalid,
    field: 'big',
  })
})

t.test('unknown fields of a newer version are ignored', async (t) => {
  const newer = protobuf.parse(
    'syntax = "proto3"; package n; message Text { string text = 1; string more = 99; }',
  ).root
  const bytes = newer.lookupType('n.Text').encode({ text: 'a', more: 'b' }).finish()

  t.strictSame(TEST_GATEWAY.methods.say.decodeRequest(bytes), { text: 'a' })
})

t.test('decoding garbage throws RpcMessageError and nothing else', async (t) => {
  const valid = encodeRequest(everything())
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255))
    .map(([at, byte]) => valid.map((b, i) => (i === at ? byte : b)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      try {
        decodeRequest(bytes)
      } catch (error) {
        if (!(error instanceof RpcMessageError)) throw error
      }
    }),
    { numRuns: 2000, seed: 1 },
  )
  t.pass('no other error was thrown')
})

t.test('cyclic and bottomless messages are refused in both directions', async (t) => {
  const { grow } = TEST_GATEWAY.methods
  const cyclic: { children: object[] } = { children: [] }
  cyclic.children.push(cyclic)
  t.throws(() => grow.encodeRequest(cyclic), { code: 'FLINK_RPC_INVALID_MESSAGE' })

  let bytes = Buffer.alloc(0)
  for (let i = 0; i < 5000; i++) {
    const length = []
    for (let n = bytes.length; ; n >>>= 7) {
      length.push(n > 127 ? (n & 127) | 128 : n)
      if (n <= 127) break
    }
    bytes = Buffer.concat([Buffer.of(10, ...length), bytes])
  }
  t.throws(() => grow.decodeRequest(bytes), { code: 'FLINK_RPC_INVALID_MESSAGE' })
})

t.test('gatewayDefinitionFromProto names what the proto text lacks', async (t) => {
  t.throws(() => gatewayDefinitionFromProto(TEST_PROTO, 'test.Missing'), AssertionError)
  t.same(Object.keys(TEST_GATEWAY.methods), ['echo', 'say', 'grow'])
  t.equal(TEST_GATEWAY.name, 'TestGateway')
})
