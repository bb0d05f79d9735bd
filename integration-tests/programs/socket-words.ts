/** Counts words that come over a connection, for as long as it lasts: `socket-words PORT`. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .socketTextStream('127.0.0.1', Number(process.argv[2]))
  .flatMap((line: string) => line.split(/\s+/))
  .setParallelism(1)
  .map((word) => ({ word, count: 1 }))
  .setParallelism(1)
  .keyBy((r) => r.word)
  .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
  .map((r) => r.count)
  .filter((count) => count < 0)
  .print()
await env.execute('socket words')
