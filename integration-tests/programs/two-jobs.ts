/** Executes two jobs, one after the other: `two-jobs FIRST SECOND`. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const [first, second] = process.argv.slice(2)
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements('one').writeAsText(first!)
const { jobName } = await env.execute('first job')
env
  .fromElements('two')
  .map((word: string): string => `${word} after ${jobName}`)
  .writeAsText(second!)
await env.execute('second job')
