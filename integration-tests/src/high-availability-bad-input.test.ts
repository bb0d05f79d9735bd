import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { freePorts } from './support/free-port.js'
import { openZooKeeperClient } from './support/open-zookeeper-client.js'
import { killHard } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

const GARBAGE = Buffer.from([0, 255, 7, 123])
const JOB = '0123456789abcdef0123456789abcdef'

t.test('bad input of high availability', { skip: zookeeperMissing() ?? false }, async (t) => {
  const ensemble = await startZooKeeper()
  t.teardown(() => ensemble.close())
  const zooKeeper = openZooKeeperClient(t, ensemble, {
    authorization: [{ scheme: 'digest', auth: 'owner:right' }],
    acl: 'creator',
  })

  /** A cluster that is configured and not started; an undefined value leaves a key out. */
  async function prepare(t: Test, id: string, changes: Record<string, string | undefined> = {}) {
    const configuration: Record<string, string | undefined> = {
      'high-availability.type': 'zookeeper',
      'high-availability.cluster-id': `/${id}`,
      'high-availability.zookeeper.quorum': ensemble.connectString,
      'high-availability.storageDir': `file://${join(t.testdir(), 'ha')}`,
      'high-availability.zookeeper.client.session-timeout': '10 s',
      'high-availability.zookeeper.client.retry-wait': '100 ms',
      ...changes,
    }
    const given = Object.entries(configuration).filter(([, value]) => value !== undefined)
    return TestCluster.prepare(t, {
      taskManagers: 1,
      configuration: Object.fromEntries(given) as Record<string, string>,
    })
  }
  const startJobManager = (cluster: TestCluster) => cluster.script('jobmanager.sh', 'start')
  const untilLogged = (cluster: TestCluster, pattern: RegExp) =>
    until(`the JobManager logs ${pattern}`, () =>
      pattern.test(cluster.logs('standalonesession', 'log')),
    )

  await t.test('values that can never work end every process, with the key', async (t) => {
    const cases: [Record<string, string | undefined>, RegExp][] = [
      [{ 'high-availability.zookeeper.quorum': '127.0.0.1:port' }, /zookeeper\.quorum.*'port'/s],
      [{ 'high-availability.zookeeper.quorum': undefined }, /zookeeper\.quorum.*not set/s],
      [{ 'high-availability.storageDir': undefined }, /high-availability\.storageDir.*not set/s],
      [{ 'high-availability.storageDir': 'nowhere://ha' }, /high-availability\.storageDir/],
      [{ 'high-availability.type': 'zookeper' }, /high-availability\.type.*zookeper/s],
    ]
    for (const [changes, message] of cases) {
      const cluster = await prepare(t, 'never', changes)
      const { code, stderr } = await startJobManager(cluster)
      t.not(code, 0)
      t.match(stderr, message)
      t.notMatch(stderr, /\n\s+at /, 'no stack trace')
      t.strictSame(cluster.runningProcesses(), [])
      if (Object.keys(changes)[0]?.endsWith('storageDir')) continue
      const client = await cluster.flink('list')
      t.not(client.code, 0)
      t.match(client.stderr, message)
    }
  })

  await t.test('an ensemble that does not answer is tried again until it does', async (t) => {
    const [port] = await freePorts(1)
    const quorum = `127.0.0.1:${port}`
    const cluster = await prepare(t, 'later', {
      'high-availability.zookeeper.quorum': quorum,
      'high-availability.zookeeper.client.connection-timeout': '1 s',
    })
    t.equal((await startJobManager(cluster)).code, 0, 'it waits')
    await untilLogged(cluster, new RegExp(`high-availability\\.zookeeper\\.quorum.*${quorum}`))
    const { code, stderr } = await cluster.flink('list')
    t.not(code, 0)
    t.match(stderr, quorum)
    t.notMatch(stderr, /\n\s+at /, 'no stack trace')
    t.equal(cluster.runningProcesses().length, 1)
  })

  await t.test('credentials that others do not have end a JobManager', async (t) => {
    await zooKeeper.createRecursive('/flink-closed')
    const cluster = await prepare(t, 'closed', {
      'high-availability.zookeeper.path.root': '/flink-closed',
      'high-availability.zookeeper.client.acl': 'creator',
      'high-availability.zookeeper.client.authorization': 'digest:owner:wrong',
    })
    await startJobManager(cluster)
    await untilLogged(cluster, /high-availability\.zookeeper\.client\.authorization/)
    await until('the JobManager has ended', () => cluster.runningProcesses().length === 0)
    t.notMatch(cluster.logs('standalonesession', 'log'), 'owner:wrong', 'they are not shown')

    const right = await prepare(t, 'closed', {
      'high-availability.zookeeper.path.root': '/flink-closed',
      'high-availability.zookeeper.client.acl': 'creator',
      'high-availability.zookeeper.client.authorization': 'digest:owner:right',
    })
    t.equal((await startJobManager(right)).code, 0)
    await until('it leads', async () => (await right.rest.listJobs()).length === 0)
  })

  await t.test(
    'foreign data where the nodes of the cluster would be end a JobManager',
    async (t) => {
      await zooKeeper.createRecursive('/flink-foreign/used')
      await zooKeeper.create('/flink-foreign/used/mine', GARBAGE)
      const cluster = await prepare(t, 'used', {
        'high-availability.zookeeper.path.root': '/flink-foreign',
        'high-availability.zookeeper.client.authorization': 'digest:owner:right',
      })
      await startJobManager(cluster)
      await untilLogged(cluster, /\/flink-foreign\/used\/mine.*high-availability\.cluster-id/)
      await until('the JobManager has ended', () => cluster.runningProcesses().length === 0)
      t.same((await zooKeeper.getData('/flink-foreign/used/mine')).data, GARBAGE, 'it is untouched')
    },
  )

  await t.test('garbage where a job is kept costs that job only, and is named', async (t) => {
    const cluster = await prepare(t, 'garbage', {
      'high-availability.zookeeper.client.authorization': 'digest:owner:right',
    })
    const plans = '/flink/garbage/entries/execution-plans'
    await zooKeeper.createRecursive(plans)
    await zooKeeper.create(`${plans}/${JOB}`, GARBAGE)
    t.equal((await cluster.script('start-cluster.sh')).code, 0)
    await untilLogged(cluster, new RegExp(`ERROR.*left out.*${JOB}`))
    t.match(cluster.logs('standalonesession', 'log'), `entry ${plans}/${JOB} cannot be read`)
    await cluster.untilSlots(2)
    const { code, stdout } = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(code, 0)
    t.match(stdout, 'has finished')
    await t.rejects(cluster.rest.jobDetails(JOB), new RegExp(`${plans}/${JOB}`))
    t.same((await zooKeeper.getData(`${plans}/${JOB}`)).data, GARBAGE, 'it is untouched')
    t.match((await cluster.flink('ha', 'list')).stdout, JOB)

    for (const pid of cluster.pids('standalonesession')) killHard(pid)
    await until('an orphan is listed with what removes it', async () => {
      const { stdout } = await cluster.flink('ha', 'list')
      return stdout.includes('No JobManager runs. "flink ha remove garbage" removes all of it')
    })
    t.match(await cluster.flink('ha', 'remove', 'garbage'), { code: 0, stderr: '' })
    t.equal(await zooKeeper.exists('/flink/garbage'), undefined, 'nothing is left of it')
  })
})
