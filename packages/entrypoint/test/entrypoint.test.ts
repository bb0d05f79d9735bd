import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import {
  Configuration,
  deriveJobManagerMemory,
  deriveTaskManagerMemory,
  FlinkError,
  noopLogger,
  processOwner,
  type ResourceId,
  SeededRandom,
  SystemClock,
} from '@flink-ts/core'
import { ClusterSecret, loadTransportSecurity } from '@flink-ts/core/security'
import {
  hostAndPort,
  isLoopback,
  jobManagerRpcAddress,
  logLevel,
  nodeFlags,
  ProcessFolder,
  parseDaemonArguments,
  processFolderParent,
  taskManagerAddress,
} from '@flink-ts/entrypoint'
import t from 'tap'
import { ApplicationJobs } from '../dist/application/application-jobs.js'
import { blobFolder } from '../dist/daemon/blob-folder.js'
import { loadContainerEnvironment } from '../dist/daemon/container-environment.js'
import {
  configurationOfContainer,
  loadDaemonConfiguration,
} from '../dist/daemon/load-daemon-configuration.js'
import { EXIT_CODES, stoppedFromOutside } from '../dist/jobmanager/cluster-end.js'
import { EventualAddresses } from '../dist/jobmanager/eventual-addresses.js'
import { loadDriver } from '../dist/jobmanager/load-driver.js'
import { removePreparedJob } from '../dist/jobmanager/prepared-job.js'
import { startShuffleEnvironment } from '../dist/taskmanager/start-shuffle-environment.js'

const configuration = (values: Record<string, string>) => Configuration.fromMap(values)

t.test('parseDaemonArguments', async (t) => {
  const args = ['--configDir', '/conf', '-D', 'a.b=c', '-Dd=e=f']
  const parsed = parseDaemonArguments(args, { FLINK_CONF_DIR: '/other' })
  t.equal(parsed.configDir, '/conf', 'the argument wins')
  t.strictSame(parsed.dynamicProperties.toMap(), { 'a.b': 'c', d: 'e=f' })
  t.equal(parseDaemonArguments(['--configDir=/x'], {}).configDir, '/x')
  t.equal(parseDaemonArguments([], { FLINK_CONF_DIR: '/other' }).configDir, '/other')
  const refused = { code: 'FLINK_DAEMON_ARGUMENT', message: /expected --configDir DIR/ }
  t.throws(() => parseDaemonArguments([], {}), refused)
  t.throws(() => parseDaemonArguments(['--configDir'], {}), { message: /has no value/ })
  t.throws(() => parseDaemonArguments(['--configDir', 'x', 'y'], {}), {
    message: /unknown argument 'y'/,
  })
})

t.test('jobManagerRpcAddress', async (t) => {
  const of = (values: Record<string, string>) => jobManagerRpcAddress(configuration(values))
  await t.test('listens on loopback only for a JobManager on localhost', async (t) => {
    t.match(of({ 'jobmanager.rpc.address': 'localhost' }), {
      bindHost: '127.0.0.1',
      bindPorts: '6123',
      host: '127.0.0.1',
      port: undefined,
      warning: undefined,
    })
  })
  await t.test('listens at another address that it was given, and nowhere else', async (t) => {
    t.match(of({ 'jobmanager.rpc.address': 'master.example', 'jobmanager.rpc.port': '7000' }), {
      bindHost: 'master.example',
      bindPorts: '7000',
      host: 'master.example',
      warning: undefined,
    })
  })
  await t.test('listens where the bind keys say, and tells the other port', async (t) => {
    t.match(
      of({
        'jobmanager.rpc.address': 'master',
        'jobmanager.bind-host': '0.0.0.0',
        'jobmanager.rpc.bind-port': '9000',
      }),
      { bindHost: '0.0.0.0', bindPorts: '9000', host: 'master', port: 6123, warning: undefined },
    )
  })
  await t.test('takes any port, or one of a range, where several JobManagers may be', async (t) => {
    const keys = { 'jobmanager.rpc.address': 'localhost', 'high-availability.type': 'zookeeper' }
    t.match(of(keys), { bindPorts: '0', port: undefined })
    const range = { ...keys, 'high-availability.jobmanager.port': '50000-50010' }
    t.match(of(range), { bindPorts: '50000-50010', portKey: 'high-availability.jobmanager.port' })
  })
  await t.test('warns when nobody else can reach what is announced', async (t) => {
    const keys = { 'jobmanager.rpc.address': 'master', 'jobmanager.bind-host': 'localhost' }
    t.match(of(keys).warning, /jobmanager.bind-host.*127.0.0.1.*master.*0.0.0.0/)
  })
  await t.test('refuses to guess the address', async (t) => {
    t.throws(() => of({}), { message: /such as localhost/ })
    t.throws(() => of({ 'jobmanager.rpc.address': ' ' }), { message: /such as localhost/ })
  })
})

t.test('taskManagerAddress', async (t) => {
  const here = { hostName: 'worker-1', addressTowards: async (host: string) => `towards-${host}` }
  const of = (values: Record<string, string>, jobManager: string) =>
    taskManagerAddress(configuration(values), jobManager, here)
  t.match(await of({}, 'localhost'), {
    host: 'localhost',
    bindHost: '127.0.0.1',
    bindPorts: '0',
    port: undefined,
  })
  t.match(await of({}, 'master'), { host: 'towards-master', bindHost: 'towards-master' })
  t.match(await of({ 'taskmanager.network.bind-policy': 'name' }, 'master'), { host: 'worker-1' })
  t.match(
    await of(
      {
        'taskmanager.host': 'public',
        'taskmanager.bind-host': '0.0.0.0',
        'taskmanager.rpc.port': '7000',
        'taskmanager.rpc.bind-port': '8000',
      },
      'master',
    ),
    { host: 'public', bindHost: '0.0.0.0', bindPorts: '8000', port: 7000 },
  )
  t.match(await of({ 'taskmanager.rpc.port': '7000-7010' }, 'localhost'), {
    bindPorts: '7000-7010',
    port: undefined,
  })
})

t.test('isLoopback and hostAndPort', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]']) t.ok(isLoopback(host))
  for (const host of ['0.0.0.0', 'localhost.evil.example', '127.evil.example', '10.0.0.1', '::']) {
    t.notOk(isLoopback(host), host)
  }
  t.equal(hostAndPort('a', 1), 'a:1')
  t.equal(hostAndPort('::1', 1), '[::1]:1')
  t.equal(hostAndPort('[::1]', 1), '[::1]:1')
})

t.test('logLevel takes ROOT_LOG_LEVEL before env.log.level', async (t) => {
  const quiet = configuration({ 'env.log.level': 'ERROR' })
  t.equal(logLevel(quiet, {}), 'error')
  t.equal(logLevel(quiet, { ROOT_LOG_LEVEL: 'DEBUG' }), 'debug')
  t.equal(logLevel(quiet, { ROOT_LOG_LEVEL: 'TRACE' }), 'debug')
  t.equal(logLevel(quiet, { ROOT_LOG_LEVEL: 'loud' }), 'error')
})

t.test('processFolderParent', async (t) => {
  const of = (values: Record<string, string>) =>
    processFolderParent(configuration(values), 'jobmanager')
  t.equal(of({ 'io.tmp.dirs': '/a,/b' }), '/a')
  t.equal(of({ 'io.tmp.dirs': '/a', 'process.working-dir': '/w' }), '/w')
  t.equal(of({ 'process.working-dir': '/w', 'process.jobmanager.working-dir': '/j' }), '/j')
})

t.test('ProcessFolder', async (t) => {
  const parent = join(t.testdir({}), 'tmp')
  const make = () =>
    new ProcessFolder({ parent, kind: 'jobmanager', random: new SeededRandom(1), log: noopLogger })
  const gone = spawnSync(process.execPath, ['-e', '']).pid
  const [host] = processOwner().split('-')
  const prefix = `flink-ts-jobmanager-${host}-`
  // One that had this process's id: in containers ids repeat.
  const abandoned = [`${prefix}${gone}-1-aa`, `${prefix}${process.pid}-1-bb`]
  const others = [
    `${prefix}${process.ppid}-0-aa`,
    `flink-ts-jobmanager-00000000-${gone}-1-aa`,
    `flink-ts-taskmanager-${host}-${gone}-1-aa`,
    'somebody-elses',
  ]
  for (const name of [...abandoned, ...others]) mkdirSync(join(parent, name), { recursive: true })
  writeFileSync(join(parent, abandoned[0]!, 'blob'), 'x')

  const folder = make()
  t.ok(existsSync(folder.path))
  const names = readdirSync(parent)
  for (const name of abandoned) t.notOk(names.includes(name), `${name} is removed`)
  for (const name of others) t.ok(names.includes(name), `${name} stays`)

  writeFileSync(join(folder.path, 'blob'), 'x')
  folder.remove()
  folder.remove()
  t.notOk(existsSync(folder.path))

  writeFileSync(join(parent, 'file'), '')
  t.throws(
    () =>
      new ProcessFolder({
        parent: join(parent, 'file'),
        kind: 'jobmanager',
        random: new SeededRandom(1),
        log: noopLogger,
      }),
    { code: 'FLINK_WORKING_DIR', message: /set io.tmp.dirs to a folder that can be written/ },
  )
})

t.test('blobFolder: as configured, told when it cannot be used', async (t) => {
  const folder = t.testdir({ file: '' })
  const of = (path: string) => configuration({ 'blob.storage.directory': path })
  t.equal(blobFolder(configuration({}), '/of/the/process'), '/of/the/process')
  t.equal(blobFolder(of(join(folder, 'a/b')), '/x'), join(folder, 'a/b'))
  t.ok(existsSync(join(folder, 'a/b')))
  t.throws(() => blobFolder(of(join(folder, 'file')), '/x'), {
    code: 'FLINK_WORKING_DIR',
    message: /Cannot keep BLOBs in .*file: .*; set blob\.storage\.directory to a folder/,
  })
})

t.test('startShuffleEnvironment: ports that are all in use are told with their key', async (t) => {
  const holders = [createServer(), createServer()]
  for (const holder of holders) {
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    t.teardown(() => holder.close())
  }
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port).join(',')
  const start = (more: Record<string, string> = {}) => {
    const settings = configuration({
      'taskmanager.data.bind-port': ports,
      'taskmanager.memory.process.size': '1728m',
      'security.cluster.secret-file': join(t.testdirName, 'secret'),
      ...more,
    })
    return startShuffleEnvironment({
      configuration: settings,
      clock: new SystemClock(),
      log: noopLogger,
      security: loadTransportSecurity(settings, 'create'),
      memory: deriveTaskManagerMemory(settings),
      resourceId: 'tm' as ResourceId,
      host: 'localhost',
      bindHost: '127.0.0.1',
      onFatalError: (error) => t.fail(String(error)),
    })
  }
  t.testdir({})
  await t.rejects(start({ 'shuffle-service': 'nobody-has-it' }), {
    code: 'FLINK_ILLEGAL_CONFIGURATION',
  })
  await t.rejects(start(), {
    code: 'FLINK_DATA_PORT',
    message: `Cannot listen for data connections on 127.0.0.1, ports ${ports}: set taskmanager.data.bind-port to ports that are free`,
  })
  const behindNat = await start({
    'taskmanager.data.bind-port': '0',
    'taskmanager.data.port': '4711',
  })
  t.equal(behindNat.dataPort, 4711, 'peers are told the port under which they reach it')
  await behindNat.close()
})

t.test('nodeFlags limit the main thread, and leave the limits of task threads alone', async (t) => {
  const jobManager = deriveJobManagerMemory(
    configuration({ 'jobmanager.memory.process.size': '1600m' }),
  )
  t.strictSame(nodeFlags(jobManager), ['--max-old-space-size=1024', '--max-semi-space-size=2'])
  const taskManager = deriveTaskManagerMemory(
    configuration({ 'taskmanager.memory.process.size': '1728m' }),
  )
  t.strictSame(nodeFlags(taskManager), ['--max-old-space-size=116', '--max-semi-space-size=4'])
  const script = `
    import { getHeapStatistics } from 'node:v8'
    import { Worker } from 'node:worker_threads'
    import { letThreadsHaveLimits } from ${JSON.stringify(new URL('../dist/taskmanager/let-threads-have-limits.js', import.meta.url).href)}
    const ask = "import v8 from 'node:v8'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage(v8.getHeapStatistics().heap_size_limit)"
    letThreadsHaveLimits()
    const resourceLimits = { maxOldGenerationSizeMb: 300, maxYoungGenerationSizeMb: 12 }
    const worker = new Worker(ask, { eval: true, resourceLimits })
    worker.on('message', (limit) => console.log(JSON.stringify([getHeapStatistics().heap_size_limit, limit].map((bytes) => bytes / 2 ** 20))))
  `
  const words = [...nodeFlags(taskManager), '--input-type=module', '-e', script]
  const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  t.strictSame(
    JSON.parse(stdout),
    [128, 312],
    'its main thread has its own limit, a thread that of its task',
  )
})

t.test(
  "parseDaemonArguments: own options have values, words behind -- are the program's",
  async (t) => {
    const args = ['--configDir', '/c', '--bundle', 'b', '-Da=b', '--', '--bundle', '-Dc=d']
    const parsed = parseDaemonArguments(args, {}, ['--bundle'])
    t.same(parsed.options, { '--bundle': 'b' })
    t.same(parsed.programArguments, ['--bundle', '-Dc=d'])
    t.same(parsed.dynamicProperties.toMap(), { a: 'b' })
    t.throws(() => parseDaemonArguments(args, {}), { message: /unknown argument '--bundle'/ })
  },
)

t.test('ApplicationJobs', async (t) => {
  const ids = ['a', 'b', 'c']
  const ended = (jobId: string, status: string) =>
    ({ jobId, name: jobId, status, startTimeMs: 1, endTimeMs: 3, vertices: [] }) as never
  const jobsOf = async (submitJob: () => unknown = () => ({})) => {
    const dispatcher = { submitJob, requestJobResult: async () => ({ result: { ...RESULT } }) }
    const jobs = new ApplicationJobs(async () => dispatcher as never)
    for (const id of ids) await jobs.submit(id, '{}')
    return jobs
  }
  const RESULT = {
    jobId: 'x',
    name: 'x',
    status: 'FINISHED',
    startTimeMs: 0,
    endTimeMs: 5,
    accumulators: [],
  }

  await t.test('unfinished: the first that does not finish, where that is enough', async (t) => {
    const jobs = await jobsOf()
    const first = jobs.unfinished(true)
    jobs.jobEnded(ended('b', 'CANCELED'))
    t.match(await first, { jobId: 'b', status: 'CANCELED', netRuntimeMs: 2 })
  })
  await t.test('unfinished: otherwise the last is waited for', async (t) => {
    const jobs = await jobsOf()
    let isSettled = false
    const all = jobs.unfinished(false).finally(() => {
      isSettled = true
    })
    jobs.jobEnded(ended('b', 'FAILED'))
    jobs.jobEnded(ended('a', 'FINISHED'))
    await new Promise(setImmediate)
    t.equal(isSettled, false)
    jobs.jobEnded(ended('c', 'FINISHED'))
    jobs.jobEnded(ended('stranger', 'FAILED'))
    t.match(await all, { jobId: 'b' })
  })
  await t.test("submit: a job that is there already is the application's again", async (t) => {
    const jobs = await jobsOf(() => {
      throw new FlinkError('there', { code: 'FLINK_DUPLICATE_JOB_SUBMISSION' })
    })
    t.equal(await jobs.unfinished(true), undefined, 'they have finished')
    t.match(await jobs.result('a'), { status: 'FINISHED', netRuntimeMs: 5 })
  })
  await t.test('savepoint: begins one, and asks until it is complete', async (t) => {
    const asked: unknown[] = []
    const answers = [{ status: 'IN_PROGRESS' }, { status: 'COMPLETED', location: '/s/savepoint-1' }]
    const noted = (name: string) => async (request: object) => void asked.push([name, request])
    const dispatcher = {
      triggerSavepoint: noted('savepoint'),
      stopWithSavepoint: noted('stop'),
      requestTriggeredOperation: async () => answers.shift(),
    }
    const jobs = new ApplicationJobs(async () => dispatcher as never)
    t.equal(await jobs.savepoint('a', { directory: '/s', end: 'drain' }), '/s/savepoint-1')
    t.match(asked, [['stop', { jobId: 'a', targetDirectory: '/s', drain: true }]])
    const failureCause = { name: 'E', message: 'no', code: 'FLINK_CHECKPOINT_FAILED' }
    answers.push({ status: 'COMPLETED', failureCause } as never)
    await t.rejects(jobs.savepoint('a', { end: 'cancel' }), { code: 'FLINK_CHECKPOINT_FAILED' })
    t.match(asked[1], ['savepoint', { jobId: 'a', cancelJob: true }])
  })
  await t.test('submit: what was refused is not waited for', async (t) => {
    const refused = new FlinkError('no', { code: 'FLINK_INVALID_JOB_GRAPH' })
    const jobs = new ApplicationJobs(
      async () => ({ submitJob: async () => Promise.reject(refused) }) as never,
    )
    await t.rejects(jobs.submit('a', '{}'), { code: 'FLINK_INVALID_JOB_GRAPH' })
    t.equal(await jobs.unfinished(true), undefined)
    await t.rejects(jobs.result('a'), { code: 'FLINK_JOB_NOT_FOUND' })
  })
})

t.test(
  "EXIT_CODES and stoppedFromOutside: Flink's codes; with high availability others go on",
  async (t) => {
    t.same(EXIT_CODES, { SUCCEEDED: 0, CANCELED: 0, FAILED: 1443, UNKNOWN: 1445 })
    t.equal(stoppedFromOutside(new Configuration()).status, 'UNKNOWN')
    const ha = Configuration.fromMap({ 'high-availability.type': 'zookeeper' })
    t.equal(stoppedFromOutside(ha).status, undefined)
  },
)

t.test('--container: what the container says goes over the configuration', async (t) => {
  const configDir = t.testdir({
    'config.yaml': 'taskmanager.host: localhost\ntaskmanager.memory.process.size: 1728m\n',
  })
  const world = {
    kind: 'taskmanager',
    clock: new SystemClock(),
    random: new SeededRandom(1),
  } as const
  const environment = {
    NM_HOST: 'worker7.example',
    CONTAINER_ID: 'container_1700000000000_0012_01_000002',
    LOG_DIRS: '/logs',
    LOCAL_DIRS: '/data',
  }
  const args = ['--configDir', configDir, '--container', 'yarn', '-Dio.tmp.dirs=/mine']
  const loaded = await loadDaemonConfiguration(args, environment, [], world)
  t.equal(loaded.configuration.getString('taskmanager.host'), 'worker7.example')
  t.equal(loaded.configuration.getString('io.tmp.dirs'), '/mine', 'the command line wins')
  t.equal(loaded.container?.logFile, '/logs/taskmanager.log')
  const without = await loadDaemonConfiguration(args.slice(0, 2), environment, [], world)
  t.equal(without.container, undefined)
  t.equal(without.configuration.getString('taskmanager.host'), 'localhost')
  await t.rejects(loadDaemonConfiguration(args, {}, [], world), { code: 'FLINK_YARN_CONTAINER' })
  const context = { ...world, configuration: without.configuration, environment: {} }
  for (const [name, why] of [
    ['submarine', /resourcemanager-submarine\/container cannot be loaded/],
    ['../core', /cannot be loaded/],
  ] as const) {
    await t.rejects(
      loadContainerEnvironment(name, { ...context, configurationFolder: configDir }),
      { code: 'FLINK_DAEMON_ARGUMENT', message: why },
    )
  }
})

t.test('jobManagerRpcAddress: any port may be one of a range', async (t) => {
  const { bindPorts, port } = jobManagerRpcAddress(
    configuration({
      'jobmanager.rpc.address': 'h',
      'jobmanager.rpc.port': '0',
      'high-availability.jobmanager.port': '50000-50010',
    }),
  )
  t.equal(bindPorts, '50000-50010')
  t.equal(port, undefined)
})

t.test('EventualAddresses: those that wait are told, or that there will be none', async (t) => {
  const known = new EventualAddresses()
  known.known({ rpc: 'a:1', rest: 'a:2' })
  known.missing(new Error('too late'))
  t.same(await known.promise, { rpc: 'a:1', rest: 'a:2' })
  const missing = new EventualAddresses()
  missing.missing(new Error('no port'))
  await t.rejects(missing.promise, { message: 'no port' })
  t.equal(missing.areMissing, true)
})

t.test('--console: who watches is named, and anything else is refused', async (t) => {
  const args = ['--configDir', '/c', '--console']
  t.equal(parseDaemonArguments([...args, 'log'], {}).console, 'log')
  t.equal(parseDaemonArguments(args.slice(0, 2), {}).console, undefined)
  t.throws(() => parseDaemonArguments([...args, 'all'], {}), {
    code: 'FLINK_DAEMON_ARGUMENT',
    message: /--console all is unknown: it is notes or log/,
  })
})

t.test('a container without a folder: its own words are the configuration', async (t) => {
  const dynamicProperties = configuration({ 'parallelism.default': '4' })
  const parsed = { configDir: undefined, container: 'x', dynamicProperties }
  const arguments_ = { ...parsed, options: {}, programArguments: [] }
  const given = { properties: {}, configuration: { 'parallelism.default': '2', 'rest.port': '1' } }
  const { configuration: merged, file } = configurationOfContainer(arguments_, given)
  t.strictSame(merged.toMap(), { 'parallelism.default': '4', 'rest.port': '1' }, '-D wins')
  t.equal(file, 'container of x')
  t.throws(() => configurationOfContainer(arguments_, { properties: {} }), {
    code: 'FLINK_DAEMON_ARGUMENT',
    message: /container of 'x': there is neither a configuration in it nor a --configDir/,
  })
  t.equal(parseDaemonArguments(['--container', 'x'], {}).configDir, undefined)
})

t.test('loadTransportSecurity: a secret that was handed over needs no file', async (t) => {
  const secret = ClusterSecret.random()
  t.equal(loadTransportSecurity(configuration({}), 'refuse', secret).secret, secret)
})

t.test('loadDriver: a driver that is not there is told with those that are', async (t) => {
  await t.rejects(loadDriver('submarine', {} as never), {
    code: 'FLINK_ILLEGAL_CONFIGURATION',
    message:
      /resourcemanager-submarine .*set 'resourcemanager\.driver' to standalone, process, yarn or mesos/,
  })
})

t.test('removePreparedJob: goes with a process that could not even start', async (t) => {
  const folder = t.testdir({ prepared: { 'job-graph.json': '{}' } })
  const prepared = join(folder, 'prepared')
  removePreparedJob(['--configDir', folder])
  t.ok(existsSync(prepared))
  removePreparedJob(['--container', 'mesos', '--prepared', prepared])
  t.notOk(existsSync(prepared))
  removePreparedJob(['--prepared', prepared])
  removePreparedJob(['--prepared'])
})

t.test(
  'runDaemon: what a container removes on SIGTERM is gone before the daemon is closed',
  async (t) => {
    const folder = t.testdir({
      conf: {
        'config.yaml': 'jobmanager.memory.process.size: 1600m\n',
        'yarn-deployment.json': '',
      },
      log: {},
      staging: { application: { 'cluster-secret': 'secret' } },
    })
    const staged = join(folder, 'staging', 'application')
    writeFileSync(
      join(folder, 'conf', 'yarn-deployment.json'),
      JSON.stringify({
        formatVersion: 1,
        applicationId: 'application_1700000000000_0001',
        stagingFolder: `file://${staged}`,
        nodePath: 'node',
        homePath: '.',
        mainsPath: '.',
        localResources: {},
        environment: {},
        schedulerAddresses: ['localhost:1'],
      }),
    )
    const runDaemonModule = new URL('../dist/daemon/run-daemon.js', import.meta.url).href
    const script = `
    import { existsSync } from 'node:fs'
    import { runDaemon } from ${JSON.stringify(runDaemonModule)}
    setInterval(() => {}, 1000)
    await runDaemon({
      kind: 'jobmanager',
      name: 'JobManager',
      fatalExitCode: 2,
      start: async () => ({
        close: async () => console.log('closed, files are there: ' + existsSync(${JSON.stringify(staged)})),
      }),
    })
    console.log('ready')
  `
    // Words of the daemon stand behind the path of a module.
    const module = join(folder, 'daemon.mjs')
    writeFileSync(module, script)
    const child = spawn(
      process.execPath,
      [module, '--configDir', join(folder, 'conf'), '--container', 'yarn'],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          NM_HOST: 'localhost',
          CONTAINER_ID: 'container_1700000000000_0001_01_000001',
          LOG_DIRS: join(folder, 'log'),
          LOCAL_DIRS: folder,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let text = ''
    child.stderr.on('data', (chunk) => {
      text += chunk
    })
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (String(chunk).includes('ready')) child.kill('SIGTERM')
    })
    await new Promise((resolve) => child.once('exit', resolve))
    t.match(text, /closed, files are there: false/)
  },
)
