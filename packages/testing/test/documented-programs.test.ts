import {
  type Collector,
  type RuntimeContext,
  type StateDeclaration,
  Types,
  type ValueState,
  type ValueStateDescriptor,
} from '@flink-ts/core'
import type { KeyedProcessContext, KeyedProcessFunction, OnTimerContext } from '@flink-ts/streaming'
import { OneInputOperatorTestHarness, type OperatorTestState } from '@flink-ts/testing'
import t from 'tap'

interface Reading {
  readonly sensor: string
  readonly at: number
}

/** The first example of docs/programs.md. */
class Silence implements KeyedProcessFunction<string, Reading, string> {
  private last!: ValueState<number>

  open(context: RuntimeContext) {
    this.last = context.getState<number>({ name: 'last', defaultValue: 0 })
  }

  processElement(_reading: Reading, context: KeyedProcessContext<string>) {
    const timers = context.timerService()
    timers.deleteEventTimeTimer(this.last.value()! + 60_000)
    this.last.update(context.timestamp()!)
    timers.registerEventTimeTimer(context.timestamp()! + 60_000)
  }

  onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>) {
    out.collect(`${context.getCurrentKey()} has been silent until ${timestampMs}`)
  }
}

t.test('docs/programs.md: a key that has been silent for a minute', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<Reading, string>((readings) =>
    readings.keyBy((r) => r.sensor).process(new Silence()),
  )
  for (const at of [1_000, 30_000]) harness.processElement({ sensor: 's1', at }, at)
  harness.processWatermark(89_999)
  t.same(harness.extractOutput(), [])
  harness.processWatermark(90_000)
  t.same(harness.extractOutput(), ['s1 has been silent until 90000'])
  await harness.close()
})

interface Sale {
  readonly customer: string
  readonly cents: number
}

const total: ValueStateDescriptor<{ cents: number }> = {
  name: 'total',
  type: Types.object({ cents: Types.int }),
}

/** The second example of docs/programs.md. */
class Totals implements KeyedProcessFunction<string, Sale, string> {
  readonly declaredStates: StateDeclaration[] = [{ kind: 'value', descriptor: total }]
  private total!: ValueState<{ cents: number }>

  open(context: RuntimeContext) {
    this.total = context.getState(total)
  }

  processElement(sale: Sale, context: KeyedProcessContext<string>, out: Collector<string>) {
    const cents = (this.total.value()?.cents ?? 0) + sale.cents
    this.total.update({ cents })
    out.collect(`${context.getCurrentKey()}: ${cents}`)
  }
}

t.test('docs/programs.md: state with a declared type', async (t) => {
  const open = (restore: OperatorTestState[]) =>
    OneInputOperatorTestHarness.open<Sale, string>(
      (sales) => sales.keyBy((s) => s.customer).process(new Totals()),
      restore.length > 0 ? { restore } : {},
    )
  const harness = await open([])
  for (const cents of [5, 7]) harness.processElement({ customer: 'Ada', cents })
  const state = await harness.snapshot(1n)
  await harness.close()
  const restored = await open([state])
  restored.processElement({ customer: 'Ada', cents: 1 })
  t.same(restored.extractOutput(), ['Ada: 13'])
  await restored.close()
})
