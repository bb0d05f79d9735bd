/** Builds another job in the client than in the tasks, where its main thread is none. */
import { isMainThread } from 'node:worker_threads'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
const numbers = env.fromElements(1, 2, 3).name('numbers')
const stream = isMainThread ? numbers.map((n: number): number => n * 2).name('doubled') : numbers
stream.print()
await env.execute('unequal structure')
