/** Prints two million lines: `prints-a-lot`. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromSequence(1, 2_000_000)
  .map((n) => {
    if (n === 1) console.log('console.log of a function')
    return `line ${n}`
  })
  .print()
await env.execute('prints a lot')
