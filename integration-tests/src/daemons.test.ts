import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isAlive } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const filesOf = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort() : [])

t.test(
  'start-cluster.sh and stop-cluster.sh leave no process and no stale file behind',
  async (t) => {
    const cluster = await TestCluster.prepare(t)
    const started = await cluster.script('start-cluster.sh')
    t.equal(started.code, 0, started.stderr)
    t.match(
      started.stdout,
      /^Starting cluster\.\nStarting standalonesession daemon on host \S+\.\n/,
    )
    t.match(started.stdout, `The cluster runs. REST: http://localhost:${cluster.restPort}\n`)
    await cluster.untilSlots(4)
    const processes = [...cluster.pids('taskexecutor'), ...cluster.pids('standalonesession')]
    t.strictSame(new Set(cluster.runningProcesses()), new Set(processes), 'these and no others')
    t.equal(filesOf(cluster.pidDir).length, 2)
    t.equal(filesOf(cluster.tmpDir).length, 3, 'a folder for each process')
    t.strictSame(
      filesOf(cluster.logDir).map((name) =>
        name.replace(/^flink-.+?-(?=standalone|task)/, '').replace(/-[^-]*(?=\.\w+$)/, ''),
      ),
      [
        ...['standalonesession-0.log', 'standalonesession-0.out'],
        ...['taskexecutor-0.log', 'taskexecutor-0.out', 'taskexecutor-1.log', 'taskexecutor-1.out'],
      ],
    )

    // A job and its program leave files, too.
    const server = await startTextServer(t)
    await cluster.untilStatus(
      await cluster.submit(program('socket-words.ts'), String(server.port)),
      'RUNNING',
    )
    const stopped = await cluster.script('stop-cluster.sh')
    t.equal(stopped.code, 0)
    for (const pid of processes) t.match(stopped.stdout, `daemon (pid: ${pid}) on host`)
    t.notMatch(stopped.stdout, 'Killing')
    t.strictSame(cluster.runningProcesses(), [])
    t.strictSame(filesOf(cluster.pidDir), [])
    t.strictSame(filesOf(cluster.tmpDir), [])

    const again = await cluster.script('stop-cluster.sh')
    t.equal(again.code, 0)
    t.match(
      again.stdout,
      /^No taskexecutor daemon to stop on host \S+\.\nNo standalonesession daemon to stop/,
    )

    await t.test('a second start keeps the log files of the first one', async (t) => {
      t.equal((await cluster.script('start-cluster.sh')).code, 0)
      const logs = filesOf(cluster.logDir).filter((name) => name.includes('standalonesession-0'))
      t.equal(logs.length, 4, logs.join())
      const rotated = logs.find((name) => name.endsWith('.log.1'))
      t.match(readFileSync(join(cluster.logDir, rotated!), 'utf8'), 'JobManager has shut down')
      t.equal((await cluster.script('stop-cluster.sh')).code, 0)
    })
  },
)

t.test(
  'stop-cluster.sh ends a cluster with a function that never returns, in good order',
  async (t) => {
    const cluster = await TestCluster.start(t, { taskManagers: 1 })
    const spinning = await cluster.submit(program('spins.ts'))
    await cluster.untilStatus(spinning, 'RUNNING')
    const { code, stdout } = await cluster.script('stop-cluster.sh')
    t.equal(code, 0)
    t.notMatch(stdout, 'Killing')
    t.strictSame(cluster.runningProcesses(), [])
    t.strictSame(filesOf(cluster.tmpDir), [])
  },
)

t.test('taskmanager.sh and jobmanager.sh', async (t) => {
  const cluster = await TestCluster.prepare(t)

  await t.test('jobmanager.sh start: the older form of host and port, and -D', async (t) => {
    const { code, stderr } = await cluster.script(
      ...(['jobmanager.sh', 'start', 'localhost', String(cluster.restPort)] as const),
      ...['-D', 'web.refresh-interval=1234', '-Djobmanager.execution.failover-strategy=full'],
    )
    t.equal(code, 0, stderr)
    const entries = await cluster.rest.clusterConfiguration()
    const value = (key: string) => entries.find((entry) => entry.key === key)?.value
    t.equal(value('web.refresh-interval'), '1234')
    t.equal(value('jobmanager.execution.failover-strategy'), 'full')
  })

  await t.test('taskmanager.sh start, several times, with slots of their own', async (t) => {
    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    const second = await cluster.script(
      ...(['taskmanager.sh', 'start', '-D', 'taskmanager.numberOfTaskSlots=3'] as const),
    )
    t.equal(second.code, 0)
    t.match(second.stdout, '[INFO] 1 instance(s) of taskexecutor are already running on')
    await cluster.untilSlots(5)
  })

  await t.test(
    'taskmanager.sh start-foreground runs until a signal, and ends in good order',
    async (t) => {
      const foreground = cluster.command('taskmanager.sh', ['start-foreground'])
      await cluster.untilSlots(7)
      t.equal(cluster.pids('taskexecutor').length, 2, 'it is not in the pid file')
      foreground.kill('SIGTERM')
      const { code } = await foreground.result()
      t.equal(code, 0)
      await cluster.untilSlots(5)
    },
  )

  await t.test('taskmanager.sh stop ends the last one, stop-all the others', async (t) => {
    const [first, second] = cluster.pids('taskexecutor')
    const stop = await cluster.script('taskmanager.sh', 'stop')
    t.match(stop.stdout, `Stopping taskexecutor daemon (pid: ${second}) on host`)
    t.equal(isAlive(second!), false)
    t.equal(isAlive(first!), true)
    await cluster.untilSlots(2)
    t.match(await cluster.script('taskmanager.sh', 'stop-all'), { code: 0 })
    await cluster.untilSlots(0)
  })

  await t.test('jobmanager.sh stop; a TaskManager that is left looks for it again', async (t) => {
    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    await cluster.untilSlots(2)
    t.match(await cluster.script('jobmanager.sh', 'stop'), { code: 0 })
    t.strictSame(cluster.pids('standalonesession'), [])
    t.match(await cluster.script('jobmanager.sh', 'start'), { code: 0 })
    await cluster.untilSlots(2)
    t.match(await cluster.script('jobmanager.sh', 'stop-all'), { code: 0 })
    t.match(await cluster.script('taskmanager.sh', 'stop-all'), { code: 0 })
    await until('no process is left', () => cluster.runningProcesses().length === 0)
    t.strictSame(filesOf(cluster.pidDir), [])
    t.strictSame(filesOf(cluster.tmpDir), [])
  })
})
