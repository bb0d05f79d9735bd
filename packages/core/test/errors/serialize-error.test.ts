import {
  deserializeError,
  FlinkError,
  renderErrorChain,
  type SerializedError,
  SuppressRestartsException,
  serializeError,
  userMessage,
} from '@flink-ts/core'
import t from 'tap'

class SlotTimeoutError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_SLOT_TIMEOUT', retriable: true, cause })
  }
}

t.test('serializeError keeps name, code, retriable, stack and causes, as plain JSON', async (t) => {
  const error = new SlotTimeoutError('no slot', new TypeError('inner'))
  const serialized = serializeError(error)

  t.match(serialized, {
    name: 'SlotTimeoutError',
    message: 'no slot',
    code: 'FLINK_SLOT_TIMEOUT',
    retriable: true,
    stack: /^SlotTimeoutError \[FLINK_SLOT_TIMEOUT\]: no slot\n {4}at .*serialize-error\.test/,
    cause: { name: 'TypeError', message: 'inner' },
  })
  t.same(JSON.parse(JSON.stringify(serialized)), serialized)
})

t.test('deserializeError gives a FlinkError back that serializes to the same', async (t) => {
  const serialized = serializeError(new SlotTimeoutError('no slot', new RangeError('inner')))
  const error = deserializeError(serialized)

  t.ok(FlinkError.is(error))
  t.match(error, { name: 'SlotTimeoutError', code: 'FLINK_SLOT_TIMEOUT', retriable: true })
  t.equal((error.cause as Error).name, 'RangeError')
  t.notOk(FlinkError.is(error.cause))
  t.same(serializeError(error), serialized)
})

t.test('deserializeError keeps the code of other errors', async (t) => {
  const error = deserializeError(
    serializeError(Object.assign(new Error('gone'), { code: 'ENOENT' })),
  )
  t.notOk(FlinkError.is(error))
  t.match(error, { code: 'ENOENT', message: 'gone' })
})

t.test('serializeError ends circular causes and long chains', async (t) => {
  const a = new Error('a')
  const b = new Error('b', { cause: a })
  a.cause = b
  t.equal(serializeError(a).cause?.cause, undefined)

  let deep: Error = new Error('0')
  for (let i = 1; i < 100; i++) deep = new Error(`${i}`, { cause: deep })
  let links = 0
  for (let e: SerializedError | undefined = serializeError(deep); e; e = e.cause) links++
  t.equal(links, 20)
})

t.test('serializeError bounds texts', async (t) => {
  const error = new Error('m'.repeat(100_000))
  const serialized = serializeError(error)
  t.equal(serialized.message.length, 32 * 1024)
  t.equal(serialized.stack?.length, 32 * 1024)
})

t.test('serializeError takes whatever user code throws', async (t) => {
  t.equal(serializeError('boom').message, "'boom' was thrown")
  t.equal(serializeError(undefined).message, 'undefined was thrown')
  t.equal(serializeError({ a: 1 }).message, '{ a: 1 } was thrown')
  const hostile = new Error('x')
  Object.defineProperty(hostile, 'cause', {
    get() {
      throw new Error('no')
    },
  })
  t.match(serializeError(hostile), { message: 'x', cause: undefined })
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  t.match(serializeError(revoked.proxy).message, / was thrown$/)
  const facts = Object.assign(new Error('refused'), { errors: ['a text'] })
  t.equal(serializeError(facts).cause, undefined, 'texts are no causes')
  t.match(serializeError(new AggregateError([new Error('first')], 'all')), {
    name: 'AggregateError',
    cause: { message: 'first' },
  })
})

t.test(
  'renderErrorChain shows codes and causes, and leaves out the frames they share',
  async (t) => {
    const inner = new TypeError('inner')
    inner.stack = 'TypeError: inner\n    at f (a.ts:1:1)\n    at g (a.ts:2:2)\n    at h (a.ts:3:3)'
    const outer = new SlotTimeoutError('outer', inner)
    outer.stack = 'Error: outer\n    at k (a.ts:9:9)\n    at g (a.ts:2:2)\n    at h (a.ts:3:3)'

    t.equal(
      renderErrorChain(outer),
      `SlotTimeoutError [FLINK_SLOT_TIMEOUT]: outer
    at k (a.ts:9:9)
    at g (a.ts:2:2)
    at h (a.ts:3:3)
Caused by: TypeError: inner
    at f (a.ts:1:1)
    ... 2 more`,
    )
  },
)

t.test('userMessage shows messages only and does not repeat itself', async (t) => {
  const error = new Error('cannot open /a', { cause: new Error('ENOENT: /a') })
  t.equal(userMessage(error), 'cannot open /a\nCaused by: ENOENT: /a')
  const wrapped = new Error('job failed: boom', { cause: new Error('boom') })
  t.equal(userMessage(wrapped), 'job failed: boom')
  t.equal(userMessage(new TypeError('')), 'TypeError')
})

class PartitionLostError extends FlinkError {
  readonly partitionId: string
  readonly bytes = 7
  readonly details = { deep: true }

  constructor(partitionId: string) {
    super('gone', { code: 'FLINK_TEST' })
    this.partitionId = partitionId
  }
}

t.test('serializeError takes the texts along that a FlinkError says of itself', async (t) => {
  const serialized = serializeError(new PartitionLostError('p1'))
  t.strictSame(serialized.facts, { values: { partitionId: 'p1' } })
  const error = deserializeError(serialized)
  t.equal((error as PartitionLostError).partitionId, 'p1')
  t.same(serializeError(error), serialized)
  t.equal(serializeError(new PartitionLostError('x'.repeat(501))).facts, undefined)
  t.equal(serializeError(Object.assign(new Error('plain'), { a: 'b' })).facts, undefined)
  const forged = { ...serialized, facts: { values: { message: 'other', cause: 'x' } } }
  t.equal(deserializeError(forged).message, 'gone')
})

t.test('SuppressRestartsException carries its code through serializeError', async (t) => {
  const serialized = serializeError(new SuppressRestartsException(new RangeError('boom')))
  t.match(serialized, {
    name: 'SuppressRestartsException',
    code: 'FLINK_SUPPRESS_RESTARTS',
    cause: { name: 'RangeError', message: 'boom' },
  })
})
