import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements(1, 2, 3).print()
await env.execute('one, two, three')
