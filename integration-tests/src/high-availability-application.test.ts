import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import type { Command } from './support/command.js'
import { freePorts } from './support/free-port.js'
import { openZooKeeperClient } from './support/open-zookeeper-client.js'
import { processesWith } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

const CLUSTER = '/flink/application'
const JOB_ID = 'abcdef0123456789abcdef0123456789'

t.test(
  'an application that has ended is not run again by a standby that hung meanwhile',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const ensemble = await startZooKeeper()
    t.teardown(() => ensemble.close())
    const client = openZooKeeperClient(t, ensemble)
    const queue = async () => (await client.getChildren(`${CLUSTER}/leader/latch`)).children

    for (const [when, sessionTimeout] of [
      ['while its session lasts', '40 s'],
      ['for longer than its session', '5 s'],
    ] as const) {
      await t.test(when, async (t) => {
        const cluster = await TestCluster.prepare(t, {
          taskManagers: 1,
          slots: 1,
          configuration: {
            'env.log.level': 'INFO',
            'high-availability.type': 'zookeeper',
            'high-availability.zookeeper.quorum': ensemble.connectString,
            'high-availability.zookeeper.client.session-timeout': sessionTimeout,
            'high-availability.cluster-id': '/application',
          },
        })
        const storage = join(cluster.folder, 'ha')
        const gate = join(cluster.folder, 'gate')
        const [secondPort] = await freePorts(1)
        const start = (restPort: number): Command =>
          cluster.command(
            'standalone-job.sh',
            [
              'start-foreground',
              ...[`-Dhigh-availability.storageDir=file://${storage}`, `-Drest.port=${restPort}`],
              ...['--job-id', JOB_ID, '--job', program('gated-numbers.ts')],
              ...[gate, join(cluster.folder, 'out')],
            ],
            { TMPDIR: cluster.tmpDir },
          )
        const leader = start(cluster.restPort)
        await until('it leads', async () => (await queue()).length === 1)
        const standby = start(secondPort!)
        await until('the standby waits for its turn', async () => (await queue()).length === 2)
        t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
        await until(
          'the job runs',
          async () => (await cluster.rest.jobStatus(JOB_ID).catch(() => '')) === 'RUNNING',
        )

        const standbys = processesWith(`rest.port=${secondPort}`)
        t.not(standbys.length, 0)
        for (const pid of standbys) process.kill(pid, 'SIGSTOP')
        if (sessionTimeout === '5 s') {
          await until('its session is over', async () => (await queue()).length === 1)
        }
        writeFileSync(gate, '')
        const ended = await leader.result()
        t.equal(ended.code, 0, 'the leader ends well')
        for (const pid of standbys) process.kill(pid, 'SIGCONT')
        const { code, stdout, stderr } = await standby.result()
        t.equal(code, 0, 'and the standby')
        const log = stdout + stderr
        t.match(log, /The cluster has ended, and this process ends with it/)
        t.match(log, /it was ended while this process was away/, 'it says why')
        t.notMatch(log, /Job was submitted|to=leading/, 'it has never led')
        t.equal(await client.exists('/flink'), undefined, 'no node is left')
        t.strictSame(existsSync(storage) ? readdirSync(storage) : [], [], 'and no file')
        t.match(await cluster.script('taskmanager.sh', 'stop'), { code: 0 })
      })
    }
  },
)
