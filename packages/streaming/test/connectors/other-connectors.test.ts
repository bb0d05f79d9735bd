import { SeededRandom, type SocketConnection, type SocketConnector } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  collectionSource,
  createCollectionCoordinator,
  createSequenceSource,
  createSocketTextSource,
  PrintSink,
  SplitQueueEnumerator,
} from '@flink-ts/streaming'
import t from 'tap'
import { CollectingReaderOutput, readAll, readerContext } from './testing-source.js'

t.test('collection and sequence sources', async (t) => {
  const elements = Array.from({ length: 1000 }, (_, i) => ({ i }))
  t.strictSame(await readAll(collectionSource(elements), {}), [elements])
  t.strictSame(await readAll(collectionSource([]), {}), [[]])
  const { config } = collectionSource(elements).coordinatorReference!
  t.same(config, { count: 1000 }, 'the enumerator side knows only their number')
  t.ok(createCollectionCoordinator(config as { count: number }))
  const sequence = await readAll(createSequenceSource({ from: -3, to: 996 }), { parallelism: 3 })
  t.same(
    sequence.flat().sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i - 3),
  )
  t.same((await readAll(createSequenceSource({ from: 5, to: 5 }), { parallelism: 3 })).flat(), [5])
  t.throws(() => createSequenceSource({ from: 2, to: 1 }), { message: /from 2 to 1/ })
  t.throws(() => createSequenceSource({ from: 0.5, to: 1 }), { code: 'FLINK_INVALID_PROGRAM' })

  const reader = collectionSource(elements).createReader(readerContext({}))
  reader.addSplits([{ splitId: '0', next: 0, end: 1000 }])
  const output = new CollectingReaderOutput<{ i: number }>()
  reader.pollNext(output)
  t.same(reader.snapshotState(1n), [{ splitId: '0', next: output.values.length, end: 1000 }])
})

t.test('SplitQueueEnumerator', async (t) => {
  const log: string[] = []
  const waiting: (() => void)[] = []
  const context = {
    currentParallelism: () => 2,
    registeredReaders: () => new Set([0]),
    assignSplit: (split: { splitId: string }, subtask: number) =>
      void log.push(`${split.splitId} to ${subtask}`),
    signalNoMoreSplits: (subtask: number) => void log.push(`end to ${subtask}`),
    sendEventToSourceReader() {},
    callAsync<R>(work: () => Promise<R>, handler: (result: R | undefined, error: unknown) => void) {
      waiting.push(() => void work().then((r) => handler(r, undefined)))
    },
    fileSystems: undefined as never,
  }
  const enumerator = new SplitQueueEnumerator(context, async () => [
    { splitId: 'a' },
    { splitId: 'b' },
  ])
  enumerator.start()
  enumerator.handleSplitRequest(0)
  enumerator.handleSplitRequest(1)
  t.same(enumerator.snapshotState(), {}, 'has no splits before they are found')
  enumerator.addSplitsBack([{ splitId: 'back' }])
  waiting[0]!()
  await new Promise(setImmediate)
  t.same(
    log,
    ['back to 0'],
    'answers the readers that wait and are still there; what came back goes first',
  )
  t.same(enumerator.snapshotState(), { remaining: [{ splitId: 'a' }, { splitId: 'b' }] })

  const restored = new SplitQueueEnumerator(
    context,
    () => t.fail('not found again') as never,
    enumerator.snapshotState(),
  )
  restored.start()
  for (let i = 0; i < 3; i++) restored.handleSplitRequest(0)
  t.same(log.slice(1), ['a to 0', 'b to 0', 'end to 0'])
})

class FakeSocket implements SocketConnection {
  data: (bytes: Uint8Array) => void = () => {}
  end: () => void = () => {}
  error: (error: Error) => void = () => {}
  paused = 0
  resumed = 0
  closed = false
  onData(listener: (bytes: Uint8Array) => void): void {
    this.data = listener
  }
  onEnd(listener: () => void): void {
    this.end = listener
  }
  onError(listener: (error: Error) => void): void {
    this.error = listener
  }
  pause(): void {
    this.paused++
  }
  resume(): void {
    this.resumed++
  }
  close(): void {
    this.closed = true
  }
}

t.test('socket text source', async (t) => {
  const connect = (config: Partial<Parameters<typeof createSocketTextSource>[0]> = {}) => {
    const connections: FakeSocket[] = []
    const sockets: SocketConnector = {
      connect: () => {
        const socket = new FakeSocket()
        connections.push(socket)
        return socket
      },
    }
    const clock = new ManualClock()
    const source = createSocketTextSource({ host: 'h', port: 9, ...config })
    const reader = source.createReader(readerContext({ sockets, clock }))
    const output = new CollectingReaderOutput<string>()
    reader.start()
    reader.addSplits([{ splitId: 'h:9' }])
    const poll = () => {
      for (;;) {
        const status = reader.pollNext(output)
        if (status !== 'MORE_AVAILABLE') return status
      }
    }
    return { connections, clock, reader, output, poll }
  }

  const plain = connect()
  const bytes = Buffer.from('eins\r\nzwé\ndr')
  const middle = bytes.indexOf(0xc3) + 1
  plain.connections[0]!.data(bytes.subarray(0, middle))
  plain.connections[0]!.data(bytes.subarray(middle))
  t.equal(plain.poll(), 'NOTHING_AVAILABLE')
  t.same(plain.output.values, ['eins', 'zwé'], 'characters and lines may come in pieces')
  plain.connections[0]!.end()
  await plain.reader.isAvailable()
  t.equal(plain.poll(), 'END_OF_INPUT')
  t.same(plain.output.values.slice(2), ['dr'], 'the rest is a line too')

  const custom = connect({ delimiter: '||' })
  custom.connections[0]!.data(Buffer.from('a|'))
  custom.connections[0]!.data(Buffer.from('|b\n||'))
  custom.poll()
  t.same(custom.output.values, ['a', 'b\n'], 'other delimiters')

  const fast = connect()
  fast.connections[0]!.data(Buffer.from(`${'x'.repeat(99)}\n`.repeat(4000)))
  t.equal(fast.connections[0]!.paused, 1, 'slows the sender down')
  fast.poll()
  t.same([fast.output.values.length, fast.connections[0]!.resumed], [4000, 1], 'and lets it go on')

  const retrying = connect({ maxRetry: 1 })
  retrying.connections[0]!.error(new Error('refused'))
  t.equal(retrying.poll(), 'NOTHING_AVAILABLE')
  retrying.clock.advance(500)
  t.equal(retrying.connections.length, 2, 'connects again')
  retrying.connections[1]!.error(new Error('refused'))
  t.throws(() => retrying.poll(), {
    code: 'FLINK_SOCKET_TEXT',
    message: /Cannot read text from h:9 \(after 1 retries\): refused/,
  })

  const closed = connect({ maxRetry: -1 })
  closed.connections[0]!.end()
  await closed.reader.close()
  t.equal(closed.clock.pendingTimers, 0, 'close leaves nothing behind')
  t.throws(() => createSocketTextSource({ host: 'h', port: 0 }), {
    message: /Cannot use 0 as the port/,
  })
})

t.test('PrintSink', async (t) => {
  const print = async (
    options: ConstructorParameters<typeof PrintSink>[0],
    parallelism: number,
    values: unknown[],
  ) => {
    const lines: string[] = []
    const stdout = {
      writeLine: (line: string) => void lines.push(line),
      flush: () => void lines.push('(flush)'),
    }
    const writer = new PrintSink<unknown>(options).createWriter({
      jobId: 'j',
      subtaskIndex: 1,
      parallelism,
      attemptNumber: 0,
      clock: new ManualClock(),
      random: new SeededRandom(1),
      fileSystems: undefined as never,
      stdout,
    })
    for (const value of values) writer.write(value, undefined as never)
    await writer.flush(true)
    return lines
  }
  t.same(await print({}, 1, ['a', 1, { b: [1, 'x'], c: new Map([[1, 2]]) }, 5n]), [
    'a',
    '1',
    "{ b: [ 1, 'x' ], c: Map(1) { 1 => 2 } }",
    '5',
    '(flush)',
  ])
  t.same(await print({}, 2, ['a']), ['2> a', '(flush)'])
  t.same(await print({ prefix: 'p' }, 2, ['a']), ['p:2> a', '(flush)'])
  t.same(await print({ prefix: 'p' }, 1, ['a']), ['p> a', '(flush)'])
})
