import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import type { Command } from './support/command.js'
import { freePorts } from './support/free-port.js'
import { openZooKeeperClient } from './support/open-zookeeper-client.js'
import { processesWith, stopProcess } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

t.test(
  'a cluster that is removed by force ends its JobManagers, also a leader that hangs meanwhile',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const ensemble = await startZooKeeper()
    t.teardown(() => ensemble.close())
    const client = openZooKeeperClient(t, ensemble)
    const queue = async () =>
      (await client.getChildren('/flink/removed/leader/latch')).children.length
    const cluster = await TestCluster.prepare(t, {
      taskManagers: 1,
      slots: 1,
      configuration: {
        'env.log.level': 'INFO',
        'execution.checkpointing.interval': '200 ms',
        'high-availability.type': 'zookeeper',
        'high-availability.zookeeper.quorum': ensemble.connectString,
        // It lasts: what ends the one that hangs is that it was put out.
        'high-availability.zookeeper.client.session-timeout': '60 s',
        'high-availability.cluster-id': '/removed',
      },
    })
    const storage = join(cluster.folder, 'ha')
    const storageDir = `-Dhigh-availability.storageDir=file://${storage}`
    const restPorts = [cluster.restPort, ...(await freePorts(2))]
    const start = (restPort: number): Command =>
      cluster.command('jobmanager.sh', [
        'start-foreground',
        ...[storageDir, `-Drest.port=${restPort}`],
      ])
    const leader = start(restPorts[0]!)
    await until('it leads', async () => (await queue()) === 1)
    const standby = start(restPorts[1]!)
    await until('the standby waits for its turn', async () => (await queue()) === 2)
    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    const jobId = await cluster.submit(
      program('gated-numbers.ts'),
      join(cluster.folder, 'gate'),
      join(cluster.folder, 'out'),
    )
    await cluster.untilStatus(jobId, 'RUNNING')
    await until('it writes into ZooKeeper', () =>
      client.exists(`/flink/removed/entries/jobs/${jobId}/checkpoint-ids/checkpoint-id-counter`),
    )

    const frozen = processesWith(`rest.port=${restPorts[0]}`)
    t.not(frozen.length, 0)
    for (const pid of frozen) stopProcess(pid)
    const removed = await cluster.flink('ha', 'remove', 'removed', '--force', storageDir)
    t.match(removed, { code: 0, stdout: 'Removed what cluster removed kept.\n' }, removed.stderr)
    const ended = await standby.result()
    t.equal(ended.code, 0, 'the standby has ended, and well')
    t.match(ended.stdout + ended.stderr, /ends with it.*its leader or an operator has ended it/)
    t.notMatch(ended.stdout + ended.stderr, /to=leading/, 'it has not led')
    const isNothingLeft = async () => {
      t.equal(await client.exists('/flink'), undefined, 'no node is left')
      t.strictSame(existsSync(storage) ? readdirSync(storage) : [], [], 'and no file')
    }
    await isNothingLeft()
    for (const pid of frozen) process.kill(pid, 'SIGCONT')
    const former = await leader.result()
    t.equal(former.code, 0, 'the former leader ends as soon as it goes on')
    t.match(former.stdout + former.stderr, /ends with it.*was ended while this process was away/)
    t.equal((former.stdout + former.stderr).split('to=leading').length, 2, 'after its only term')
    await isNothingLeft()

    const next = start(restPorts[2]!)
    await until('the TaskManager is there for the next cluster of this name', async () => {
      const answer = await fetch(`http://127.0.0.1:${restPorts[2]}/overview`)
      return ((await answer.json()) as { 'slots-total'?: number })['slots-total'] === 1
    })
    const jobs = await (await fetch(`http://127.0.0.1:${restPorts[2]}/jobs`)).json()
    t.strictSame(jobs, { jobs: [] }, 'which has no job')
    next.kill('SIGTERM')
    await next.result()
    t.match(await cluster.script('taskmanager.sh', 'stop'), { code: 0 })
  },
)
