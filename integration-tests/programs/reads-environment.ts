/** Writes an environment variable that it reads: `reads-environment OUTPUT`. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const secret = process.env['FLINK_IT_SECRET']
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromElements('secret')
  .map((what: string): string => `${what} ${secret} ${process.env['FLINK_IT_UNREAD'] ?? 'nothing'}`)
  .writeAsText(process.argv[2]!)
await env.execute('reads environment')
