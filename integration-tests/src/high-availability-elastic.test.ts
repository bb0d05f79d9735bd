import { join } from 'node:path'
import t from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { freePorts } from './support/free-port.js'
import { killHard, processesWith } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

t.test(
  'two JobManagers that start TaskManagers: the next leader has those of the one that was killed',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const zooKeeper = await startZooKeeper()
    t.teardown(() => zooKeeper.close())
    const cluster = await TestCluster.prepare(t, {
      taskManagers: 0,
      slots: 1,
      configuration: {
        'env.log.level': 'INFO',
        'resourcemanager.driver': 'process',
        // Between the registration of a TaskManager and the job's request for its slots.
        'resourcemanager.taskmanager-timeout': '8 s',
        'slot.idle.timeout': '500 ms',
        'high-availability.type': 'zookeeper',
        'high-availability.zookeeper.quorum': zooKeeper.connectString,
        'high-availability.zookeeper.client.session-timeout': '5 s',
        'high-availability.cluster-id': '/elastic',
      },
    })
    const server = await startTextServer(t)
    const workers = () => processesWith('-Dtaskmanager.resource-id=tm-').filter(ofThisCluster)
    const ofThisCluster = (pid: number) => processesWith(cluster.tmpDir).includes(pid)
    const storage = `-Dhigh-availability.storageDir=file://${join(cluster.folder, 'ha')}`
    const [secondPort] = await freePorts(1)
    for (const port of [cluster.restPort, secondPort]) {
      const started = await cluster.script('jobmanager.sh', 'start', `-Drest.port=${port}`, storage)
      t.equal(started.code, 0, 'a JobManager has started')
    }
    const jobId = await cluster.submit('-p', '2', program('socket-words.ts'), String(server.port))
    await cluster.untilStatus(jobId, 'RUNNING')
    const before = workers().sort()
    t.equal(new Set(before).size, 2, 'a process for each slot')

    const listed = await cluster.flink('ha', 'list', storage)
    const [, leadingPort] = /leads at http:\/\/localhost:(\d+)/.exec(listed.stdout) ?? []
    t.ok(leadingPort, listed.stdout)
    killHard(processesWith(`rest.port=${leadingPort}`)[0]!)
    await until('the job runs under the other one', async () => {
      const { stdout } = await cluster.flink('list', '-r')
      return stdout.includes(jobId)
    })
    await until('all tasks run', async () => {
      const log = cluster.logs('standalonesession', 'log')
      return (log.split('Recovered a job')[1]?.match(/to=RUNNING/g)?.length ?? 0) >= 3
    })
    t.same(workers().sort(), before, 'in the same TaskManagers')
    t.equal((await cluster.flink('cancel', jobId)).code, 0)
    await until('the new leader ends them when they are idle', () => workers().length === 0)
    await cluster.script('jobmanager.sh', 'stop-all')
  },
)
