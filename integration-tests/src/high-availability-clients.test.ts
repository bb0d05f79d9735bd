import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { freePorts } from './support/free-port.js'
import { isAlive } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

const files = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    : []

t.test(
  'two JobManagers started by hand: an attached run outlives the leader, standbys answer REST, nothing is left',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const zooKeeper = await startZooKeeper()
    t.teardown(() => zooKeeper.close())
    const cluster = await TestCluster.prepare(t, {
      taskManagers: 1,
      slots: 1,
      configuration: {
        'high-availability.type': 'zookeeper',
        'high-availability.zookeeper.quorum': zooKeeper.connectString,
        'high-availability.zookeeper.client.session-timeout': '5 s',
        // Clients need none; JobManagers get the test's own.
        'high-availability.storageDir': 'file:///replaced',
        'high-availability.cluster-id': '/clients',
      },
    })
    const storage = join(cluster.folder, 'ha')
    const dynamic = ['-D', `high-availability.storageDir=file://${storage}`]
    const [secondPort] = await freePorts(1)
    const ports = [cluster.restPort, secondPort!]
    const text = `localhost:${ports[0]}\nlocalhost:${ports[1]}\n`
    writeFileSync(join(cluster.confDir, 'masters'), text)
    for (const port of ports) {
      const started = await cluster.script(
        'jobmanager.sh',
        'start',
        'localhost',
        `${port}`,
        ...dynamic,
      )
      t.match(started, { code: 0 }, started.stderr)
    }
    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    await cluster.untilSlots(1)

    const gate = join(cluster.folder, 'gate')
    const run = cluster.command('flink', [
      'run',
      program('gated-numbers.ts'),
      gate,
      join(cluster.folder, 'out'),
    ])
    await until('the job runs', async () => {
      const [job] = await cluster.rest.listJobs()
      return job?.state === 'RUNNING'
    })
    t.ok(files(storage).length > 0, 'the program is kept')
    const overviews = await Promise.all(
      ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/jobs`)).json()),
    )
    t.strictSame(overviews[0], overviews[1], 'leader and standby answer the same')

    const listed = await cluster.flink('ha', 'list', ...dynamic)
    const leadingPort = Number(/leads at http:\/\/localhost:(\d+)/.exec(listed.stdout)?.[1])
    t.ok(ports.includes(leadingPort), listed.stdout)
    t.match(await cluster.flink('ha', 'remove', 'clients', ...dynamic), {
      code: 1,
      stderr: /FLINK_HA_CLUSTER_ALIVE/,
    })
    const leader = cluster.pids('standalonesession')[ports.indexOf(leadingPort)]!
    process.kill(leader, 'SIGKILL')
    await until('the leader is gone', () => !isAlive(leader))
    const other = ports.find((port) => port !== leadingPort)
    await until('the standby leads', async () => {
      const answer = await fetch(`http://127.0.0.1:${other}/jobs/overview`)
      const { jobs } = (await answer.json()) as { jobs?: { state: string }[] }
      return jobs?.[0]?.state === 'RUNNING'
    })
    writeFileSync(gate, '')
    const { code, stdout, stderr } = await run.result()
    t.equal(code, 0, stderr)
    t.match(stdout, /Job with JobID [0-9a-f]{32} has finished/)
    t.match(stderr, /Waiting for a JobManager to lead.*\nA JobManager leads/)

    const stopped = await cluster.script('stop-cluster.sh')
    t.match(stopped, { code: 0, stdout: /kept for the next start/ })
    t.match(await cluster.flink('ha', 'list', ...dynamic), {
      stdout: 'No cluster keeps anything.\n',
    })
    t.strictSame(files(storage), [])
  },
)
