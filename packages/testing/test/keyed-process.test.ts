import type { Collector, RuntimeContext, ValueState } from '@flink-ts/core'
import type {
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  OnTimerContext,
} from '@flink-ts/streaming'
import { WatermarkStrategy } from '@flink-ts/streaming'
import {
  OneInputOperatorTestHarness,
  type OperatorTestHarnessOptions,
  type OperatorTestState,
  TwoInputOperatorTestHarness,
} from '@flink-ts/testing'
import t from 'tap'

interface Order {
  readonly key: string
  readonly event?: readonly number[]
  readonly clock?: readonly number[]
  readonly deleted?: number
}

/** Sets the timers that elements ask for, and tells when they fire; counts per key. */
class Alarms implements KeyedProcessFunction<string, Order, string> {
  private count!: ValueState<number>

  open(context: RuntimeContext) {
    this.count = context.getState<number>({ name: 'count', defaultValue: 0 })
  }

  processElement(order: Order, context: KeyedProcessContext<string>) {
    const timers = context.timerService()
    for (const ms of order.event ?? []) timers.registerEventTimeTimer(ms)
    for (const ms of order.clock ?? []) timers.registerProcessingTimeTimer(ms)
    if (order.deleted !== undefined) {
      timers.deleteEventTimeTimer(order.deleted)
      timers.deleteProcessingTimeTimer(order.deleted)
    }
  }

  onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>) {
    this.count.update(this.count.value()! + 1)
    const domain = context.timeDomain() === 'EVENT_TIME' ? 'event' : 'clock'
    const of = `${context.getCurrentKey()}#${this.count.value()}`
    out.collect(`${of} ${domain} ${timestampMs} ${context.timestamp()}`)
  }
}

const alarms = (options?: OperatorTestHarnessOptions) =>
  OneInputOperatorTestHarness.open<Order, string>(
    (orders) => orders.keyBy((o) => o.key).process(new Alarms()),
    options,
  )

t.test(
  'KeyedProcessFunction: timers of event time fire once, in order, before the watermark goes on',
  async (t) => {
    const harness = await alarms()
    harness.processElement({ key: 'a', event: [30, 10, 20, 10] })
    harness.processElement({ key: 'b', event: [10, 25] })
    harness.processElement({ key: 'b', deleted: 25 })
    harness.processWatermark(9)
    t.same(harness.extractOutput(), [])
    harness.processWatermark(20)
    t.same(harness.extractRecords(), [
      { value: 'a#1 event 10 10', timestampMs: 10 },
      { value: 'b#1 event 10 10', timestampMs: 10 },
      { value: 'a#2 event 20 20', timestampMs: 20 },
    ])
    harness.processElement({ key: 'c', event: [5] })
    t.same(harness.extractOutput(), [], 'a timer of the past waits for the next watermark')
    harness.processWatermark(Number.MAX_SAFE_INTEGER)
    t.same(harness.extractOutput(), ['c#1 event 5 5', 'a#3 event 30 30'])
    t.same(harness.extractWatermarks(), [9, 20, Number.MAX_SAFE_INTEGER])
    t.equal(harness.keyedState('a', 'count'), 3, 'state is that of the timer key')
    await harness.close()
  },
)

t.test(
  'KeyedProcessFunction: timers of the clock fire as mails of the task, none after finish',
  async (t) => {
    const harness = await alarms({ startMs: 1_000 })
    harness.processElement({ key: 'a', clock: [1_500, 1_500, 900] })
    harness.processElement({ key: 'b', clock: [1_200, 1_400] })
    harness.processElement({ key: 'b', deleted: 1_400 })
    t.same(harness.extractOutput(), [], 'never within the call that registers it')
    await harness.runMails()
    t.same(harness.extractRecords(), [{ value: 'a#1 clock 900 900', timestampMs: undefined }])
    await harness.advanceProcessingTime(199)
    t.same(harness.extractOutput(), [])
    await harness.advanceProcessingTime(1)
    t.same(harness.extractOutput(), ['b#1 clock 1200 1200'])
    await harness.advanceProcessingTime(1_000)
    t.same(harness.extractOutput(), ['a#2 clock 1500 1500'])

    harness.processElement({ key: 'a', clock: [3_000] })
    harness.clock.advance(5_000)
    await harness.finish()
    await harness.runMails()
    t.same(harness.extractOutput(), [], 'it was due when the input ended, and comes too late')
    await harness.close()
    t.equal(harness.clock.pendingTimers, 0)
  },
)

t.test('KeyedProcessFunction: many timers that are due leave turns to others', async (t) => {
  const harness = await alarms()
  const keys = Array.from({ length: 2_000 }, (_, i) => `k${i}`)
  for (const key of keys) harness.processElement({ key, clock: [10] })
  harness.clock.advance(10)
  await harness.runMails()
  const fired = harness.extractOutput()
  t.equal(fired.length, keys.length)
  t.strictSame(
    fired.map((line) => line.split('#')[0]),
    keys,
    'in the order in which they were registered',
  )
  await harness.close()
})

t.test('KeyedProcessFunction: state and timers are restored, at any parallelism', async (t) => {
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
  const first = await alarms({ startMs: 100 })
  for (const key of keys) {
    first.processElement({ key, event: [50, 60], clock: [150] })
  }
  first.processWatermark(50)
  const states = [await first.snapshot(7n)]
  first.processWatermark(60)
  await first.close()

  const fired = async (restore: OperatorTestState[], parallelism: number, startMs: number) => {
    const lines: string[] = []
    const snapshots: OperatorTestState[] = []
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const harness = await alarms({ restore, parallelism, subtaskIndex, startMs })
      snapshots.push(await harness.snapshot(8n))
      t.same(harness.extractOutput(), [])
      await harness.runMails()
      harness.processWatermark(1_000)
      lines.push(...harness.extractOutput())
      await harness.close()
    }
    return { lines: lines.sort(), snapshots }
  }
  const all = (n: number, what: string) => keys.map((key) => `${key}#${n} ${what}`)
  const late = await fired(states, 3, 200)
  t.strictSame(
    late.lines,
    [...all(2, 'clock 150 150'), ...all(3, 'event 60 60')].sort(),
    'what was due meanwhile fires at once',
  )
  const early = await fired(late.snapshots, 2, 120)
  t.strictSame(early.lines, all(2, 'event 60 60').sort(), 'the rest when it is due')
})

t.test('KeyedProcessFunction: what is misused says where and how to do it', async (t) => {
  type Process = (value: string, context: KeyedProcessContext<string>) => void
  const open = (process: Process, onTimer?: () => void) =>
    OneInputOperatorTestHarness.open<string, string>((words) =>
      words.keyBy((w) => w).process<string>(process, onTimer),
    )
  let kept: KeyedProcessContext<string> | undefined
  const keeping = await open((_, context) => {
    kept = context
  })
  keeping.processElement('a')
  t.throws(() => kept!.timerService().currentWatermark(), { code: 'FLINK_USED_OUTSIDE_CALL' })
  t.throws(() => kept!.timerService().registerEventTimeTimer(1), {
    code: 'FLINK_USED_OUTSIDE_CALL',
    message: /'KeyedProcess' used its timer service outside of the call/,
  })
  t.throws(() => kept!.getCurrentKey(), { code: 'FLINK_USED_OUTSIDE_CALL' })
  await keeping.close()

  const without = await open((_, context) => context.timerService().registerEventTimeTimer(1))
  t.throws(() => without.processElement('a'), {
    code: 'FLINK_INVALID_PROGRAM',
    message: /'KeyedProcess' cannot set a timer: the function has no onTimer/,
  })
  await without.close()

  const nan = await open(
    (_, context) => context.timerService().registerEventTimeTimer(Number.NaN),
    () => {},
  )
  t.throws(() => nan.processElement('a'), { message: /cannot set a timer for NaN/ })
  await nan.close()

  const throwing = await open(
    (_, context) => context.timerService().registerEventTimeTimer(1),
    () => {
      throw new Error('not now')
    },
  )
  throwing.processElement('a')
  t.throws(() => throwing.processWatermark(1), {
    code: 'FLINK_USER_FUNCTION',
    message: /'KeyedProcess' failed: its onTimer function threw Error: not now/,
  })
  await throwing.close()

  const unkeyed = await OneInputOperatorTestHarness.open<string, string>((words) =>
    words.process<string>((_, context) => context.timerService().registerEventTimeTimer(1)),
  )
  t.throws(() => unkeyed.processElement('a'), { message: /no keys.*behind keyBy/ })
  await unkeyed.close()

  await t.rejects(
    OneInputOperatorTestHarness.open<string, string>((words) =>
      words
        .keyBy((w) => w)
        .process<string>(() => {}, (async () => {}) as unknown as () => undefined),
    ),
    { code: 'FLINK_INVALID_PROGRAM', message: /async function/ },
  )
})

t.test('KeyedCoProcessFunction: timers go by the slower input, state is restored', async (t) => {
  class Joins implements KeyedCoProcessFunction<string, string, string, string> {
    private left!: ValueState<string>

    open(context: RuntimeContext) {
      this.left = context.getState<string>({ name: 'left' })
    }

    processElement1(value: string, context: KeyedProcessContext<string>) {
      this.left.update(value)
      context.timerService().registerEventTimeTimer(context.timestamp()! + 10)
    }

    processElement2(value: string, _: KeyedProcessContext<string>, out: Collector<string>) {
      out.collect(`${this.left.value()}&${value}`)
    }

    onTimer(_timestampMs: number, context: OnTimerContext<string>, out: Collector<string>) {
      out.collect(`${context.getCurrentKey()} gone`)
      this.left.clear()
    }
  }
  const open = (restore?: OperatorTestState[]) =>
    TwoInputOperatorTestHarness.open<string, string, string>(
      (a, b) =>
        a
          .keyBy((w) => w[0]!)
          .connect(b.keyBy((w) => w[0]!))
          .process(new Joins()),
      restore === undefined ? {} : { restore },
    )
  const first = await open()
  first.processElement1('a1', 5)
  first.processElement2('a2', 6)
  first.processWatermark1(100)
  t.same(first.extractOutput(), ['a1&a2'], 'the second input has told nothing yet')
  const state = await first.snapshot(1n)
  await first.close()

  const restored = await open([state])
  restored.processElement2('a3', 7)
  restored.processWatermark1(20)
  restored.processWatermark2(15)
  restored.processElement2('a4', 16)
  t.same(restored.extractOutput(), ['a1&a3', 'a gone', 'undefined&a4'])
  t.same(restored.extractWatermarks(), [15])
  await restored.close()
})

t.test('DataStream.assignTimestampsAndWatermarks: by disorder, regularly', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<number, number>((numbers) =>
    numbers.assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<number>(5)
        .withTimestampAssigner((n) => n * 10)
        .withIdleness(1_000),
    ),
  )
  harness.processElement(3, 1)
  harness.processElement(2)
  t.same(harness.extractRecords(), [
    { value: 3, timestampMs: 30 },
    { value: 2, timestampMs: 20 },
  ])
  t.same(harness.extractWatermarks(), [])
  await harness.advanceProcessingTime(200)
  t.same(harness.extractWatermarks(), [24])
  harness.processWatermark(1_000)
  await harness.advanceProcessingTime(200)
  t.same(harness.extractWatermarks(), [], 'those from before are dropped, and none goes back')
  await harness.advanceProcessingTime(1_200)
  t.same(harness.extractStatuses(), ['IDLE'])
  harness.processElement(9)
  await harness.advanceProcessingTime(200)
  t.same(harness.extractStatuses(), ['ACTIVE'])
  t.same(harness.extractWatermarks(), [84])
  harness.processWatermark(Number.MAX_SAFE_INTEGER)
  t.same(harness.extractWatermarks(), [Number.MAX_SAFE_INTEGER])
  await harness.finish()
  t.same(harness.extractWatermarks(), [])
  await harness.close()
  t.equal(harness.clock.pendingTimers, 0)
})

t.test('WatermarkStrategy refuses what it cannot use', async (t) => {
  t.throws(() => WatermarkStrategy.forBoundedOutOfOrderness(-1), /Cannot use -1 as the disorder/)
  t.throws(() => WatermarkStrategy.noWatermarks().withIdleness(0), /Cannot use 0 as the idle/)
  const harness = await OneInputOperatorTestHarness.open<string, string>((words) =>
    words.assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<string>().withTimestampAssigner(
        () => 'later' as unknown as number,
      ),
    ),
  )
  t.throws(() => harness.processElement('a'), {
    code: 'FLINK_USER_FUNCTION',
    message: /its extractTimestamp function threw TypeError: it answered later/,
  })
  await harness.close()
})
