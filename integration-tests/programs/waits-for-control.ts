/**
 * Holds two million numbers back until the connection ends, then counts them by their last digit:
 * `waits-for-control PORT OUTPUT`.
 */
import type { RuntimeContext, ValueState } from '@flink-ts/core'
import type { OperatorContext, TwoInputStreamOperator } from '@flink-ts/runtime/program'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const PER_DIGIT = 200_000

function gate({ output }: OperatorContext): TwoInputStreamOperator {
  let isOpen = false
  return {
    open() {},
    finish() {},
    close() {},
    nextSelection: () => (isOpen ? 'SECOND' : 'FIRST'),
    endInput(input) {
      if (input === 1) isOpen = true
    },
    processElement1() {},
    processElement2: (value, timestamp) => output.collect(value, timestamp),
    processWatermark1() {},
    processWatermark2() {},
    processWatermarkStatus1() {},
    processWatermarkStatus2() {},
  }
}

/** Counts numbers and knows names, both by digit. */
class Counts {
  private count!: ValueState<number>
  private name!: ValueState<string>

  open(context: RuntimeContext) {
    this.count = context.getState({ name: 'count', defaultValue: 0 })
    this.name = context.getState({ name: 'name' })
  }
  flatMap1() {
    this.count.update(this.count.value()! + 1)
    return this.whole()
  }
  flatMap2({ name }: { name: string }) {
    this.name.update(name)
    return this.whole()
  }
  private whole() {
    const [count, name] = [this.count.value(), this.name.value()]
    return count === PER_DIGIT && name !== undefined ? [`${name} ${count}`] : []
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setRuntimeMode('STREAMING').setParallelism(1)
const [port, output] = process.argv.slice(2)
const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const numbers = env
  .fromSequence(1, 10 * PER_DIGIT)
  .map((n) => ({ digit: Number(n) % 10 }))
  .name('numbers')
env
  .socketTextStream('127.0.0.1', Number(port))
  .connect(numbers)
  .transform<{ digit: number }>('gate', gate)
  .connect(env.fromCollection(names.map((name, digit) => ({ name, digit }))))
  .keyBy(
    (n) => n.digit,
    (n) => n.digit,
  )
  .flatMap<string>(new Counts())
  .setParallelism(2)
  .writeAsText(output!)
  .setParallelism(1)
await env.execute('waits for control')
