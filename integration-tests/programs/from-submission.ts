/** Writes what only the client can know: `from-submission OUTPUT`. */
import { randomUUID } from 'node:crypto'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

console.log('printed by the program itself')
const env = StreamExecutionEnvironment.getExecutionEnvironment()
const pid = await env.fromSubmission('the pid', () => process.pid)
const now = Date.now()
const id = randomUUID()
const chance = Math.random()
env
  .fromElements('pid', 'now', 'id', 'chance')
  .map((what: string): string => {
    const values: Record<string, string | number> = { pid, now, id, chance }
    return `${what} ${values[what]}`
  })
  .writeAsText(process.argv[2]!)
await env.execute('from submission')
