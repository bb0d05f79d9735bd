import type {
  BroadcastState,
  Collector,
  MapStateDescriptor,
  RuntimeContext,
  ValueState,
} from '@flink-ts/core'
import type {
  BroadcastContext,
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  ReadsBroadcastState,
} from '@flink-ts/streaming'
import { type OperatorTestState, TwoInputOperatorTestHarness } from '@flink-ts/testing'
import t from 'tap'

const RULES: MapStateDescriptor<string, number> = { name: 'rules' }

/** Multiplies the numbers of a key by the rule of the key, and says when a timer fires what the rule is then. */
class Multiplies
  implements KeyedBroadcastProcessFunction<string, [string, number], [string, number], string>
{
  private last!: ValueState<number>

  open(context: RuntimeContext) {
    this.last = context.getState<number>({ name: 'last' })
  }

  processElement(
    [key, n]: [string, number],
    context: KeyedProcessContext<string> & ReadsBroadcastState,
    out: Collector<string>,
  ) {
    const factor = context.getBroadcastState(RULES).get(key) ?? 1
    out.collect(`${key} ${n * factor} after ${this.last.value()}`)
    this.last.update(n * factor)
    context.timerService().registerEventTimeTimer(10)
  }

  processBroadcastElement([key, factor]: [string, number], context: BroadcastContext) {
    if (factor === 0) context.getBroadcastState(RULES).remove(key)
    else context.getBroadcastState(RULES).put(key, factor)
  }

  onTimer(
    _: number,
    context: OnTimerContext<string> & ReadsBroadcastState,
    out: Collector<string>,
  ) {
    const key = context.getCurrentKey()
    out.collect(`${key} ${context.getBroadcastState(RULES).get(key)} at the end`)
  }
}

t.test(
  'KeyedBroadcastProcessFunction: all subtasks have the broadcast state, also restored',
  async (t) => {
    const open = (
      options: { restore?: OperatorTestState[]; parallelism?: number; subtaskIndex?: number } = {},
    ) =>
      TwoInputOperatorTestHarness.open<[string, number], [string, number], string>(
        (numbers, rules) =>
          numbers
            .keyBy(([key]) => key)
            .connect(rules.broadcast(RULES))
            .process(new Multiplies()),
        options,
      )
    const first = await open()
    first.processElement1(['a', 2])
    first.processElement2(['a', 10])
    first.processElement2(['b', 5])
    first.processElement1(['a', 3])
    first.processElement2(['b', 0])
    first.processElement1(['b', 4])
    t.same(first.extractOutput(), ['a 2 after undefined', 'a 30 after 2', 'b 4 after undefined'])
    const state = await first.snapshot(1n)
    await first.close()

    const lines: string[] = []
    for (const subtaskIndex of [0, 1, 2]) {
      const restored = await open({ restore: [state], parallelism: 3, subtaskIndex })
      restored.processWatermark1(10)
      t.same(restored.extractOutput(), [], 'the broadcast side has told nothing yet')
      restored.processElement2(['c', 7])
      restored.processWatermark2(10)
      lines.push(...restored.extractOutput())
      await restored.close()
    }
    t.same(lines.sort(), ['a 10 at the end', 'b undefined at the end'])
  },
)

t.test('BroadcastProcessFunction: without keys; what is not there is refused', async (t) => {
  let context: BroadcastContext | undefined
  let kept: BroadcastState<string, number> | undefined
  class Joins implements BroadcastProcessFunction<string, string, string> {
    processElement(
      value: string,
      context: ProcessContext & ReadsBroadcastState,
      out: Collector<string>,
    ) {
      const rules = context.getBroadcastState(RULES)
      t.equal('put' in rules, false, 'elements that are not broadcast only read')
      out.collect(`${value} ${[...rules.entries()].map(([k, v]) => k + v)}`)
    }

    processBroadcastElement(value: string, c: BroadcastContext) {
      context = c
      if (value === '!') c.getBroadcastState({ name: 'others' })
      kept = c.getBroadcastState(RULES)
      kept.put(value, c.currentWatermark() < 0 ? 0 : c.timestamp()!)
    }
  }
  const harness = await TwoInputOperatorTestHarness.open<string, string, string>((a, b) =>
    a.connect(b.broadcast(RULES)).process(new Joins()),
  )
  harness.processElement2('x', 5)
  harness.processWatermark1(1)
  harness.processWatermark2(1)
  harness.processElement2('y', 6)
  harness.processElement1('a')
  t.same(harness.extractOutput(), ['a x0,y6'])
  t.throws(() => context!.getBroadcastState(RULES), { code: 'FLINK_USED_OUTSIDE_CALL' })
  t.throws(() => kept!.put('z', 1), {
    code: 'FLINK_USED_OUTSIDE_CALL',
    message: /used its state 'rules' outside of the call/,
  })
  t.throws(() => harness.processElement2('!'), {
    code: 'FLINK_INVALID_PROGRAM',
    message: /'Co-Process-Broadcast' asked for the broadcast state 'others', but .* with 'rules'/,
  })
  await harness.close()

  await t.rejects(
    TwoInputOperatorTestHarness.open<string, string, string>((a, b) =>
      a.connect(b.broadcast({ name: '' })).process(new Joins()),
    ),
    { message: /expected descriptors of map state/ },
  )
})

t.test('BroadcastProcessFunction: a batch job reads all that is broadcast first', async (t) => {
  class Nothing implements BroadcastProcessFunction<string, string, string> {
    processElement() {}
    processBroadcastElement() {}
  }
  const harness = await TwoInputOperatorTestHarness.open<string, string, string>(
    (a, b) => a.connect(b.broadcast(RULES)).process(new Nothing()),
    { configuration: { 'execution.runtime-mode': 'BATCH' } },
  )
  t.equal(harness.nextSelection(), 'SECOND')
  harness.endInput(2)
  t.equal(harness.nextSelection(), 'ALL')
  await harness.close()
})
