import { lastingJobId, parseYamlConfiguration } from '@flink-ts/core'
import { ClusterSecret } from '@flink-ts/core/security'
import t from 'tap'
import type { YarnDeployment } from '../dist/deployment/yarn-deployment.js'
import { FakeYarn, refusal } from './support/fake-yarn.js'
import { FaultyFiles } from './support/faulty-files.js'
import { namesIn, put, STAGING, textOf, yarnPlace } from './support/yarn-place.js'

const ID = 'application_1700000000000_0001'
const FOLDER = `${STAGING}/${ID}`
const JOB = { jobGraph: '{"name":"count"}', bundle: Buffer.from('code'), detached: true }

interface Submission {
  readonly 'application-name': string
  readonly 'max-app-attempts': number
  readonly 'am-container-spec': {
    readonly 'local-resources': { readonly entry: readonly { key: string; value: object }[] }
    readonly environment: { readonly entry: readonly { key: string; value: string }[] }
    readonly commands: { readonly command: string }
  }
}

const submissionOf = (yarn: FakeYarn, id = ID) =>
  yarn.applications.get(id)!.submission as unknown as Submission

t.test(
  'deploySessionCluster submits what YARN needs and stages what containers need',
  async (t) => {
    const { descriptor, yarn, hdfs, lines } = await yarnPlace({
      configuration: {
        'yarn.application.queue': 'default',
        'yarn.tags': 'a, b',
        'yarn.view.acls': 'bob',
        'containerized.master.env.ZONE': 'x "y"',
        'containerized.taskmanager.env.ZONE': 'z',
        'jobmanager.bind-host': 'localhost',
        'rest.port': '8081',
        'execution.target': 'yarn-session',
        's3.secret-key': 'very secret',
      },
      hadoop: { 'yarn.scheduler.minimum-allocation-mb': '1024' },
    })
    const handle = await descriptor.deploySessionCluster()
    await descriptor.close()
    t.equal(handle.clusterId, ID)

    const resources = (names: readonly string[]) =>
      Object.fromEntries(
        submissionOf(yarn)
          ['am-container-spec']['local-resources'].entry.filter(({ key }) => names.includes(key))
          .map(({ key, value }) => [key, value]),
      )
    const { 'am-container-spec': spec, ...submission } = submissionOf(yarn)
    t.same(submission, {
      'application-id': ID,
      'application-name': 'Flink session cluster',
      'application-type': 'Apache Flink',
      'application-tags': { tag: ['a', 'b'] },
      queue: 'default',
      'max-app-attempts': 1,
      'unmanaged-AM': false,
      resource: { memory: 1600, vCores: 1 },
      'keep-containers-across-application-attempts': false,
      'attempt-failures-validity-interval': -1,
    })
    t.same(spec.commands, {
      command:
        './node --max-old-space-size=1024 --max-semi-space-size=2 ' +
        './flink-ts/lib/node_modules/@flink-ts/entrypoint/dist/mains/standalone-session.js ' +
        '--configDir . --container yarn 1> <LOG_DIR>/jobmanager.out 2> <LOG_DIR>/jobmanager.stderr',
    })
    t.same(spec.environment.entry, [
      { key: 'HADOOP_USER_NAME', value: 'ann' },
      { key: 'ZONE', value: 'x \\"y\\"' },
      { key: 'FLINK_LOG_FILE', value: '<LOG_DIR>/jobmanager.log' },
    ])
    t.same(spec['local-resources'].entry.map(({ key }) => key).sort(), [
      'cluster-secret',
      'config.yaml',
      'flink-ts',
      'node',
      'yarn-deployment.json',
    ])
    const { lengthBytes, modificationTimeMs } = await hdfs.getFileStatus(`${FOLDER}/config.yaml`)
    t.same(resources(['config.yaml'])['config.yaml'], {
      resource: `${FOLDER}/config.yaml`,
      type: 'FILE',
      visibility: 'APPLICATION',
      size: Number(lengthBytes),
      timestamp: modificationTimeMs,
    })
    t.match(resources(['flink-ts', 'node']), {
      'flink-ts': {
        resource: /\.flink-ts\/cache\/flink-ts-.*\.tgz$/,
        type: 'ARCHIVE',
        visibility: 'PRIVATE',
      },
      node: { resource: /\.flink-ts\/cache\/node-/, type: 'FILE', size: 21 * 1024 * 1024 },
    })

    t.equal((await hdfs.getFileStatus(FOLDER)).mode, 0o700)
    for (const { mode } of await hdfs.list(FOLDER)) t.equal(mode, 0o600)
    const secret = await textOf(hdfs, `${FOLDER}/cluster-secret`)
    t.ok(ClusterSecret.fromText(secret, 'x').equals(handle.secret!))
    const sent = JSON.stringify(yarn.requests)
    t.notOk(sent.includes(secret.trim()), 'the secret stays out of what YARN is told')
    t.notOk(sent.includes('very secret'))

    const deployment = JSON.parse(
      await textOf(hdfs, `${FOLDER}/yarn-deployment.json`),
    ) as YarnDeployment
    t.match(deployment, {
      formatVersion: 1,
      applicationId: ID,
      stagingFolder: FOLDER,
      nodePath: './node',
      homePath: './flink-ts',
      mainsPath: './flink-ts/lib/node_modules/@flink-ts/entrypoint/dist/mains',
      environment: {
        HADOOP_USER_NAME: 'ann',
        ZONE: 'z',
        FLINK_LOG_FILE: '<LOG_DIR>/taskmanager.log',
      },
      schedulerAddresses: ['rm1:8030'],
    })
    t.same(Object.keys(deployment.localResources).sort(), [
      'cluster-secret',
      'config.yaml',
      'flink-ts',
      'node',
    ])
    const cluster = await parseYamlConfiguration(await textOf(hdfs, `${FOLDER}/config.yaml`), 'x')
    t.match(cluster.toMap(), {
      'resourcemanager.driver': 'yarn',
      'yarn.application.id': ID,
      'yarn.application-attempts': '1',
      'high-availability.cluster-id': ID,
      'security.rest.authentication.enabled': 'true',
      'webhdfs.namenodes': 'nn1:9870',
    })
    for (const key of ['jobmanager.bind-host', 'rest.port', 'execution.target']) {
      t.notOk(cluster.contains(key), key)
    }
    t.match(lines, [
      /steps of 1024 MB .*: a JobManager takes 2048 MB for its 1600, a TaskManager takes 2048 MB for its 1728\.$/,
      /^Uploaded /,
      /^Uploaded /,
    ])
  },
)

t.test('deployJobCluster hands the job over as files', async (t) => {
  const { descriptor, yarn, hdfs } = await yarnPlace()
  await descriptor.deployJobCluster(JOB)
  t.equal(submissionOf(yarn)['application-name'], 'Flink per-job cluster: count')
  t.match(
    submissionOf(yarn)['am-container-spec'].commands.command,
    /job-cluster\.js --configDir \. --container yarn --job-graph job-graph\.json --bundle program\.mjs --execution-mode DETACHED 1>/,
  )
  t.equal(await textOf(hdfs, `${FOLDER}/job-graph.json`), JOB.jobGraph)
  t.equal(await textOf(hdfs, `${FOLDER}/program.mjs`), 'code')
  await descriptor.deployJobCluster({ jobGraph: '{}', detached: false })
  t.match(
    submissionOf(yarn, ID.replace('0001', '0002'))['am-container-spec'].commands.command,
    /--job-graph job-graph\.json --execution-mode NORMAL 1>/,
  )
  await descriptor.close()
})

t.test('deployApplicationCluster passes the words of the program on', async (t) => {
  const { descriptor, yarn } = await yarnPlace({
    configuration: { 'yarn.flink-ts.node-path': '/n', 'yarn.flink-ts.home-path': '/h' },
  })
  const args = ['--input', 'a b', '$X']
  const bundle = Buffer.from('code')
  await descriptor.deployApplicationCluster({ bundle, programName: 'p', entryPoint: 'main', args })
  await descriptor.close()
  t.equal(
    submissionOf(yarn)['am-container-spec'].commands.command,
    '/n --max-old-space-size=1024 --max-semi-space-size=2 ' +
      '/h/lib/node_modules/@flink-ts/entrypoint/dist/mains/standalone-application.js ' +
      '--configDir . --container yarn --bundle program.mjs --program-name p --entry-point main ' +
      "-- --input \\$'a b' \\$'\\\\044X' 1> <LOG_DIR>/jobmanager.out 2> <LOG_DIR>/jobmanager.stderr",
  )
})

t.test(
  'deployApplicationCluster gives the job of each highly available application its own lasting id',
  async (t) => {
    const { descriptor } = await yarnPlace({
      configuration: {
        'yarn.flink-ts.node-path': '/n',
        'yarn.flink-ts.home-path': '/h',
        'high-availability.type': 'ZOOKEEPER',
        'high-availability.zookeeper.quorum': 'zk:2181',
        'high-availability.storageDir': 'hdfs:///ha',
      },
    })
    const application = { bundle: Buffer.from('code'), programName: 'p', args: [] }
    const first = await descriptor.deployApplicationCluster(application)
    const second = await descriptor.deployApplicationCluster(application)
    await descriptor.close()
    const ids = [first, second].map(({ configuration }) => lastingJobId(configuration))
    t.equal(new Set(ids.filter((id) => id !== undefined)).size, 2)
  },
)

t.test('a highly available cluster gets attempts and keeps its containers', async (t) => {
  const ha = {
    'high-availability.type': 'ZOOKEEPER',
    'high-availability.zookeeper.quorum': 'zk:2181',
    'high-availability.storageDir': 'hdfs:///ha',
  }
  const hadoop = { 'yarn.resourcemanager.am.max-attempts': '4' }
  const first = await yarnPlace({ configuration: ha, hadoop })
  const handle = await first.descriptor.deploySessionCluster()
  t.match(submissionOf(first.yarn), {
    'max-app-attempts': 4,
    'keep-containers-across-application-attempts': true,
    'attempt-failures-validity-interval': 10_000,
  })
  t.equal(handle.configuration.getString('high-availability.cluster-id'), ID)
  const named = { ...ha, 'high-availability.cluster-id': 'mine', 'yarn.application-attempts': '3' }
  const second = await yarnPlace({ configuration: named, hadoop })
  const other = await second.descriptor.deploySessionCluster()
  t.equal(submissionOf(second.yarn)['max-app-attempts'], 3)
  t.equal(other.configuration.getString('high-availability.cluster-id'), 'mine')
})

t.test(
  'what YARN can never give is refused with all figures before anything is staged',
  async (t) => {
    const cases: [Record<string, string>, (yarn: FakeYarn) => void, RegExp][] = [
      [
        { 'jobmanager.memory.process.size': '9g', 'taskmanager.numberOfTaskSlots': '5' },
        () => {},
        /a JobManager needs 9216 MB and 1 vcores, but the largest container that YARN gives has 8192 MB and 4 vcores: lower jobmanager\.memory[\s\S]*a TaskManager needs 1728 MB and 5 vcores, but the largest/,
      ],
      [
        { 'yarn.application.queue': 'nope' },
        () => {},
        /there is no queue 'nope' that takes applications; there are: root\.default; set yarn\.application\.queue/,
      ],
      [
        {},
        (yarn) => Object.assign(yarn.queues[0]!, { state: 'STOPPED' }),
        /queue 'default' is stopped; there are: root\.default \(stopped\)/,
      ],
      [
        { 'taskmanager.memory.process.size': '3g' },
        (yarn) => Object.assign(yarn.queues[0]!, { absoluteMaxCapacity: 12.5 }),
        /a TaskManager needs 3072 MB and 2 vcores, but queue 'root\.default' may use 13 % of the cluster, which is 2048 MB: lower taskmanager/,
      ],
      [
        {
          'external-resources': 'gpu',
          'external-resource.gpu.amount': '2',
          'external-resource.gpu.yarn.config-key': 'yarn.io/gpu',
        },
        () => {},
        /a TaskManager needs 2 of yarn\.io\/gpu, but the largest container that YARN gives has 0: lower external-resource/,
      ],
      [
        {},
        (yarn) => {
          yarn.fairQueues = [
            { queueName: 'root.default', maxResources: { memory: 9999, vCores: 1 } },
          ]
        },
        /a TaskManager needs 1728 MB and 2 vcores, but queue 'root\.default' may use 9999 MB and 1 vcores: lower/,
      ],
      [
        {},
        (yarn) => Object.assign(yarn.metrics, { activeNodes: 0, totalMB: 0, availableMB: 0 }),
        /no NodeManager that is active/,
      ],
    ]
    for (const [configuration, prepare, message] of cases) {
      const { descriptor, yarn, hdfs } = await yarnPlace({ configuration })
      prepare(yarn)
      await t.rejects(descriptor.deploySessionCluster(), { code: 'FLINK_YARN_CAPACITY', message })
      t.notOk(await hdfs.exists(STAGING))
      t.equal(yarn.applications.size, 0)
    }
  },
)

t.test(
  'a queue that the scheduler may make is left to it, and who must wait is told',
  async (t) => {
    const { descriptor, yarn, lines } = await yarnPlace({
      configuration: { 'yarn.application.queue': 'users.ann' },
    })
    yarn.queues.push({
      queueName: 'users',
      autoCreationEligibility: 'flexible',
      queues: { queue: [] },
    })
    yarn.metrics.availableMB = 100
    await descriptor.deploySessionCluster()
    t.match(
      lines[0],
      /YARN has 100 of 16384 MB free, and the JobManager needs 1600 MB: it will have to wait/,
    )
  },
)

t.test('a Fair scheduler rounds up by its own steps', async (t) => {
  const { descriptor, yarn, lines } = await yarnPlace({
    hadoop: {
      'yarn.scheduler.minimum-allocation-mb': '512',
      'yarn.scheduler.increment-allocation-mb': '1000',
    },
  })
  yarn.fairQueues = [{ queueName: 'root.default' }]
  await descriptor.deploySessionCluster()
  t.match(
    lines[0],
    'YARN gives memory in steps of 1000 MB (yarn.scheduler.increment-allocation-mb): a JobManager takes 2000 MB for its 1600, a TaskManager takes 2000 MB for its 1728.',
  )
})

t.test('whatever step fails, nothing runs and nothing stays', async (t) => {
  const steps = new Map<string, string>()
  for (let faulty = 1; ; faulty++) {
    let count = 0
    let hit: string | undefined
    const check = (operation: string, isDone: boolean) => {
      if (hit !== undefined || ++count !== faulty) return
      hit = `${isDone ? 'after' : 'before'} ${operation}`
      throw new Error(`fault ${hit}`)
    }
    const yarn = new FakeYarn()
    const place = await yarnPlace({
      yarn,
      configuration: { 'yarn.ship-files': '/home/ann/data', 'yarn.flink-ts.node-path': '/n' },
      wrap: (files) => new FaultyFiles(files, check),
    })
    await put(place.local, '/home/ann/data/a.txt', 'a')
    const inner = yarn.transport
    Object.assign(place.world, {
      transport: async (request: Parameters<typeof inner>[0]) => {
        check(`${request.method} ${new URL(request.url).pathname}`, false)
        const answer = await inner(request)
        check(`${request.method} ${new URL(request.url).pathname}`, true)
        return answer
      },
    })
    const outcome = await place.descriptor.deployJobCluster(JOB).then(
      () => undefined,
      (error: Error) => error,
    )
    await place.descriptor.close()
    if (hit === undefined) {
      t.equal(outcome, undefined)
      break
    }
    // What YARN was not asked for any more, such as left-overs of others, does not fail a deployment.
    if (outcome === undefined) continue
    steps.set(hit, outcome.message)
    t.match(outcome.message, /fault/, hit)
    t.same(yarn.alive, [], hit)
    t.same(
      (await namesIn(place.hdfs, STAGING)).filter((name) => name !== 'cache'),
      [],
      hit,
    )
    for (const folder of await namesIn(place.hdfs, `${STAGING}/cache`)) {
      const names = await namesIn(place.hdfs, `${STAGING}/cache/${folder}`)
      t.notOk(
        names.some((name) => name.endsWith('.uploading')),
        hit,
      )
    }
  }
  t.ok(steps.size > 60, `${steps.size} steps`)
  t.ok([...steps.keys()].some((step) => step.startsWith('after POST /ws/v1/cluster/apps')))
})

t.test('whoever gives up at any moment leaves nothing', async (t) => {
  let isInterrupted = true
  for (let moment = 1; isInterrupted; moment++) {
    const controller = new AbortController()
    let count = 0
    const check = () => {
      if (++count === moment) controller.abort(new Error('SIGINT'))
    }
    const yarn = new FakeYarn()
    const place = await yarnPlace({
      yarn,
      signal: controller.signal,
      configuration: { 'yarn.flink-ts.node-path': '/n' },
      wrap: (files) => new FaultyFiles(files, check),
    })
    const inner = yarn.transport
    yarn.onSubmit = (application) => {
      application.state = 'RUNNING'
      application.amRpcAddress = 'node1:4711'
    }
    Object.assign(place.world, {
      transport: async (request: Parameters<typeof inner>[0]) => {
        check()
        return inner(request)
      },
    })
    const outcome = await place.descriptor
      .deploySessionCluster()
      .then((handle) => handle.whenRunning())
      .catch((error: { code: string }) => error)
    await place.descriptor.close()
    isInterrupted = 'code' in outcome
    if (!('code' in outcome)) break
    t.equal(outcome.code, 'FLINK_YARN_INTERRUPTED', `moment ${moment}`)
    t.same(yarn.alive, [], `moment ${moment}`)
    t.same(
      (await namesIn(place.hdfs, STAGING)).filter((name) => name !== 'cache'),
      [],
      `moment ${moment}`,
    )
  }
})

t.test('what cannot be taken back is told', async (t) => {
  const { descriptor, yarn, lines } = await yarnPlace()
  yarn.intercept = ({ method, url }) =>
    method === 'POST' && url.includes('/apps?')
      ? refusal(500, 'YarnException', 'boom')
      : method === 'GET' && url.includes(ID)
        ? refusal(500, 'YarnException', 'no report')
        : undefined
  await t.rejects(descriptor.deploySessionCluster(), {
    code: 'FLINK_YARN_REFUSED',
    message: `YARN refused to submit ${ID}: YarnException: boom`,
  })
  t.match(lines.at(-1), /could not be ended and may still run: "yarn application -kill/)
})
