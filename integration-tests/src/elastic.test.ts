import t from 'tap'
import { killHard, processesWith } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { checkTransitions } from './support/transition-checker.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

t.test('a cluster that starts its own TaskManagers', async (t) => {
  const cluster = await TestCluster.prepare(t, {
    taskManagers: 0,
    configuration: {
      'env.log.level': 'DEBUG',
      'resourcemanager.driver': 'process',
      // Between the registration of a TaskManager and the job's request for its slots.
      'resourcemanager.taskmanager-timeout': '8 s',
      'slot.idle.timeout': '500 ms',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '100',
      'restart-strategy.fixed-delay.delay': '100 ms',
    },
  })
  const server = await startTextServer(t)
  const workers = () => processesWith('-Dtaskmanager.resource-id=tm-').filter(ofThisCluster)
  const ofThisCluster = (pid: number) => processesWith(cluster.tmpDir).includes(pid)
  const { code, stderr } = await cluster.script('jobmanager.sh', 'start')
  t.equal(code, 0, stderr)
  t.same(workers(), [], 'without jobs there is none')

  const jobId = await cluster.submit('-p', '2', program('socket-words.ts'), String(server.port))
  const job = await cluster.untilStatus(jobId, 'RUNNING')
  t.equal(job.state, 'RUNNING')
  const before = await until('its TaskManagers run', () => {
    const pids = workers()
    return pids.length > 0 ? pids : undefined
  })

  killHard(before[0]!)
  await until('another one has taken its place', () => {
    const pids = workers()
    return pids.length === before.length && !pids.includes(before[0]!) ? true : undefined
  })
  await cluster.untilStatus(jobId, 'RUNNING')

  await cluster.cancel(jobId)
  await until('idle ones are gone', () => (workers().length === 0 ? true : undefined))

  const again = await cluster.submit('-p', '1', program('socket-words.ts'), String(server.port))
  await cluster.untilStatus(again, 'RUNNING')
  t.equal(workers().length, 1)
  await cluster.script('jobmanager.sh', 'stop')
  await until('no process is left', () => (workers().length === 0 ? true : undefined))

  const { violations, counts } = checkTransitions(cluster.logs('standalonesession', 'log'))
  t.strictSame(violations, [], 'every change of a state is one that its table allows')
  t.ok(counts['Worker changed']! >= 8, JSON.stringify(counts))
})
