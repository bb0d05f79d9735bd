import { execFileSync } from 'node:child_process'
import { Configuration, SystemClock } from '@flink-ts/core'
import t from 'tap'
import { redeemTicket } from '../../dist/container/redeem-ticket.js'
import { clusterConfiguration } from '../../dist/launch/cluster-configuration.js'
import { BAD_ARTIFACT_STATUS, UNPACK_STATUS } from '../../dist/launch/fetched-files.js'
import { shellWord } from '../../dist/launch/shell-word.js'
import { taskCommand } from '../../dist/launch/task-command.js'
import { taskContainer } from '../../dist/launch/task-container.js'
import { workerNeeds } from '../../dist/launch/worker-needs.js'
import { launcherUnderTest, OFFER, PORTS, specOf } from '../support/launching.js'

const PREFIX = 'mesos.resourcemanager.tasks.'
const needs = (values: Record<string, string>, spec = specOf()) =>
  workerNeeds(spec, Configuration.fromMap(values))
const tasks = (values: Record<string, string>) =>
  Configuration.fromMap(
    Object.fromEntries(Object.entries(values).map(([key, value]) => [PREFIX + key, value])),
  )

t.test('workerNeeds takes the memory of the process and as many CPUs as slots', async (t) => {
  t.same(needs({}), {
    cpus: 2,
    memoryMb: 1728,
    diskMb: 0,
    gpus: 0,
    networkMbps: 0,
    portKeys: ['taskmanager.rpc.port', 'taskmanager.data.port'],
  })
  t.equal(needs({}, specOf(1728 * 1024 * 1024 + 1)).memoryMb, 1729)
})

t.test('workerNeeds takes what mesos.resourcemanager.tasks.* says', async (t) => {
  const values = {
    [`${PREFIX}cpus`]: '0.5',
    [`${PREFIX}disk`]: '300',
    [`${PREFIX}gpus`]: '2',
    [`${PREFIX}network.bandwidth`]: '50',
    [`${PREFIX}port-assignments`]: 'blob.port,taskmanager.data.port',
    'taskmanager.rpc.port': '50100-50200',
  }
  t.same(needs(values), {
    cpus: 0.5,
    memoryMb: 1728,
    diskMb: 300,
    gpus: 2,
    networkMbps: 50,
    portKeys: ['taskmanager.data.port', 'blob.port'],
  })
  t.equal(needs({ ...values, 'taskmanager.cpu.cores': '3' }, specOf(1, 3)).cpus, 3, 'as in Flink')
})

t.test('workerNeeds counts external resources that are GPUs', async (t) => {
  const values = {
    'external-resources': 'gpu;big;net',
    'external-resource.gpu.amount': '2',
    'external-resource.gpu.mesos.config-key': 'gpus',
    'external-resource.big.amount': '1',
    'external-resource.big.mesos.config-key': 'gpus',
    'external-resource.net.amount': '7',
  }
  t.equal(needs(values).gpus, 3)
  t.equal(needs({ ...values, [`${PREFIX}gpus`]: '1' }).gpus, 1)
  const bad = (change: Record<string, string>, key: string) =>
    t.throws(() => needs({ ...values, ...change }), { code: 'FLINK_ILLEGAL_CONFIGURATION', key })
  bad({ 'external-resource.gpu.amount': 'x' }, 'external-resource.gpu.amount')
  bad(
    { 'external-resource.gpu.mesos.config-key': 'fpgas' },
    'external-resource.gpu.mesos.config-key',
  )
})

t.test('taskContainer', async (t) => {
  t.equal(taskContainer(tasks({})), undefined)
  t.same(taskContainer(tasks({ 'container.volumes': '/a:/b:RO' })), {
    type: 'MESOS',
    volumes: [{ hostPath: '/a', containerPath: '/b', mode: 'RO' }],
  })
  t.same(taskContainer(tasks({ 'container.volumes': '/a:/b,/c' }))?.volumes, [
    { hostPath: '/a', containerPath: '/b', mode: 'RW' },
    { hostPath: 'volume-2', containerPath: '/c', mode: 'RW' },
  ])
  t.same(taskContainer(tasks({ 'container.image.name': 'img' })), {
    type: 'MESOS',
    image: 'img',
    volumes: [],
  })
  t.same(
    taskContainer(
      tasks({
        'container.type': 'docker',
        'container.image.name': 'reg/img:1',
        'container.docker.parameters': 'env=A=b',
        'container.docker.force-pull-image': 'true',
      }),
    ),
    {
      type: 'DOCKER',
      image: 'reg/img:1',
      forcePullImage: true,
      volumes: [],
      parameters: [{ key: 'env', value: 'A=b' }],
      network: 'HOST',
    },
  )
  t.throws(() => taskContainer(tasks({ 'container.type': 'docker' })), {
    key: `${PREFIX}container.image.name`,
    message: /is not set: '.*container\.type' is docker; expected the name of an image/,
  })
  t.throws(() => taskContainer(tasks({ 'container.docker.parameters': 'a=b' })), {
    message: /is for docker/,
  })
})

t.test('shellWord is read by sh as it was', async (t) => {
  const words = ['plain', '', 'a b', "it's", '$HOME `x` "q" \\', 'new\nline', '*;&|<>()#~', 'ü€']
  for (const word of words) {
    const said = execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(word)}`], {
      encoding: 'utf8',
    })
    t.equal(said, word)
  }
  t.throws(() => shellWord('a\0b'), { code: 'FLINK_MESOS_LAUNCH' })
})

t.test(
  'taskCommand runs in the sandbox: bootstrap, then the TaskManager with its words',
  async (t) => {
    const sandbox = t.testdir()
    const run = (values: Record<string, string>, homePath?: string) => {
      const { shell, value, environment } = taskCommand({
        configuration: Configuration.fromMap(values),
        runtime: { homePath, nodePath: undefined, fetched: [] },
        properties: { 'a.b': 'x y', c: "it's" },
        userName: 'ann',
        environment: { TASK_NAME: 't1' },
      })
      t.equal(shell, true)
      const env = { ...environment, MESOS_SANDBOX: sandbox, PATH: '/usr/bin:/bin' }
      return execFileSync('/bin/sh', ['-c', value!], { env, encoding: 'utf8', cwd: '/' }).split(
        '\n',
      )
    }
    const show =
      'printf "%s\\n" "$FLINK_HOME" "$FLINK_NODE" "$TASK_NAME" "$MORE" "$HADOOP_USER_NAME"'
    const words = ['-Da.b=x y', "-Dc=it's", '']
    t.same(run({ [`${PREFIX}taskmanager-cmd`]: show }), [
      `${sandbox}/flink-ts`,
      `${sandbox}/node`,
      't1',
      '',
      'ann',
      ...words,
    ])
    t.same(
      run(
        {
          [`${PREFIX}taskmanager-cmd`]: show,
          [`${PREFIX}bootstrap-cmd`]: 'export MORE=said',
          'containerized.taskmanager.env.HADOOP_USER_NAME': 'bob',
          'containerized.taskmanager.env.TASK_NAME': 'not this',
        },
        '/opt/flink ts',
      ),
      ['/opt/flink ts', `${sandbox}/node`, 't1', 'said', 'bob', ...words],
    )
    t.throws(() => run({ [`${PREFIX}bootstrap-cmd`]: 'exit 3' }), /Command failed/)
    t.throws(() => run({ [`${PREFIX}bootstrap-cmd`]: 'true; false' }), /Command failed/)
    for (const [bootstrap, more] of [
      ['export MORE=said; true', 'said'],
      ['false || export MORE=said', 'said'],
      ['export MORE=said # a remark', 'said'],
      ['export MORE=said\ntrue', 'said'],
      ['export MORE=said; true &', 'said'],
      ['true & ', ''],
      ['export MORE=said;', 'said'],
    ] as const) {
      t.same(
        run({ [`${PREFIX}taskmanager-cmd`]: show, [`${PREFIX}bootstrap-cmd`]: bootstrap }),
        [`${sandbox}/flink-ts`, `${sandbox}/node`, 't1', more, 'ann', ...words],
        bootstrap,
      )
    }
  },
)

t.test('clusterConfiguration leaves out what is of the JobManager alone', async (t) => {
  t.same(
    clusterConfiguration(
      Configuration.fromMap({
        'jobmanager.rpc.address': 'jm',
        'rest.port': '1',
        'security.cluster.secret-file': '/s',
        'mesos.resourcemanager.framework.secret': 'hush',
        'mesos.master': 'zk://u:hush@z/mesos',
        'taskmanager.host': 'h',
        'taskmanager.bind-host': '0.0.0.0',
        's3.secret-key': 'needed',
      }),
    ),
    { 'taskmanager.bind-host': '0.0.0.0', 's3.secret-key': 'needed' },
  )
})

t.test('MesosWorkerLauncher', async (t) => {
  const stable = (text: string) =>
    text
      .replace(/127\.0\.0\.1:\d+/g, 'JM:PORT')
      .replace(/[0-9a-f]{64}/g, 'TICKET')
      .replace(/\/[0-9a-f]{32}\b/g, '/PREFIX')
      .replace(/-[0-9a-f]{32}\b/g, '-HASH')

  await t.test('launches what fetches the installation, and shows no secret', async (t) => {
    const { launcher, log } = launcherUnderTest(t, {
      [`${PREFIX}labels`]: 'team:ops',
      [`${PREFIX}uris`]: 'hdfs://h/data.tgz',
      [`${PREFIX}user`]: 'flink',
      [`${PREFIX}bootstrap-cmd`]: '. ./setup',
      'cluster.services.shutdown-timeout': '7 s',
    })
    t.throws(() => launcher.launch('t', specOf(), OFFER, PORTS), /was not started/)
    await launcher.start()
    await launcher.prepare()
    const { command, ...others } = launcher.launch('taskmanager-00001', specOf(), OFFER, PORTS)
    t.strictSame(others, { labels: { team: 'ops' }, killGracePeriodMs: 7000 })
    const steps = stable(command.value!)
    t.equal(
      steps.replace(/fetched_file\(\).* && wait \$checking0/, 'CHECKED'),
      [
        `cd "\${MESOS_SANDBOX:-.}"`,
        'CHECKED',
        'export FLINK_HOME="$PWD/flink-ts"',
        'export FLINK_NODE="$PWD/node" || exit; {\n. ./setup\n} || exit; exec $FLINK_HOME/bin/mesos-taskmanager.sh -Dtaskmanager.numberOfTaskSlots=2 ' +
          '-Dtaskmanager.resource-id=taskmanager-00001 -Dtaskmanager.host=agent7.example ' +
          '-Dtaskmanager.rpc.port=31001 -Dtaskmanager.data.port=31002 ' +
          '-Djobmanager.rpc.address=127.0.0.1 -Djobmanager.rpc.port=6123',
      ].join(' && '),
    )
    t.equal(command.user, 'flink')
    t.strictSame(JSON.parse(stable(JSON.stringify(command.environment))), {
      HADOOP_USER_NAME: 'ann',
      TASK_NAME: 'taskmanager-00001',
      FRAMEWORK_NAME: 'Flink',
      FLINK_MESOS_ARTIFACTS: 'http://JM:PORT/PREFIX',
      FLINK_MESOS_TICKET: 'TICKET',
      FLINK_NODE_FLAGS: '--max-old-space-size=116 --max-semi-space-size=4',
    })
    t.strictSame(JSON.parse(stable(JSON.stringify(command.uris))), [
      {
        value: 'http://JM:PORT/PREFIX/flink-ts-0.1.0-HASH.tgz',
        extract: false,
        cache: true,
        outputFile: 'flink-ts.tgz',
      },
      {
        value: 'http://JM:PORT/PREFIX/node-HASH',
        extract: false,
        executable: true,
        cache: true,
        outputFile: 'node',
      },
      { value: 'hdfs://h/data.tgz', extract: true },
    ])
    const shown = JSON.stringify([command, others, log.lines])
    t.notMatch(shown, /ffffffff|hush/)
    const path = new URL(command.environment['FLINK_MESOS_ARTIFACTS']!).pathname
    t.notMatch(JSON.stringify(log.lines), path.slice(1), 'the path is for those who know it')
  })

  await t.test('tickets differ, and are void when their tasks have ended', async (t) => {
    const { launcher } = launcherUnderTest(t)
    await launcher.start()
    await launcher.prepare()
    const launched = (id: string) => {
      const { environment } = launcher.launch(id, specOf(), OFFER, PORTS).command
      const { FLINK_MESOS_TICKET: ticket, FLINK_MESOS_ARTIFACTS: artifacts } = environment
      return { ticket: ticket!, artifacts: artifacts!, clock: new SystemClock() }
    }
    const [replaced, ended, other] = [launched('t1'), launched('t1'), launched('t2')]
    t.equal(new Set([replaced, ended, other].map(({ ticket }) => ticket)).size, 3)
    launcher.forget('t1')
    launcher.forget('t1')
    const isVoid = { code: 'FLINK_MESOS_CONTAINER', message: /ticket of this task is not valid/ }
    await t.rejects(redeemTicket(replaced), isVoid, 'it was launched again with another one')
    await t.rejects(redeemTicket(ended), isVoid)
    t.ok(await redeemTicket(other))
  })

  await t.test(
    'an agent that has fetched something else fetches past its cache, for as long as the term lasts',
    async (t) => {
      const { launcher, log } = launcherUnderTest(t, { [`${PREFIX}uris`]: 'hdfs://h/data.tgz' })
      await launcher.start()
      await launcher.prepare()
      const cached = (agentId: string) => {
        const { command } = launcher.launch('t', specOf(), { ...OFFER, agentId }, PORTS)
        return command.uris.map(({ cache }) => cache)
      }
      const said = () => JSON.stringify(log.lines).match(/past its cache/g)?.length
      for (const status of [0, 1, 166, UNPACK_STATUS]) launcher.exited('a1', status)
      t.same(cached('a1'), [true, true, undefined])
      // Of all that were launched before the first of them has told.
      for (let task = 0; task < 3; task++) launcher.exited('a1', BAD_ARTIFACT_STATUS)
      t.same(cached('a1'), [false, false, undefined])
      t.same(cached('a2'), [true, true, undefined], 'others go on with what they have')
      t.equal(said(), 1, 'a person is told once')
      const { uris } = launcher.launch('t', specOf(), OFFER, PORTS).command
      await launcher.close()
      launcher.exited('a2', BAD_ARTIFACT_STATUS)
      await launcher.start()
      await launcher.prepare()
      const next = launcher.launch('t', specOf(), OFFER, PORTS).command.uris
      t.same(cached('a1'), [true, true, undefined], 'the next term has other URIs')
      t.not(next[0]?.value, uris[0]?.value)
      t.not(next[1]?.value, uris[1]?.value)
    },
  )

  await t.test(
    'with everything on the agents nothing is fetched and no ticket is given',
    async (t) => {
      const { launcher } = launcherUnderTest(
        t,
        {
          'mesos.flink-ts.home-path': '/opt/flink-ts',
          'mesos.flink-ts.node-path': '/usr/bin/node',
          'mesos.flink-ts.secret-path': '/etc/flink/secret',
          [`${PREFIX}hostname`]: '_TASK_.flink.mesos',
          'high-availability.type': 'zookeeper',
          'high-availability.zookeeper.quorum': 'z:2181',
        },
        { flinkHome: undefined, nodeProgram: '/nowhere' },
      )
      await launcher.start()
      await launcher.prepare()
      const { command } = launcher.launch('taskmanager-00002', specOf(), OFFER, {})
      t.same(command.uris, [])
      t.notOk('FLINK_MESOS_TICKET' in command.environment)
      t.match(
        command.value,
        'export FLINK_HOME=/opt/flink-ts && export FLINK_NODE=/usr/bin/node || exit; exec ',
      )
      t.match(command.value, '-Dtaskmanager.host=taskmanager-00002.flink.mesos')
      t.match(command.value, '-Dsecurity.cluster.secret-file=/etc/flink/secret')
      t.notMatch(command.value, 'jobmanager.rpc')
    },
  )

  await t.test('what cannot be handed out is refused with what to do', async (t) => {
    const checkout = launcherUnderTest(t, {}, { flinkHome: '/nowhere' })
    const { launcher } = checkout
    for (const attempt of [() => launcher.check(), () => launcher.start()]) {
      await t.rejects(attempt(), {
        code: 'FLINK_MESOS_CONFIGURATION',
        message: /it is no assembled one\. Run "npm run dist".*mesos\.flink-ts\.home-path/,
      })
    }
    const homeless = launcherUnderTest(t, {}, { flinkHome: undefined })
    await t.rejects(homeless.launcher.start(), /FLINK_HOME is not set/)
    const small = launcherUnderTest(t, {})
    await small.launcher.check()
    const shell = launcherUnderTest(t, {}, { nodeProgram: small.secretFile })
    await t.rejects(
      shell.launcher.start(),
      /no program that runs alone.*mesos\.flink-ts\.node-path/,
    )
    const secretless = launcherUnderTest(t, { 'security.cluster.secret-file': '/nowhere/s' })
    await t.rejects(secretless.launcher.start(), { code: 'FLINK_CLUSTER_SECRET' })
    await secretless.launcher.close()
    t.throws(() => launcherUnderTest(t, { [`${PREFIX}container.type`]: 'docker' }), {
      code: 'FLINK_ILLEGAL_CONFIGURATION',
    })
  })

  await t.test('starts again after close, elsewhere; start and close are idempotent', async (t) => {
    const { launcher } = launcherUnderTest(t, {
      'mesos.flink-ts.home-path': '/h',
      'mesos.flink-ts.node-path': '/n',
    })
    const base = () =>
      launcher.launch('t', specOf(), OFFER, PORTS).command.environment['FLINK_MESOS_ARTIFACTS']!
    await Promise.all([launcher.start(), launcher.start()])
    await launcher.prepare()
    const first = base()
    await launcher.close()
    await launcher.close()
    await t.rejects(fetch(first))
    await launcher.start()
    t.throws(base, /was not prepared/)
    await launcher.prepare()
    t.not(new URL(base()).pathname, new URL(first).pathname)
    const closing = launcherUnderTest(t)
    const starting = closing.launcher.start()
    await closing.launcher.close()
    await starting
    t.throws(() => closing.launcher.launch('t', specOf(), OFFER, PORTS), /was not started/)
  })
})
