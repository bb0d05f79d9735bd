import {
  type Credentials,
  formatCredentials,
  InvalidCredentialsError,
  parseCredentials,
  tokenOfKind,
} from '@flink-ts/hadoop-rpc'
import fc from 'fast-check'
import t from 'tap'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const bytes = fc.uint8Array({ maxLength: 400 })
const credentials: fc.Arbitrary<Credentials> = fc.record({
  tokens: fc
    .array(
      fc.tuple(text, fc.record({ identifier: bytes, password: bytes, kind: text, service: text })),
      { maxLength: 5 },
    )
    .map((entries) => new Map(entries)),
  secrets: fc.array(fc.tuple(text, bytes), { maxLength: 5 }).map((entries) => new Map(entries)),
})
const format = fc.constantFrom('writable', 'protobuf')

const plain = ({ tokens, secrets }: Credentials) => ({
  tokens: [...tokens].map(([alias, token]) => [
    alias,
    [...token.identifier],
    [...token.password],
    token.kind,
    token.service,
  ]),
  secrets: [...secrets].map(([name, secret]) => [name, [...secret]]),
})

t.test('parseCredentials reads what formatCredentials wrote, in both formats', async (t) => {
  fc.assert(
    fc.property(credentials, format, (value, format) => {
      t.same(plain(parseCredentials(formatCredentials(value, format))), plain(value))
    }),
  )
})

t.test('formatCredentials writes what NodeManagers write', async (t) => {
  const empty = { tokens: new Map(), secrets: new Map() }
  t.same(Buffer.from(formatCredentials(empty)).toString('hex'), '48445453000000')
  const value = {
    tokens: new Map([
      [
        '',
        {
          identifier: new Uint8Array(200).fill(1),
          password: Uint8Array.of(2),
          kind: 'K',
          service: '',
        },
      ],
    ]),
    secrets: new Map([['s', Uint8Array.of(3)]]),
  }
  t.same(
    Buffer.from(formatCredentials(value)).toString('hex'),
    `48445453 00 01 00 8fc8 ${'01'.repeat(200)} 0102 014b 00 01 0173 0103`.replaceAll(' ', ''),
  )
  t.equal(tokenOfKind(value, 'K'), value.tokens.get(''))
  t.equal(tokenOfKind(value, 'other'), undefined)
})

t.test('parseCredentials refuses what is cut off, at any place', async (t) => {
  fc.assert(
    fc.property(credentials, format, fc.nat(), (value, format, at) => {
      const whole = formatCredentials(value, format)
      t.throws(
        () => parseCredentials(whole.subarray(0, at % whole.length)),
        InvalidCredentialsError,
      )
    }),
  )
})

t.test(
  'parseCredentials ends with its own error on any bytes, and says nothing of them',
  async (t) => {
    const version = fc.constantFrom(0, 1, 2)
    fc.assert(
      fc.property(version, fc.uint8Array({ maxLength: 100 }), (version, body) => {
        try {
          parseCredentials(Uint8Array.of(0x48, 0x44, 0x54, 0x53, version, ...body))
        } catch (error) {
          t.ok(error instanceof InvalidCredentialsError)
        }
      }),
      { numRuns: 1000 },
    )
    const hostile = (hex: string) => () => parseCredentials(Buffer.from(hex, 'hex'))
    t.throws(
      hostile('48445453008c7fffffff'),
      /2147483647 elements are announced where 0 bytes are left/,
    )
    t.throws(hostile('484454530088ffffffffffffffff'), InvalidCredentialsError)
    t.throws(hostile('4844545300ff'), /-1 elements/)
    t.throws(hostile('484454530000000000'), /2 bytes follow the end/)
    t.throws(hostile('48445453'), /cut off/)
    t.throws(hostile('4844545307'), /of version 7/)
    t.throws(hostile('504b0304'), /do not begin with HDTS/)
  },
)
