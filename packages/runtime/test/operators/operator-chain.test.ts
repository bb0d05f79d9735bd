import {
  Configuration,
  type OperatorId,
  SerializerRegistry,
  type Sink,
  type Source,
  type SourceReader,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type OneInputStreamOperator,
  OperatorChain,
  type OperatorContext,
  type OperatorDescriptor,
  type OperatorFactory,
  type Output,
  sinkOperatorFactory,
  sourceOperatorFactory,
} from '@flink-ts/runtime'
import t from 'tap'
import { operator } from '../taskmanager/testing-job.js'

const clock = new ManualClock()

function context(descriptor: OperatorDescriptor, output: Output): OperatorContext {
  return {
    operatorName: descriptor.name,
    operatorId: descriptor.operatorId,
    configuration: new Configuration(),
    output,
    clock,
    sendEventToCoordinator() {},
  } as unknown as OperatorContext
}

function chain(
  operators: OperatorDescriptor[],
  code: Record<string, OperatorFactory>,
  options: {
    objectReuse?: boolean
    networkOutputs?: Map<OperatorId, never[]>
    serializers?: SerializerRegistry
  } = {},
) {
  return new OperatorChain({
    operators,
    code: new Map(Object.entries(code)),
    networkOutputs: options.networkOutputs ?? new Map(),
    objectReuse: options.objectReuse ?? false,
    createContext: context,
    ...(options.serializers && { serializers: options.serializers }),
  })
}

/** Logs its calls; hands each element on. */
function logging(log: string[], hooks: { failOn?: string; change?: (value: never) => void } = {}) {
  return (name: string): OperatorFactory => ({
    type: 'oneInput',
    createOperator: ({ output }) => {
      const call = (what: string) => {
        log.push(`${name}.${what}`)
        if (hooks.failOn === `${name}.${what}`) throw new Error(`${name}.${what} fails`)
      }
      return {
        open: async () => call('open'),
        finish: async () => call('finish'),
        close: async () => call('close'),
        processElement(value: unknown, timestamp: number) {
          hooks.change?.(value as never)
          output.collect(value, timestamp)
        },
        processWatermark: (timestampMs: number) => output.emitWatermark(timestampMs),
        processWatermarkStatus: (status: 'ACTIVE' | 'IDLE') => output.emitWatermarkStatus(status),
      }
    },
  })
}

function collecting(into: unknown[]): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator: () => ({
      open() {},
      finish() {},
      close() {},
      processElement: (value: unknown) => into.push(value),
      processWatermark: (timestampMs: number) => into.push(`wm ${timestampMs}`),
      processWatermarkStatus: (status: string) => into.push(status),
    }),
  }
}

const row = [operator('a'), operator('b', ['a']), operator('c', ['b'])]

t.test(
  'OperatorChain opens from tail to head, finishes and closes from head to tail',
  async (t) => {
    const log: string[] = []
    const make = logging(log)
    const c = chain(row, { a: make('a'), b: make('b'), c: make('c') })
    await c.open()
    await c.finish()
    await c.close()
    await c.close()

    t.strictSame(log, [
      ...['c.open', 'b.open', 'a.open', 'a.finish', 'b.finish', 'c.finish'],
      ...['a.close', 'b.close', 'c.close'],
    ])
  },
)

t.test('OperatorChain closes all that it began to open, whatever fails', async (t) => {
  const log: string[] = []
  const make = logging(log, { failOn: 'b.open' })
  const c = chain(row, { a: make('a'), b: make('b'), c: make('c') })
  await t.rejects(c.open(), { message: 'b.open fails' })
  t.strictSame(await c.close(), [])
  t.strictSame(log, ['c.open', 'b.open', 'b.close', 'c.close'])

  const closing: string[] = []
  const failing = logging(closing, { failOn: 'a.close' })
  const second = chain(row, { a: failing('a'), b: failing('b'), c: failing('c') })
  await second.open()
  const errors = await second.close()
  t.match(errors, [{ message: 'a.close fails' }])
  t.strictSame(closing.slice(-3), ['a.close', 'b.close', 'c.close'])
})

t.test('OperatorChain forwards records, watermarks and statuses, and counts', async (t) => {
  const seen: unknown[] = []
  const make = logging([])
  const c = chain(row, { a: make('a'), b: make('b'), c: collecting(seen) })
  const head = c.head as OneInputStreamOperator
  head.processElement({ word: 'a' }, 1)
  head.processWatermark(7)
  head.processWatermarkStatus('IDLE')

  t.strictSame(seen, [{ word: 'a' }, 'wm 7', 'IDLE'])
  t.match(c.counts(1), [
    { operatorName: 'a', numRecordsIn: 1, numRecordsOut: 1 },
    { operatorName: 'b', numRecordsIn: 1, numRecordsOut: 1 },
    { operatorName: 'c', numRecordsIn: 1, numRecordsOut: 0 },
  ])
})

const branches = [operator('a'), operator('b', ['a']), operator('c', ['a']), operator('end', ['c'])]

interface Listed {
  list: number[]
}

const changing = (value: Listed) => void value.list.push(2)

t.test('OperatorChain keeps one consumer from changing the record of another', async (t) => {
  const run = (objectReuse: boolean, emitsOwn: boolean) => {
    const seen: unknown[] = []
    const make = logging([])
    const c = chain(
      branches,
      {
        a: { ...make('a'), emitsOwn },
        b: logging([], { change: changing })('b'),
        c: make('c'),
        end: collecting(seen),
      },
      { objectReuse },
    )
    const record: Listed = { list: [1] }
    ;(c.head as OneInputStreamOperator).processElement(record, 0)
    return { seen, record, isItself: seen[0] === record }
  }

  t.match(run(false, false), { seen: [{ list: [1] }], record: { list: [1] }, isItself: false })
  // Nobody holds it any more: the last one gets it.
  t.strictSame(run(false, true).seen, [{ list: [1] }])
  t.match(run(true, false), { seen: [{ list: [1, 2] }], isItself: true })
})

t.test('OperatorChain makes no copies for an operator that only reads', (t) => {
  const seen: unknown[] = []
  const c = chain(
    [operator('a'), operator('b', ['a'])],
    { a: logging([])('a'), b: { ...collecting(seen), onlyReads: true } },
    { objectReuse: false },
  )
  const record: Listed = { list: [1] }
  ;(c.head as OneInputStreamOperator).processElement(record, 0)
  t.equal(seen[0], record)
  t.end()
})

t.test('OperatorChain keeps state that was emitted apart from those behind', async (t) => {
  const run = (objectReuse: boolean) => {
    const state: Listed = { list: [1] }
    const kept: unknown[] = []
    const made = logging([])('state')
    const emitsState: OperatorFactory = {
      type: 'oneInput',
      createOperator: (context) =>
        Object.assign(made.createOperator(context), {
          processElement() {
            state.list.push(state.list.length + 1)
            context.output.collect(state, 0)
          },
        }),
    }
    const c = chain(
      [operator('a'), operator('b', ['a']), operator('c', ['b'])],
      {
        a: emitsState,
        b: logging([], { change: (value: Listed) => void value.list.push(99) })('b'),
        c: collecting(kept),
      },
      { objectReuse },
    )
    const head = c.head as OneInputStreamOperator
    head.processElement(undefined, 0)
    head.processElement(undefined, 0)
    return { state, kept }
  }

  t.strictSame(
    run(false),
    { state: { list: [1, 2, 3] }, kept: [{ list: [1, 2, 99] }, { list: [1, 2, 3, 99] }] },
    'neither do those behind change the state, nor does it change what they keep',
  )
  const { state, kept } = run(true)
  t.equal(kept[0], state, 'with object reuse all is one')
})

t.test(
  'OperatorChain writes to the network before a chained consumer can change anything',
  async (t) => {
    for (const objectReuse of [false, true]) {
      const written: string[] = []
      const network = { recordCount: 0, collect: (v: unknown) => written.push(JSON.stringify(v)) }
      const c = chain(
        [operator('a'), operator('b', ['a'])],
        { a: logging([])('a'), b: logging([], { change: changing })('b') },
        { objectReuse, networkOutputs: new Map([[operator('a').operatorId, [network as never]]]) },
      )
      ;(c.head as OneInputStreamOperator).processElement({ list: [1] }, 0)
      t.strictSame(written, ['{"list":[1]}'])
    }
  },
)

t.test('OperatorChain hands copies of registered classes on', async (t) => {
  class Money {
    readonly #cents: number
    constructor(cents: number) {
      this.#cents = cents
    }
    get cents() {
      return this.#cents
    }
  }
  const serializers = new SerializerRegistry().registerSerializer(Money, {
    name: 'money',
    toData: (money) => money.cents,
    fromData: (cents) => new Money(cents as number),
  })
  const seen: unknown[] = []
  const c = chain(
    [operator('a'), operator('b', ['a'])],
    { a: logging([])('a'), b: collecting(seen) },
    { serializers },
  )
  const money = new Money(5)
  ;(c.head as OneInputStreamOperator).processElement({ money }, 0)
  const copy = (seen[0] as { money: Money }).money
  t.ok(copy instanceof Money)
  t.not(copy, money)
  t.equal(copy.cents, 5)
})

t.test('SourceOperator registers, reads the splits it is given and ends', async (t) => {
  const { encodeSplit, source, log } = testingSource()
  const seen: unknown[] = []
  const c = chain([operator('s'), operator('end', ['s'])], {
    s: sourceOperatorFactory({ source }),
    end: collecting(seen),
  })
  await c.open()
  c.handleOperatorEvent('s', encodeSplit)
  const head = c.head as unknown as { emitNext(): string }

  t.equal(head.emitNext(), 'MORE_AVAILABLE')
  c.handleOperatorEvent('s', new Uint8Array([2]))
  t.equal(head.emitNext(), 'END_OF_INPUT')
  t.strictSame(seen, ['split 7'])
  await c.close()
  t.strictSame(log, ['start', 'splits 1', 'noMoreSplits', 'close'])
})

function testingSource() {
  const log: string[] = []
  let splits: { splitId: string }[] = []
  let ended = false
  const reader: SourceReader<string, { splitId: string }> = {
    start: () => void log.push('start'),
    pollNext(output) {
      for (const { splitId } of splits.splice(0)) output.collect(`split ${splitId}`)
      return ended ? 'END_OF_INPUT' : 'MORE_AVAILABLE'
    },
    isAvailable: () => Promise.resolve(),
    addSplits(added) {
      log.push(`splits ${added.length}`)
      splits = added
    },
    notifyNoMoreSplits() {
      log.push('noMoreSplits')
      ended = true
    },
    snapshotState: () => [],
    close: () => void log.push('close'),
  }
  const source = {
    createReader: () => reader,
    splitSerializer: {
      version: 1,
      deserialize: (_version: number, bytes: Uint8Array) => ({ splitId: String(bytes[0]) }),
    },
  } as unknown as Source<string, { splitId: string }>
  // tag addSplits, version 1, one split of one byte
  const encodeSplit = new Uint8Array([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7])
  return { source, log, encodeSplit }
}

t.test(
  'SinkWriterOperator flushes, prepares and commits at the end, again when asked to',
  async (t) => {
    const log: string[] = []
    let attempts = 0
    const sink: Sink<string, string> = {
      createWriter: () => ({
        write: (element) => void log.push(`write ${element}`),
        flush: (endOfInput) => void log.push(`flush ${endOfInput}`),
        prepareCommit: () => ['x', 'y'],
        close: () => void log.push('close writer'),
      }),
      createCommitter: () => ({
        commit(requests) {
          log.push(`commit ${requests.map((r) => `${r.committable}${r.numberOfRetries}`)}`)
          if (attempts++ === 0) requests[1]!.retryLater()
        },
        close: () => void log.push('close committer'),
      }),
    }
    const c = chain([operator('sink')], { sink: sinkOperatorFactory(sink) })
    await c.open()
    ;(c.head as OneInputStreamOperator).processElement('a', 0)
    const finished = c.finish()
    while (clock.pendingTimers === 0) await new Promise(setImmediate)
    clock.advance(1000)
    await finished
    await c.close()

    t.strictSame(log, [
      ...['write a', 'flush true', 'commit x0,y0', 'commit y1', 'close committer', 'close writer'],
    ])
  },
)

t.test('SinkWriterOperator fails when a commit failed', async (t) => {
  const sink: Sink<string, string> = {
    createWriter: () => ({
      write() {},
      flush() {},
      prepareCommit: () => ['x'],
      close() {},
    }),
    createCommitter: () => ({
      commit: ([request]) => request!.signalFailedWithKnownReason(new Error('disk full')),
      close() {},
    }),
  }
  const c = chain([operator('out')], { out: sinkOperatorFactory(sink) })
  await c.open()

  await t.rejects(c.finish(), { code: 'FLINK_COMMIT_FAILED', message: /"out".*disk full/ })
})
