import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { killHard } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

t.test('tasks on a TaskManager that stays restore from its local copies', async (t) => {
  const cluster = await TestCluster.start(t, {
    taskManagers: 2,
    slots: 2,
    configuration: {
      'execution.checkpointing.interval': '300 ms',
      'execution.checkpointing.data-inline-threshold': '0 b',
      'state.backend.local-recovery': 'true',
      // One task on each.
      'cluster.evenly-spread-out-slots': 'true',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '10',
      'restart-strategy.fixed-delay.delay': '100 ms',
    },
  })
  const jobId = await cluster.submit(
    ...['-p', '2', '-D', `execution.checkpointing.dir=${join(cluster.folder, 'cp')}`],
    ...[program('counts-per-key.ts'), '--numbers', '1000000', '--rate', '1000'],
    ...['--output', join(cluster.folder, 'out')],
  )
  await cluster.untilStatus(jobId, 'RUNNING')
  await until('there are checkpoints', async () => {
    const { counts } = await cluster.rest.checkpoints(jobId)
    return counts.completed >= 3
  })
  const [, stays] = cluster.pids('taskexecutor')
  t.ok(stays)
  killHard(cluster.pids('taskexecutor')[0]!)
  await until('tasks have found copies', async () =>
    /Local copies of state.*files\W+[1-9]/.test(cluster.logs('taskexecutor', 'log')),
  )
  await cluster.cancel(jobId)
  await until('no copies are left', async () => copiesOf(cluster.tmpDir, stays!).length === 0)
})

/** Folders of jobs of the TaskManager with this process. */
function copiesOf(folder: string, pid: number): string[] {
  const own = readdirSync(folder).filter((name) => name.startsWith('flink-local-state-'))
  const ofProcess = own.filter((name) => name.includes(`-${pid}-`))
  return ofProcess.flatMap((name) => readdirSync(join(folder, name)))
}
