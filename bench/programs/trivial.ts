/** Ten records: what submitting and running a job costs. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
import { CountingSink } from './counting-sink.js'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromSequence(1, 10).sinkTo(new CountingSink(undefined))
await env.execute('trivial')
