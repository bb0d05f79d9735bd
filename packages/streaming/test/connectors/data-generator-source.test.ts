import type { SourceReader } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { DataGeneratorSource, type IndexRangeSplit, RateLimiterStrategy } from '@flink-ts/streaming'
import t from 'tap'
import { CollectingReaderOutput, readAll, readerContext } from './testing-source.js'

const square = (i: number) => i * i
const range = (splitId: string, next: number, end: number): IndexRangeSplit => ({
  splitId,
  next,
  end,
})

function reader<T>(source: DataGeneratorSource<T>, clock = new ManualClock(), parallelism = 1) {
  return source.createReader({ ...readerContext({ clock }), parallelism })
}

/** Polls until the reader has nothing for now. */
function drain<T>(reader: SourceReader<T, IndexRangeSplit>, output: CollectingReaderOutput<T>) {
  for (;;) {
    const status = reader.pollNext(output)
    if (status !== 'MORE_AVAILABLE') return status
  }
}

t.test('DataGeneratorSource makes each element once, in order within each reader', async (t) => {
  const outputs = await readAll(new DataGeneratorSource(square, 1000), { parallelism: 3 })
  t.strictSame(
    outputs.flat().sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i * i),
  )
  for (const output of outputs)
    t.strictSame(
      output,
      [...output].sort((a, b) => a - b),
    )
  t.strictSame(await readAll(new DataGeneratorSource(square, 0), {}), [[]])
})

t.test('DataGeneratorSource takes objects with a method map', async (t) => {
  const shift = { by: 5, map: (i: number) => i + 5 }
  t.strictSame(await readAll(new DataGeneratorSource(shift, 2), {}), [[5, 6]])
})

t.test('DataGeneratorSource: a reader that is restored goes on where its snapshot was', (t) => {
  const source = new DataGeneratorSource(square, 10)
  const [first, second] = [reader(source), reader(source)]
  const [before, after] = [
    new CollectingReaderOutput<number>(),
    new CollectingReaderOutput<number>(),
  ]
  first.addSplits([range('0', 0, 7), range('1', 7, 9)])
  for (let i = 0; i < 3; i++) first.pollNext(before)
  const { splitSerializer: serializer } = source
  const snapshot = first
    .snapshotState()
    .map((split) => serializer.deserialize(serializer.version, serializer.serialize(split)))
  t.same(
    snapshot.map(({ splitId }) => splitId),
    before.values.length < 7 ? ['0', '1'] : ['1'],
  )
  second.addSplits(snapshot)
  second.notifyNoMoreSplits()
  t.equal(drain(second, after), 'END_OF_INPUT')
  t.strictSame([...before.values, ...after.values], [0, 1, 2, 3, 4, 5, 6, 7, 8].map(square))
  t.end()
})

t.test('DataGeneratorSource: what the function throws fails the task, naming it', (t) => {
  const failing = reader(
    new DataGeneratorSource(() => {
      throw new RangeError('no such customer')
    }, 1),
  )
  failing.addSplits([range('0', 0, 1)])
  t.throws(() => failing.pollNext(new CollectingReaderOutput()), {
    code: 'FLINK_USER_FUNCTION',
    message: /no such customer/,
  })
  t.end()
})

t.test('DataGeneratorSource refuses counts that are none', (t) => {
  for (const count of [-1, 1.5, Number.NaN, 2 ** 53]) {
    t.throws(() => new DataGeneratorSource(square, count), { code: 'FLINK_INVALID_PROGRAM' })
  }
  t.end()
})

t.test(
  'RateLimiterStrategy.perSecond: readers share the rate, and wait without polling',
  async (t) => {
    const clock = new ManualClock()
    const source = new DataGeneratorSource(square, 10_000, RateLimiterStrategy.perSecond(100))
    const half = reader(source, clock, 2)
    const output = new CollectingReaderOutput<number>()
    half.addSplits([range('0', 0, 10_000)])
    for (let waits = 0; clock.monotonicNow() < 10_000; waits++) {
      t.ok(waits < 600, 'one wait for each element')
      t.equal(drain(half, output), 'NOTHING_AVAILABLE')
      const available = half.isAvailable()
      clock.advance(20)
      await available
    }
    t.ok(Math.abs(output.values.length - 500) <= 5, `${output.values.length} in 10 s`)
    half.close()
    t.throws(() => RateLimiterStrategy.perSecond(0), RangeError)
  },
)

t.test('RateLimiterStrategy.perSecond: a pause is not made up for', (t) => {
  const clock = new ManualClock()
  const source = new DataGeneratorSource(square, 1e6, RateLimiterStrategy.perSecond(1000))
  const paused = reader(source, clock)
  const output = new CollectingReaderOutput<number>()
  paused.addSplits([range('0', 0, 1e6)])
  clock.advance(60_000)
  drain(paused, output)
  t.equal(output.values.length, 100, 'what 100 ms make, not what 60 s would have made')
  t.end()
})

t.test('RateLimiterStrategy.perCheckpoint: the next elements come with a checkpoint', async (t) => {
  const source = new DataGeneratorSource(square, 100, RateLimiterStrategy.perCheckpoint(10))
  const gated = reader(source)
  const output = new CollectingReaderOutput<number>()
  gated.addSplits([range('0', 0, 100)])
  drain(gated, output)
  t.equal(output.values.length, 10)
  const available = gated.isAvailable()
  gated.notifyCheckpointComplete()
  await available
  drain(gated, output)
  t.equal(output.values.length, 20)
})
