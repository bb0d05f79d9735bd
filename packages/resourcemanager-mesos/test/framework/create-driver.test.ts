import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { createResourceManagerDriver, frameworkInfoOf } from '@flink-ts/resourcemanager-mesos'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'

const PLACE = { user: 'me', needsGpus: false }

t.test('createResourceManagerDriver', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-mesos-driver-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const world = { clock: new DriverClock(), random: new SeededRandom(1), log: noopLogger }
  const create = async (values: Readonly<Record<string, string>>, process: object) =>
    createResourceManagerDriver({
      ...world,
      configuration: Configuration.fromMap(values),
      ...process,
    })
  const process = { folder, addresses: async () => ({ rpc: 'jm:6123', rest: 'jm:8081' }) }
  const agents = { 'mesos.flink-ts.home-path': '/opt/f', 'mesos.flink-ts.node-path': '/opt/node' }

  await t.test('says which key is missing or wrong', async (t) => {
    const master = { 'mesos.master': 'm:5050', ...agents }
    await t.rejects(create(agents, process), { message: /'mesos.master' is not set/ })
    await t.rejects(create(master, {}), { code: 'FLINK_MESOS_NO_PROCESS' })
    const secret = { 'mesos.resourcemanager.framework.secret': 's3cret' }
    const error = await create({ ...master, ...secret }, process).catch((error) => error)
    t.match(error.message, /framework.secret' without 'mesos.resourcemanager.framework.principal/)
    t.notMatch(error.message, 's3cret')
  })

  await t.test('refuses at once what tasks or masters would show later', async (t) => {
    const cases: [key: string, value: string, message: RegExp][] = [
      ['mesos.flink-ts.home-path', 'opt/f', /'opt\/f' .*home-path': expected an absolute path/],
      ['mesos.flink-ts.node-path', 'node', /'node' .*node-path': expected an absolute path/],
      ['mesos.flink-ts.secret-path', './s', /'.\/s' .*secret-path': expected an absolute path/],
      [
        'mesos.resourcemanager.tasks.port-assignments',
        'blob.server.port,foo.bar',
        /'foo.bar' .*port-assignments': expected configuration keys of ports/,
      ],
      ['mesos.resourcemanager.tasks.uris', ':::', /':::'.*tasks.uris.*expected URIs/],
      ['mesos.resourcemanager.tasks.uris', '/a/b,/c/b', /both would be 'b' in the folder/],
      ['mesos.master', `file://${folder}/none`, /mesos.master.*the file cannot be read: ENOENT/],
    ]
    for (const [key, value, message] of cases) {
      const values = { 'mesos.master': 'm:5050', ...agents, [key]: value }
      await t.rejects(create(values, process), { key, message }, key)
    }
    const own = { 'mesos.resourcemanager.tasks.port-assignments': 'my.port,my.httpPort' }
    const driver = await create({ 'mesos.master': 'm:5050', ...agents, ...own }, process)
    await driver.terminate()
  })

  await t.test('takes nothing of the machine, and asks no master, before it leads', async (t) => {
    const driver = await create({ 'mesos.master': 'm:5050', ...agents }, process)
    t.equal(driver.name, 'mesos')
    t.equal(driver.canStartWorkers, true)
    t.equal(world.clock.pendingTimers, 0)
    await t.rejects(
      driver.requestResource({} as never, {
        signal: new AbortController().signal,
        blockedNodes: new Set(),
      }),
      { code: 'FLINK_MESOS_REQUEST_WITHDRAWN' },
    )
    await driver.terminate()
  })
})

t.test('frameworkInfoOf', async (t) => {
  const infoOf = (values: Readonly<Record<string, string>>, place: object = {}) =>
    frameworkInfoOf(Configuration.fromMap(values), { ...PLACE, ...place })

  await t.test('by default', async (t) => {
    t.match(infoOf({}), {
      name: 'Flink',
      user: 'me',
      roles: ['*'],
      failoverTimeoutSeconds: 120,
      checkpoint: true,
      capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE', 'MULTI_ROLE'],
    })
    t.notMatch(Object.keys(infoOf({})), ['principal'])
  })

  await t.test('waits long for whoever may come back, or as long as it is told', async (t) => {
    const timeoutOf = (values: Readonly<Record<string, string>>) =>
      infoOf(values).failoverTimeoutSeconds
    t.equal(timeoutOf({ 'high-availability.type': 'zookeeper' }), 604_800)
    t.equal(timeoutOf({ 'mesos.framework-id-file': '/id' }), 604_800)
    t.equal(timeoutOf({ 'mesos.failover-timeout': '7' }), 7)
  })

  await t.test('shows where its REST endpoint is, and asks for GPUs if they are', async (t) => {
    const { webuiUrl, hostname, capabilities } = infoOf(
      {},
      { rest: 'jm.example:8081', needsGpus: true },
    )
    t.equal(webuiUrl, 'http://jm.example:8081')
    t.equal(hostname, 'jm.example')
    t.ok(capabilities.includes('GPU_RESOURCES'))
  })
})
