import { writeFileSync } from 'node:fs'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

console.log(`process ${process.pid}`)
writeFileSync(process.argv[2]!, `before execute in ${process.pid}`)
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements(1, 2, 3).print()
await env.execute('writes first')
