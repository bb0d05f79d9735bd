import {
  ACCUMULATOR_TYPES,
  AccumulatorRegistry,
  AverageAccumulator,
  accumulatorValue,
  DoubleMaximum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  mergeAccumulators,
  snapshotAccumulator,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

t.test('counters: what subtasks have counted, merged in any order, is the sum', async () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer())), (subtasks) => {
      const snapshots = subtasks.flatMap((values) => {
        const [ints, longs] = [new IntCounter(), new LongCounter()]
        for (const value of values) {
          ints.add(value)
          longs.add(BigInt(value) << 40n)
        }
        return [snapshotAccumulator('ints', ints), snapshotAccumulator('longs', longs)]
      })
      const sum = subtasks.flat().reduce((a, b) => a + b, 0)
      const merged = mergeAccumulators(snapshots)
      if (subtasks.length === 0) return merged.length === 0
      return (
        merged.length === 2 &&
        accumulatorValue(merged[0]!) === sum &&
        accumulatorValue(merged[1]!) === BigInt(sum) << 40n
      )
    }),
  )
})

t.test('every other kind merges what its name says', async (t) => {
  const merged = <V, R>(make: () => { add(v: V): void } & R, ...subtasks: V[][]) =>
    accumulatorValue(
      mergeAccumulators(
        subtasks.map((values) => {
          const accumulator = make()
          for (const value of values) accumulator.add(value)
          return snapshotAccumulator('a', accumulator as never)
        }),
      )[0]!,
    )
  t.equal(
    merged(() => new IntMaximum(), [3, 9], [], [4]),
    9,
  )
  t.equal(
    merged(() => new IntMinimum(), [3, 9], [], [4]),
    3,
  )
  t.equal(
    merged(() => new DoubleMaximum(), [], []),
    Number.NEGATIVE_INFINITY,
  )
  t.equal(
    merged(() => new AverageAccumulator(), [1, 2], [], [6]),
    3,
  )
  t.equal(
    merged(() => new AverageAccumulator(), []),
    0,
  )
  t.same(
    [...(merged(() => new Histogram(), [7, 1, 7], [1, 2]) as Map<number, number>)],
    [
      [1, 2],
      [2, 1],
      [7, 2],
    ],
    'a histogram is ordered by its numbers',
  )
  const at = new Date(5)
  t.same(
    merged(() => new ListAccumulator<unknown>(), ['a', { at }], [1n]),
    ['a', { at }, 1n],
  )
  t.equal(ACCUMULATOR_TYPES.length, 12)
})

t.test('add: refuses what the kind does not take, by name', async (t) => {
  t.throws(() => new IntCounter().add(1.5), { code: 'FLINK_ACCUMULATOR', message: /1\.5.*whole/ })
  t.throws(() => new IntCounter().add('1' as never), /IntCounter cannot take 1/)
  t.throws(() => new LongCounter().add({} as never), /LongCounter cannot take object/)
  t.throws(() => new Histogram().add(Number.NaN), /whole number/)
  const counter = new IntCounter()
  counter.add(3)
  counter.resetLocal()
  t.equal(counter.getLocalValue(), 0)
  const other = new IntCounter()
  other.add(4)
  counter.merge(other)
  t.equal(counter.getLocalValue(), 4)
})

t.test(
  'snapshotAccumulator: what cannot be serialized or is too large is a failure, never thrown',
  async (t) => {
    const list = new ListAccumulator<unknown>()
    list.add(() => 1)
    const broken = snapshotAccumulator('list', list)
    t.match(broken, { value: '', failure: /function/ })
    const whole = new ListAccumulator<unknown>()
    whole.add(1)
    const [merged] = mergeAccumulators([snapshotAccumulator('list', whole), broken])
    t.throws(() => accumulatorValue(merged!), {
      code: 'FLINK_ACCUMULATOR',
      accumulatorName: 'list',
      message: /Accumulator 'list' has no result: .*function/,
    })
    const large = new ListAccumulator<string>()
    large.add('x'.repeat(128 * 1024))
    t.match(snapshotAccumulator('large', large).failure, /more than the 131072 bytes/)
  },
)

t.test(
  'mergeAccumulators: different kinds of one name, and broken bytes, are failures of the name',
  async (t) => {
    const [mixed] = mergeAccumulators([
      snapshotAccumulator('a', new IntCounter()),
      snapshotAccumulator('a', new Histogram()),
    ])
    t.throws(() => accumulatorValue(mixed!), /IntCounter in one subtask and a Histogram in another/)
    const snapshot = snapshotAccumulator('a', new IntCounter())
    for (const bad of [
      { ...snapshot, value: '/////w==' },
      { ...snapshot, type: 'constructor' },
      { ...snapshot, value: snapshotAccumulator('a', new Histogram()).value },
    ]) {
      const [merged] = mergeAccumulators([snapshot, bad])
      t.throws(() => accumulatorValue(merged!), { code: 'FLINK_ACCUMULATOR' })
      t.throws(() => accumulatorValue(bad), { code: 'FLINK_ACCUMULATOR' })
    }
  },
)

t.test(
  'AccumulatorRegistry: one accumulator per name; classes of programs only where they extend a kind',
  async (t) => {
    const registry = new AccumulatorRegistry()
    t.equal(registry.isEmpty, true)
    const counter = registry.getOrCreate('n', 'IntCounter')
    t.equal(registry.getOrCreate('n', 'IntCounter'), counter)
    t.equal(registry.get('n'), counter)
    t.throws(
      () => registry.getOrCreate('n', 'LongCounter'),
      /'n' is a IntCounter, not a LongCounter/,
    )
    t.throws(() => registry.add('n', new IntCounter()), /'n' already exists/)
    class Squares extends IntCounter {
      override add(value: number): void {
        super.add(value * value)
      }
    }
    const squares = new Squares()
    registry.add('squares', squares)
    squares.add(3)
    squares.add(4)
    t.equal(accumulatorValue(registry.snapshot()[1]!), 25)
    class Own {
      readonly typeName = 'IntCounter'
      add(): void {}
      getLocalValue(): number {
        return 0
      }
      resetLocal(): void {}
      merge(): void {}
    }
    t.throws(() => registry.add('own', new Own()), /'own' of class Own.*IntCounter, LongCounter/)
  },
)

t.test(
  'AccumulatorRegistry.snapshot: together they never exceed the limit, the others are whole',
  async (t) => {
    const registry = new AccumulatorRegistry()
    for (const name of ['a', 'b']) {
      const list = new ListAccumulator<string>()
      list.add('x'.repeat(80 * 1024))
      registry.add(name, list)
    }
    const [a, b] = registry.snapshot()
    t.equal(a!.failure, '')
    t.match(b!.failure, /more than the/)
  },
)
