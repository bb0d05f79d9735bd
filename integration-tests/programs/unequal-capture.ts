import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
const factor = process.pid
env
  .fromElements(1, 2, 3)
  .map((n: number): number => n * factor)
  .name('times factor')
  .print()
await env.execute('unequal capture')
