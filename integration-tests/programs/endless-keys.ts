/** Sends numbers from every subtask to every other one, for ever. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromSequence(1, Number.MAX_SAFE_INTEGER)
  .map((n) => ({ key: n % 64, count: 1 }))
  .keyBy((r) => r.key)
  .reduce((a, b) => ({ key: a.key, count: a.count + b.count }))
  .filter(() => false)
  .print()
await env.execute('endless keys')
