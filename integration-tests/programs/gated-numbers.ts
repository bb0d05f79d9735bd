/** Writes the numbers from 1 to 1000, stopping in the middle until a file exists: `gated-numbers GATE OUTPUT`. */
import { existsSync } from 'node:fs'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const gate = process.argv[2]!
const output = process.argv[3]!
const bell = new Int32Array(new SharedArrayBuffer(4))

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromSequence(1, 1000)
  .map((n) => {
    while (n === 500 && !existsSync(gate)) Atomics.wait(bell, 0, 0, 20)
    return n
  })
  .name('gate')
  .writeAsText(output)
await env.execute('gated numbers')
