/** Sums three elements, far apart, for each of as many keys as the argument says, in batch mode; counts right and wrong sums. */
import type { LongCounter, RuntimeContext } from '@flink-ts/core'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const keys = Number(process.argv[2])

class Check {
  #right!: LongCounter
  #wrong!: LongCounter

  open(context: RuntimeContext): void {
    this.#right = context.getLongCounter('right')
    this.#wrong = context.getLongCounter('wrong')
  }

  filter({ key, sum }: { key: string; sum: number }): boolean {
    const i = Number(key.slice('key '.length))
    const counter = sum === 3 * i + 3 * keys ? this.#right : this.#wrong
    counter.add(1)
    return false
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .setRuntimeMode('BATCH')
  .setParallelism(1)
  .fromSequence(0, 3 * keys - 1)
  .map((i) => ({ key: `key ${i % keys}`, sum: i }))
  .keyBy((r) => r.key)
  .sum('sum')
  .filter(new Check())
  .print()
await env.execute('sums per key')
