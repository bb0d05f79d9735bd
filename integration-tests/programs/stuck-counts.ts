/** Counts numbers by key, each for a long time, so that every buffer before it is full: `stuck-counts [MS]`. */
import type { RuntimeContext, ValueState } from '@flink-ts/core'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const [ms = '20'] = process.argv.slice(2)
const asleep = new Int32Array(new SharedArrayBuffer(4))

class Count {
  private count!: ValueState<number>

  open(context: RuntimeContext) {
    this.count = context.getState({ name: 'count', defaultValue: 0 })
  }
  flatMap(): number[] {
    Atomics.wait(asleep, 0, 0, Number(ms))
    this.count.update(this.count.value()! + 1)
    return []
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromSequence(0, 1_000_000_000)
  .map((n) => Number(n))
  .keyBy((n) => n % 100)
  .flatMap(new Count())
  .name('stuck')
  .print()
await env.execute('stuck counts')
