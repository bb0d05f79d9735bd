import type { RuntimeContext, ValueState } from '@flink-ts/core'
import type { KeyedProcessContext } from '@flink-ts/streaming'
import { OneInputOperatorTestHarness } from '@flink-ts/testing'
import t from 'tap'

class Counter {
  #count!: ValueState<number>

  open(context: RuntimeContext): void {
    this.#count = context.getState<number>({ name: 'count', defaultValue: 0 })
  }

  processElement(
    word: string,
    context: KeyedProcessContext<string>,
    out: { collect(value: string): void },
  ): undefined {
    const count = this.#count.value()! + 1
    this.#count.update(count)
    out.collect(`${context.getCurrentKey()} ${count}`)
    if (word === 'boom') throw new Error('I do not count that')
  }
}

t.test(
  'OneInputOperatorTestHarness: elements, timestamps and watermarks of a flatMap',
  async (t) => {
    const harness = await OneInputOperatorTestHarness.open<string, string>((lines) =>
      lines.flatMap((line) => line.split(' ')),
    )
    harness.processElement('to be', 17)
    t.same(harness.extractRecords(), [
      { value: 'to', timestampMs: 17 },
      { value: 'be', timestampMs: 17 },
    ])
    harness.processElement('or')
    t.same(harness.extractRecords(), [{ value: 'or', timestampMs: undefined }])
    t.same(harness.extractOutput(), [], 'what was extracted is not there again')
    harness.processWatermark(20)
    t.same(harness.extractWatermarks(), [20])
    await harness.close()
  },
)

t.test('OneInputOperatorTestHarness: keyed state can be looked into', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<string, string>((words) =>
    words.keyBy((word) => word).process(new Counter()),
  )
  for (const word of ['a', 'b', 'a']) harness.processElement(word)
  t.same(harness.extractOutput(), ['a 1', 'b 1', 'a 2'])
  t.equal(harness.keyedState('a', 'count'), 2)
  t.equal(harness.keyedState('c', 'count'), 0, 'the default')
  t.equal(harness.numberOfKeys, 2)
  t.throws(() => harness.processElement('boom'), /I do not count that/)
  await harness.close()
})

t.test('OneInputOperatorTestHarness: a batch reduce emits when its input ends', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<number, number>(
    (numbers) => numbers.keyBy((n) => n % 2).reduce((a, b) => a + b),
    { configuration: { 'execution.runtime-mode': 'BATCH' } },
  )
  for (const n of [1, 2, 3, 4]) harness.processElement(n)
  t.same(harness.extractOutput(), [])
  await harness.finish()
  t.same(harness.extractOutput().sort(), [4, 6])
  await harness.close()
})

t.test('OneInputOperatorTestHarness: the clock moves on demand only', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<number, number>((n) => n.map((x) => x + 1))
  const before = harness.clock.now()
  await harness.advanceProcessingTime(1_000)
  t.equal(harness.clock.now() - before, 1_000)
  await harness.close()
})

t.test('OneInputOperatorTestHarness.open refuses what is not one operator', async (t) => {
  const two = OneInputOperatorTestHarness.open<number, number>((n) =>
    n.map((x) => x + 1).filter((x) => x > 0),
  )
  await t.rejects(two, /exactly one operator; this program has 2: Map, Filter/)
  const none = OneInputOperatorTestHarness.open<number, number>((n) => n)
  await t.rejects(none, /exactly one operator; this program has 0/)
})
