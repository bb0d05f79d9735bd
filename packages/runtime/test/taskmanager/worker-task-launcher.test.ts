import type { ProgramDescriptor } from '@flink-ts/runtime'
import t from 'tap'
import { deployments, operator } from './testing-job.js'
import { PRELUDE, recordProgram, workerCluster, writeBundle } from './worker-cluster.js'

function deployment(bundlePath: string, program: ProgramDescriptor) {
  const operators = [operator('numbers'), operator('work', ['numbers'])]
  const [only] = deployments([{ id: 'all', parallelism: 1, operators }], {
    job: { program },
    bundlePath,
  })
  return only!
}

t.test('WorkerTaskLauncher runs a traced program to its end', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'sum.mjs',
    `${PRELUDE}
    await execute(job((value, { metrics }) => metrics.counter('seen').inc(value)))`,
  )
  const [program] = await recordProgram(path)
  const cluster = await workerCluster()
  const began = performance.now()
  const launched = cluster.launch(deployment(path, program!))
  await launched.reached('RUNNING')
  t.comment(`thread start to RUNNING: ${(performance.now() - began).toFixed(1)} ms`)
  await launched.task.released

  t.strictSame(launched.states, ['INITIALIZING', 'RUNNING', 'FINISHED'])
  t.equal(launched.task.metrics().values['work.seen'], 45)
  t.equal(launched.task.metrics().values['work.numRecordsIn'], 10)
  await cluster.close()
})
