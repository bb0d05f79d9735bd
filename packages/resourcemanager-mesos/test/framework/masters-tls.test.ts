import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { Configuration, SeededRandom, SystemClock } from '@flink-ts/core'
import { createResourceManagerDriver } from '@flink-ts/resourcemanager-mesos'
import t, { type Test } from 'tap'
import { mastersTls } from '../../dist/framework/masters-tls.js'
import { clusterConfiguration } from '../../dist/launch/cluster-configuration.js'
import { RecordingLog } from '../support/recording-log.js'
import { WorkerEntries } from '../support/worker-entries.js'

const TLS = fileURLToPath(new URL('../../../mesos-client/test/fixtures/tls/', import.meta.url))
const STORES = fileURLToPath(new URL('../../../core/test/fixtures/tls/', import.meta.url))
const PREFIX = 'mesos.flink-ts.ssl.'

interface Heard {
  readonly type: string
  readonly authorization: string | undefined
  readonly framework: string | undefined
}

/** A master that takes every framework, and says what came over TLS, and by whom. */
async function masterByTls(t: Test, options: ServerOptions = {}) {
  const heard: Heard[] = []
  const server = createServer({
    key: readFileSync(`${TLS}master.key`),
    cert: readFileSync(`${TLS}master.crt`),
    ...options,
  })
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { type } = JSON.parse(Buffer.concat(chunks).toString()) as { type: string }
    const { subject } = (request.socket as TLSSocket).getPeerCertificate()
    heard.push({
      type,
      authorization: request.headers.authorization,
      framework: subject?.CN?.toString(),
    })
    if (type !== 'SUBSCRIBE') return void response.writeHead(202).end()
    const event = JSON.stringify({
      type: 'SUBSCRIBED',
      subscribed: { framework_id: { value: 'f-1' }, heartbeat_interval_seconds: 15 },
    })
    response.writeHead(200, { 'Content-Type': 'application/json', 'Mesos-Stream-Id': 's-1' })
    response.write(`${event.length}\n${event}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { heard, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A driver that leads, made from the configuration alone. */
async function driverOf(t: Test, values: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-mesos-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const secretFile = join(folder, 'cluster-secret')
  writeFileSync(secretFile, 'f'.repeat(64), { mode: 0o600 })
  const told: string[] = []
  const log = new RecordingLog()
  const driver = await createResourceManagerDriver({
    configuration: Configuration.fromMap({
      'security.cluster.secret-file': secretFile,
      'mesos.flink-ts.home-path': '/opt/f',
      'mesos.flink-ts.node-path': '/opt/node',
      ...values,
    }),
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log,
    folder,
    addresses: async () => ({ rpc: '127.0.0.1:6123', rest: '127.0.0.1:8081' }),
    tell: (line) => told.push(line),
  })
  t.teardown(() => driver.terminate())
  await driver.initialize(
    {
      onPreviousAttemptWorkersRecovered() {},
      onWorkerTerminated() {},
      onError: (error) => t.error(error),
    },
    new WorkerEntries().lead(),
  )
  return { told, log, driver }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const registered = (told: readonly string[]) => told.some((line) => /^Registered/.test(line))

t.test('the framework reaches masters by TLS that the truststore has', async (t) => {
  const { heard, address } = await masterByTls(t)
  for (const [name, values] of Object.entries({
    'a truststore is enough': {
      'mesos.master': address,
      [`${PREFIX}truststore`]: `${TLS}master.crt`,
    },
    'https:// is said': {
      'mesos.master': `https://${address}`,
      [`${PREFIX}truststore`]: `${TLS}master.crt`,
      [`${PREFIX}enabled`]: 'false',
    },
  })) {
    await t.test(name, async (t) => {
      heard.length = 0
      const credentials = {
        'mesos.resourcemanager.framework.principal': 'ann',
        'mesos.resourcemanager.framework.secret': 'hush',
      }
      const { told, driver } = await driverOf(t, { ...values, ...credentials })
      await until(() => registered(told))
      await driver.deregisterApplication('SUCCEEDED', '')
      const authorization = `Basic ${Buffer.from('ann:hush').toString('base64')}`
      t.strictSame(heard[0], { type: 'SUBSCRIBE', authorization, framework: undefined })
      t.equal(heard.at(-1)?.type, 'TEARDOWN')
    })
  }
})

t.test('the framework shows its certificate to masters that ask', async (t) => {
  const ca = readFileSync(`${STORES}cluster.crt`)
  const { heard, address } = await masterByTls(t, { ca, requestCert: true })
  for (const keystore of [
    { [`${PREFIX}keystore`]: `${STORES}cluster.pem` },
    {
      [`${PREFIX}keystore`]: `${STORES}cluster.p12`,
      [`${PREFIX}keystore-password`]: 'changeit',
    },
  ]) {
    heard.length = 0
    const { told } = await driverOf(t, {
      'mesos.master': address,
      [`${PREFIX}truststore`]: `${TLS}master.crt`,
      ...keystore,
    })
    await until(() => registered(told))
    t.ok(heard[0]?.framework, `${heard[0]?.framework} was shown`)
  }
})

t.test('the framework does not speak with masters that are not trusted', async (t) => {
  const { heard, address } = await masterByTls(t)
  const refusal = async (values: Readonly<Record<string, string>>) => {
    const { log } = await driverOf(t, { 'mesos.master': address, ...values })
    const said = () =>
      JSON.stringify(log.lines).match(/An attempt to subscribe failed.*?retry/)?.[0]
    await until(() => said() !== undefined)
    return said()
  }
  t.match(await refusal({ [`${PREFIX}enabled`]: 'true' }), /self.signed certificate/)
  t.match(
    await refusal({ [`${PREFIX}truststore`]: `${STORES}cluster.crt` }),
    /self.signed certificate/,
  )
  t.strictSame(heard, [])

  // Its certificate has no name.
  const nameless = await masterByTls(t, {
    key: readFileSync(`${STORES}cluster.pem`),
    cert: readFileSync(`${STORES}cluster.pem`),
  })
  const values = {
    'mesos.master': nameless.address,
    [`${PREFIX}truststore`]: `${STORES}cluster.crt`,
  }
  t.match(await refusal(values), /does not match certificate|altnames/i)
  t.strictSame(nameless.heard, [])
  const { told } = await driverOf(t, { ...values, [`${PREFIX}verify-hostname`]: 'false' })
  await until(() => registered(told))
})

t.test('stores that cannot be used are refused before anything is started', async (t) => {
  const created = (values: Readonly<Record<string, string>>) =>
    driverOf(t, { 'mesos.master': 'm:5050', ...values })
  await t.rejects(created({ [`${PREFIX}truststore`]: '/nowhere' }), {
    code: 'FLINK_TLS_CONFIGURATION',
    message: /mesos\.flink-ts\.ssl\.truststore.*ENOENT/,
  })
  await t.rejects(
    created({
      [`${PREFIX}keystore`]: `${STORES}cluster.p12`,
      [`${PREFIX}keystore-password`]: 'wrong',
    }),
    { message: /mesos\.flink-ts\.ssl\.keystore.*the password is wrong or missing/ },
  )
  await t.rejects(created({ [`${PREFIX}keystore`]: `${TLS}master.crt` }), {
    message: /private key and certificate must be there and belong together/,
  })
})

t.test('versions and suites of TLS matter only where masters may speak it', async (t) => {
  const values = {
    'security.ssl.protocol': 'TLSv1.1',
    'security.ssl.algorithms': 'TLS_RSA_WITH_NONSENSE',
  }
  const of = (more: Readonly<Record<string, string>>) =>
    mastersTls(Configuration.fromMap({ ...values, ...more }))
  for (const master of ['m:5050', 'http://m:5050,n:5050', 'zk://z:2181/mesos']) {
    t.strictSame(of({ 'mesos.master': master }), { tls: { verifyHostname: true }, scheme: 'http' })
  }
  const refused = { code: 'FLINK_TLS_CONFIGURATION', message: /cannot be TLSv1\.1/ }
  t.throws(() => of({ 'mesos.master': 'm:5050,HTTPS://n:5050' }), refused)
  t.throws(() => of({ 'mesos.master': 'm:5050', [`${PREFIX}enabled`]: 'true' }), refused)
  const file = join(t.testdir(), 'masters')
  t.throws(() => of({ 'mesos.master': `file://${file}` }), refused, 'which may name any')
  t.throws(
    () => of({ 'mesos.master': 'm:5050', [`${PREFIX}truststore`]: `${TLS}master.crt` }),
    refused,
  )
})

t.test('TaskManagers are not told of the stores of the framework', async (t) => {
  const values = Object.fromEntries(
    ['enabled', 'truststore', 'keystore', 'keystore-password', 'key-password'].map((name) => [
      `${PREFIX}${name}`,
      'x',
    ]),
  )
  t.strictSame(clusterConfiguration(Configuration.fromMap(values)), {})
})
