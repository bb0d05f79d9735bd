/** Counts the elements of each key and sets timers: what the fault run checks. */
import type { Collector, ListState, RuntimeContext, ValueState } from '@flink-ts/core'
import { Types } from '@flink-ts/core'
import type { KeyedProcessContext, OnTimerContext } from '@flink-ts/streaming'
import {
  EVENT_TIMER_EVERY,
  elementRow,
  eventTimerRow,
  PROCESSING_TIMER_EVERY,
  processingTimerRow,
} from '../../src/faults/expected-rows.js'
import { Control } from './control.js'

const PROCESSING_DELAY_MS = 700
/** The end of input comes before every later time: what waits for the machine's clock then waits no more. */
const END_MS = 2 ** 52

/** What a row will tell. Its strings come again and again: on their way they are numbers of a dictionary. */
interface Fact {
  readonly kind: 'element' | 'event timer' | 'processing timer'
  readonly key: string
  readonly nth: number
  readonly element: number
}

export class Counting {
  private readonly control: Control
  private count!: ValueState<number>
  private waiting!: ListState<number>

  constructor(controlFolder: string) {
    this.control = new Control(controlFolder)
  }

  open(context: RuntimeContext): void {
    this.count = context.getState({ name: 'count', type: Types.int })
    this.waiting = context.getListState({ name: 'waiting', type: Types.double })
  }

  processElement(element: number, context: KeyedProcessContext<string>, out: Collector<Fact>) {
    this.obey()
    const key = context.getCurrentKey()
    const nth = (this.count.value() ?? 0) + 1
    this.count.update(nth)
    out.collect({ kind: 'element', key, nth, element })
    const timers = context.timerService()
    if (element % EVENT_TIMER_EVERY === 0) timers.registerEventTimeTimer(element)
    if (element % PROCESSING_TIMER_EVERY !== 0) return
    this.waiting.add(element)
    timers.registerProcessingTimeTimer(timers.currentProcessingTime() + PROCESSING_DELAY_MS)
    timers.registerEventTimeTimer(END_MS)
  }

  onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<Fact>): void {
    const key = context.getCurrentKey()
    if (context.timeDomain() === 'EVENT_TIME' && timestampMs !== END_MS) {
      out.collect({ kind: 'event timer', key, nth: 0, element: timestampMs })
      return
    }
    for (const element of this.waiting.get()) {
      out.collect({ kind: 'processing timer', key, nth: 0, element })
    }
    this.waiting.clear()
  }

  private obey(): void {
    const order = this.control.take('task')
    if (order === 'throw') throw new Error('the driver of the fault run lets this function fail')
    // In a task's thread this ends the thread, and nothing else.
    if (order === 'exit') process.exit(1)
  }
}

/** Makes rows of facts; takes long for each while a file `slow` is there. */
export class SlowConsumer {
  private readonly control: Control

  constructor(controlFolder: string) {
    this.control = new Control(controlFolder)
  }

  map({ kind, key, nth, element }: Fact): string {
    if (this.control.isOn('slow')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    if (kind === 'element') return elementRow(key, nth, element)
    return kind === 'event timer' ? eventTimerRow(key, element) : processingTimerRow(key, element)
  }
}
