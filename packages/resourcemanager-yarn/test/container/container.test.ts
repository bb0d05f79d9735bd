import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { formatCredentials } from '@flink-ts/hadoop-rpc'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { describeContainerExit } from '../../dist/applicationmaster/container-exit.js'
import { CONTAINER_TRANSITIONS } from '../../dist/applicationmaster/container-state.js'
import { createResourceManagerDriver } from '../../dist/applicationmaster/create-resource-manager-driver.js'
import { ExcludedNodes } from '../../dist/applicationmaster/excluded-nodes.js'
import { taskManagerLaunch } from '../../dist/applicationmaster/task-manager-launch.js'
import { readContainerTokens } from '../../dist/container/deployment-file.js'
import { readContainerEnvironment } from '../../dist/container/read-container-environment.js'
import { DEPLOYMENT, spec } from '../support/driver-under-test.js'

const ENVIRONMENT = {
  NM_HOST: 'worker7.example',
  CONTAINER_ID: 'container_e05_1700000000000_0012_01_000002',
  LOG_DIRS: '/logs/a,/logs/b',
  LOCAL_DIRS: '/data/1,/data/2',
}

function read(
  t: Tap,
  kind: 'jobmanager' | 'taskmanager',
  values: Record<string, string> = {},
  environment: Record<string, string | undefined> = ENVIRONMENT,
) {
  const configurationFolder = t.testdir({ 'yarn-deployment.json': JSON.stringify(DEPLOYMENT) })
  return readContainerEnvironment({
    kind,
    configuration: Configuration.fromMap(values),
    environment,
    configurationFolder,
    clock: new DriverClock(),
    random: new SeededRandom(1),
  })
}
type Tap = { testdir(content: Record<string, string>): string }

t.test('readContainerEnvironment', async (t) => {
  await t.test('a JobManager is where its container is, on free ports', async (t) => {
    const { properties, logFile } = await read(t, 'jobmanager', {
      'jobmanager.rpc.address': 'localhost',
      'jobmanager.bind-host': 'localhost',
      'rest.bind-address': 'localhost',
      'jobmanager.rpc.port': '6123',
      'rest.port': '8081',
    })
    t.strictSame(properties, {
      'jobmanager.rpc.address': 'worker7.example',
      'jobmanager.rpc.port': '0',
      'jobmanager.bind-host': '0.0.0.0',
      'rest.address': 'worker7.example',
      'rest.bind-address': '0.0.0.0',
      'rest.bind-port': '0',
      'resourcemanager.driver': 'yarn',
      'io.tmp.dirs': '/data/1,/data/2',
      'high-availability.cluster-id': 'application_1700000000000_0012',
    })
    t.equal(logFile, '/logs/a/jobmanager.log')
  })

  await t.test('what was set by hand stays', async (t) => {
    const { properties } = await read(t, 'jobmanager', {
      'jobmanager.bind-host': '10.0.0.7',
      'rest.bind-port': '9000-9010',
      'resourcemanager.driver': 'standalone',
      'io.tmp.dirs': '/mine',
      'high-availability.cluster-id': 'mine',
      'yarn.application-master.port': '50000-50010',
    })
    t.same(Object.keys(properties).sort(), [
      'high-availability.jobmanager.port',
      'jobmanager.rpc.address',
      'jobmanager.rpc.port',
      'rest.address',
      'rest.bind-address',
    ])
    t.equal(properties['high-availability.jobmanager.port'], '50000-50010')
  })

  await t.test('a machine that calls itself loopback is bound as such', async (t) => {
    const environment = { ...ENVIRONMENT, NM_HOST: 'localhost' }
    const { properties } = await read(t, 'jobmanager', {}, environment)
    t.equal(properties['jobmanager.bind-host'], 'localhost')
    t.equal(properties['rest.bind-address'], 'localhost')
  })

  await t.test('a TaskManager is where its container is', async (t) => {
    const { properties, logFile, onTerminationSignal } = await read(t, 'taskmanager', {
      'taskmanager.host': 'localhost',
      'jobmanager.rpc.address': 'other.example',
    })
    t.strictSame(properties, {
      'taskmanager.host': 'worker7.example',
      'taskmanager.bind-host': '0.0.0.0',
      'io.tmp.dirs': '/data/1,/data/2',
      'high-availability.cluster-id': 'application_1700000000000_0012',
    })
    t.equal(logFile, '/logs/a/taskmanager.log')
    t.equal(onTerminationSignal, undefined)
  })

  await t.test('outside of a container: says what is missing', async (t) => {
    await t.rejects(read(t, 'taskmanager', {}, { ...ENVIRONMENT, NM_HOST: undefined }), {
      code: 'FLINK_YARN_CONTAINER',
      message: /NM_HOST is not set/,
    })
    await t.rejects(read(t, 'taskmanager', {}, { ...ENVIRONMENT, CONTAINER_ID: 'docker' }), {
      message: /CONTAINER_ID is docker/,
    })
  })
})

t.test('the staging folder goes with a JobManager that is told to end', async (t) => {
  const attempt = async (t: Tap, values: Record<string, string>, deployed = true) => {
    const root = t.testdir({})
    const staging = join(root, 'staging')
    mkdirSync(staging)
    writeFileSync(join(staging, 'config.yaml'), '')
    const deployment = { ...DEPLOYMENT, stagingFolder: `file://${staging}` }
    if (deployed) writeFileSync(join(root, 'yarn-deployment.json'), JSON.stringify(deployment))
    const environment = await readContainerEnvironment({
      kind: 'jobmanager',
      configuration: Configuration.fromMap(values),
      environment: ENVIRONMENT,
      configurationFolder: root,
      clock: new DriverClock(),
      random: new SeededRandom(1),
    })
    await environment.onTerminationSignal?.(noopLogger)
    await environment.onTerminationSignal?.(noopLogger)
    return existsSync(staging)
  }
  t.equal(await attempt(t, {}), false, 'where no other attempt can come')
  t.equal(await attempt(t, { 'yarn.application-attempts': '2' }), true, 'not before the next')
  const ha = {
    'high-availability.type': 'zookeeper',
    'high-availability.storageDir': 'file:///ha',
    'high-availability.zookeeper.quorum': 'zk:2181',
  }
  t.equal(await attempt(t, ha), true, 'nor with high availability')
  await t.rejects(attempt(t, {}, false), {
    code: 'FLINK_YARN_CONTAINER',
    message: /yarn-deployment.json cannot be read.*deploy it with bin\/yarn-session.sh/,
  })
})

t.test('readContainerTokens and createResourceManagerDriver outside of a container', async (t) => {
  await t.rejects(readContainerTokens(undefined), { message: /HADOOP_TOKEN_FILE_LOCATION/ })
  await t.rejects(readContainerTokens(join(t.testdir({}), 'none')), {
    code: 'FLINK_YARN_CONTAINER',
  })
  const folder = t.testdir({ damaged: 'x' })
  await t.rejects(readContainerTokens(join(folder, 'damaged')), {
    code: 'FLINK_HADOOP_CREDENTIALS',
  })
  writeFileSync(join(folder, 'empty'), formatCredentials({ tokens: new Map(), secrets: new Map() }))
  t.equal((await readContainerTokens(join(folder, 'empty'))).tokens.size, 0)
  const context = {
    configuration: new Configuration(),
    clock: new DriverClock(),
    random: new SeededRandom(1),
    log: noopLogger,
  }
  await t.rejects(createResourceManagerDriver(context), { code: 'FLINK_YARN_CONTAINER' })
})

t.test('taskManagerLaunch', async (t) => {
  const launch = (values: Record<string, string>, properties: Record<string, string> = {}) =>
    taskManagerLaunch('container_1_0001_01_000002', spec({ dynamicProperties: properties }), {
      deployment: DEPLOYMENT,
      configuration: Configuration.fromMap({
        'taskmanager.memory.process.size': '1728m',
        ...values,
      }),
      jobManagerAddress: '[::1]:4711',
    }).commands[0]!
  t.match(launch({}), /1> <LOG_DIR>\/taskmanager.out 2> <LOG_DIR>\/taskmanager.stderr$/)
  t.match(launch({}), '-Djobmanager.rpc.port=4711')
  const ha = launch({
    'high-availability.type': 'zookeeper',
    'high-availability.cluster-id': 'app',
  })
  t.notMatch(ha, 'jobmanager.rpc', 'others tell where it is')
  t.match(ha, '-Dhigh-availability.cluster-id=app')
  const nasty = launch({}, { key: 'a"b $HOME `id` {{NM_HOST}}' })
  t.notMatch(nasty, '"', 'a double quote would break the script of YARN')
  t.notMatch(nasty, '{{')
})

t.test('describeContainerExit keeps the end of what YARN says', (t) => {
  const text = describeContainerExit({
    id: 'c',
    state: 'COMPLETE',
    exitCode: 1,
    diagnostics: `${'x'.repeat(10_000)} the reason`,
  })
  t.ok(text.length < 4_200)
  t.match(text, /the reason$/)
  t.equal(
    describeContainerExit({ id: 'c', state: 'COMPLETE', exitCode: 3, diagnostics: ' ' }),
    'container ended with exit code 3',
  )
  t.end()
})

t.test('ExcludedNodes: only what changed is told, and again what did not count', async (t) => {
  const clock = new DriverClock()
  const nodes = new ExcludedNodes(clock, noopLogger)
  nodes.block(new Set(['a']))
  nodes.startFailed('b', 10)
  t.same(nodes.takeChanges(), { additions: ['a', 'b'], removals: [] })
  t.equal(nodes.hasChanges, false)
  nodes.notTold(['b'], [])
  t.same(nodes.takeChanges(), { additions: ['b'], removals: [] })
  nodes.startFailed('c', 3)
  t.equal(nodes.has('b'), false, 'the one that failed first is taken again: one must stay')
  t.same(nodes.takeChanges(), { additions: ['c'], removals: ['b'] })
  await clock.advance(60_000)
  t.same(nodes.takeChanges(), { additions: [], removals: ['c'] })
  nodes.forgotten()
  t.same(nodes.takeChanges(), { additions: ['a'], removals: [] })
})

t.test('CONTAINER_TRANSITIONS: nothing follows the end, and everything may end', (t) => {
  t.same(CONTAINER_TRANSITIONS.COMPLETED, [])
  for (const [from, to] of Object.entries(CONTAINER_TRANSITIONS)) {
    if (from !== 'COMPLETED') t.ok(to.includes('COMPLETED'), from)
  }
  t.end()
})
