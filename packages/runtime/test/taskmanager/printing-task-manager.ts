// A process of its own, because tasks write to the standard output of their process.
import { Configuration } from '@flink-ts/core'
import { deployments, operator } from './testing-job.js'
import { PRELUDE, recordProgram, workerCluster, writeBundle } from './worker-cluster.js'

const LOOK_EVERY_MS = 10

const path = writeBundle(
  process.argv[2]!,
  'print.mjs',
  `${PRELUDE}
  if (currentProgramContext().mode === 'tracing') console.log('printed by the trace')
  await execute(job((value, { stdout }) => {
    if (value % 2 === 0) stdout.writeLine('line ' + value)
    else console.log('line %d', value)
  }, { count: 2_000_000 }))`,
)
const [program] = await recordProgram(path)
const cluster = await workerCluster({ configuration: new Configuration().toMap() })
const operators = [operator('numbers'), operator('work', ['numbers'])]
const [deployment] = deployments([{ id: 'all', parallelism: 1, operators }], {
  job: { program: program! },
  bundlePath: path,
})
const launched = cluster.launch(deployment!)
let maxLagMs = 0
let last = performance.now()
const timer = setInterval(() => {
  const now = performance.now()
  maxLagMs = Math.max(maxLagMs, now - last - LOOK_EVERY_MS)
  last = now
}, LOOK_EVERY_MS)
await launched.task.released
clearInterval(timer)
await cluster.close()
process.stderr.write(JSON.stringify({ maxLagMs, state: launched.states.at(-1) }))
