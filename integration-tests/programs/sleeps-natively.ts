/** Stays in a native call that nothing can end: `sleeps-natively SECONDS`. */
import { spawnSync } from 'node:child_process'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const seconds = process.argv[2]!
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromElements(1)
  .map((n: number): number => spawnSync('sleep', [seconds]).pid + n)
  .name('sleeper')
  .print()
await env.execute('sleeps natively')
