import { isMainThread } from 'node:worker_threads'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements(1, 2, 3).print()
if (isMainThread) await env.execute('executes in the client only')
