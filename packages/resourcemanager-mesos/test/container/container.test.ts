import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Configuration, SeededRandom, SystemClock } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { ContainerContext } from '@flink-ts/runtime'
import t from 'tap'
import { newTicket } from '../../dist/artifacts/sealing.js'
import { jobManagerContainer } from '../../dist/container/job-manager-container.js'
import { readContainerEnvironment } from '../../dist/container/read-container-environment.js'
import { redeemTicket } from '../../dist/container/redeem-ticket.js'
import { launcherUnderTest, OFFER, PORTS, SECRET, specOf } from '../support/launching.js'

const tls = fileURLToPath(new URL('../../../core/test/fixtures/tls/', import.meta.url))

const READ_ON_AGENTS = {
  'mesos.flink-ts.home-path': '/opt/flink-ts',
  'mesos.flink-ts.node-path': '/usr/bin/node',
}

interface Tap {
  teardown(end: () => unknown): void
  testdir(): string
}

/** What a task launched by a real launcher finds: its environment and the properties of its command line. */
async function launched(t: Tap, values: Record<string, string> = {}) {
  const place = launcherUnderTest(t, { ...READ_ON_AGENTS, ...values })
  await place.launcher.start()
  await place.launcher.prepare()
  const { command } = place.launcher.launch('taskmanager-00001', specOf(), OFFER, PORTS)
  const given = [...command.value!.matchAll(/-D(\S+?)=(\S+)/g)].map(([, key, value]) => [
    key,
    value,
  ])
  const environment: Record<string, string | undefined> = {
    ...command.environment,
    MESOS_SANDBOX: '/sandbox',
  }
  return { ...place, environment, commandLine: Object.fromEntries(given) as Record<string, string> }
}

function context(
  kind: ContainerContext['kind'],
  values: Record<string, string>,
  environment: Record<string, string | undefined>,
): ContainerContext {
  return {
    kind,
    configuration: Configuration.fromMap(values),
    environment,
    configurationFolder: '/working',
    clock: new SystemClock(),
    random: new SeededRandom(1),
  }
}

async function serving(t: Tap, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`
}

t.test('a TaskManager gets configuration and secret for its ticket, in memory alone', async (t) => {
  const { environment, commandLine, folder, log } = await launched(t, {
    'taskmanager.bind-host': 'localhost',
    'taskmanager.memory.process.size': '2g',
    'jobmanager.rpc.address': 'elsewhere',
  })
  const before = readdirSync(folder, { recursive: true })
  const given = await readContainerEnvironment(context('taskmanager', commandLine, environment))
  t.match(given.configuration, {
    's3.secret-key': 'hush',
    'taskmanager.memory.process.size': '2g',
  })
  t.notOk('jobmanager.rpc.address' in given.configuration!)
  t.notOk('security.cluster.secret-file' in given.configuration!)
  t.equal(given.secret?.fileText().trim(), SECRET)
  t.strictSame(given.properties, {
    'taskmanager.bind-host': '0.0.0.0',
    'io.tmp.dirs': '/sandbox/tmp',
  })
  t.equal(given.logFile, '/sandbox/flink-taskmanager.log')
  t.notOk('FLINK_MESOS_TICKET' in environment, 'the ticket is gone from the environment')
  t.same(readdirSync(folder, { recursive: true }), before, 'nothing is on the disk')
  t.match(log.at('info').at(-1), { taskId: 'taskmanager-00001', peer: '127.0.0.1' })
})

t.test('what the command line says of a TaskManager wins', async (t) => {
  const { environment, commandLine } = await launched(t, { 'io.tmp.dirs': '/of-the-cluster' })
  const words = { ...commandLine, 'taskmanager.bind-host': '10.1.2.3', 'io.tmp.dirs': '/mine' }
  const { properties } = await readContainerEnvironment(context('taskmanager', words, environment))
  t.strictSame(properties, {})
})

t.test('on a machine that calls itself loopback a TaskManager listens there alone', async (t) => {
  const { environment, commandLine } = await launched(t)
  const words = { ...commandLine, 'taskmanager.host': '127.0.0.1' }
  const { properties } = await readContainerEnvironment(context('taskmanager', words, environment))
  t.match(properties, { 'taskmanager.bind-host': '127.0.0.1' })
})

t.test('a ticket is good once: the second process is refused and reported', async (t) => {
  const { environment, commandLine, log } = await launched(t)
  const stolen = { ...environment }
  await readContainerEnvironment(context('taskmanager', commandLine, environment))
  await t.rejects(readContainerEnvironment(context('taskmanager', commandLine, stolen)), {
    code: 'FLINK_MESOS_CONTAINER',
    message: /somebody else has used the ticket of this task before/,
  })
  t.match(log.at('error'), [{ taskId: 'taskmanager-00001', peer: '127.0.0.1' }])
})

t.test('a task that was given up gets nothing', async (t) => {
  const { environment, commandLine, launcher } = await launched(t)
  launcher.forget('taskmanager-00001')
  await t.rejects(readContainerEnvironment(context('taskmanager', commandLine, environment)), {
    code: 'FLINK_MESOS_CONTAINER',
    message: /the ticket of this task is not valid/,
  })
})

t.test(
  'with the secret on the agents no ticket is needed, and the secret stays there',
  async (t) => {
    const place = await launched(t, { 'mesos.flink-ts.secret-path': '/to/be/replaced' })
    const words = { ...place.commandLine, 'security.cluster.secret-file': place.secretFile }
    t.notOk('FLINK_MESOS_TICKET' in place.environment)
    const stolen = { ...place.environment }
    const given = await readContainerEnvironment(context('taskmanager', words, place.environment))
    t.equal(given.configuration?.['s3.secret-key'], 'hush')
    t.equal(given.secret?.fileText().trim(), SECRET)

    const other = join(place.folder, 'other-secret')
    writeFileSync(other, 'e'.repeat(64), { mode: 0o600 })
    const withOther = { ...words, 'security.cluster.secret-file': other }
    await t.rejects(
      readContainerEnvironment(context('taskmanager', withOther, { ...stolen })),
      /not valid/,
    )
    const absent = { ...words, 'security.cluster.secret-file': '/nowhere/secret' }
    await t.rejects(readContainerEnvironment(context('taskmanager', absent, { ...stolen })), {
      code: 'FLINK_MESOS_CONTAINER',
      message: /no file \/nowhere\/secret on this agent/,
    })
  },
)

t.test('a ticket goes through TLS as well', async (t) => {
  const { environment, commandLine } = await launched(t, {
    'security.ssl.internal.enabled': 'true',
    'security.ssl.internal.keystore': `${tls}cluster.pem`,
    'security.ssl.internal.truststore': `${tls}cluster.crt`,
  })
  t.match(environment['FLINK_MESOS_ARTIFACTS'], /^https:/)
  const given = await readContainerEnvironment(context('taskmanager', commandLine, environment))
  t.equal(given.secret?.fileText().trim(), SECRET)
  const plain = await launched(t, {
    'security.ssl.internal.enabled': 'true',
    'mesos.resourcemanager.artifactserver.ssl.enabled': 'false',
  })
  t.match(plain.environment['FLINK_MESOS_ARTIFACTS'], /^http:/)
})

t.test('a process that is no task is told so', async (t) => {
  for (const environment of [{}, { FLINK_MESOS_ARTIFACTS: 'http://127.0.0.1:1/x' }]) {
    await t.rejects(readContainerEnvironment(context('taskmanager', {}, environment)), {
      code: 'FLINK_MESOS_CONTAINER',
      message: /is not set; leave --container mesos out/,
    })
  }
})

t.test(
  'redeemTicket asks again with the same claim while the JobManager is in trouble',
  async (t) => {
    const shown: (string | undefined)[] = []
    const url = await serving(t, (request, response) => {
      shown.push(request.headers.authorization)
      t.equal(request.url, '/prefix/ticket')
      if (shown.length === 1) return void response.destroy()
      response.statusCode = shown.length === 2 ? 503 : 403
      response.end()
    })
    const clock = new ManualClock()
    const asked = redeemTicket({ artifacts: url, ticket: newTicket(), clock })
    asked.catch(() => {})
    for (const pauseMs of [200, 400]) {
      await until(() => clock.pendingTimers === 1)
      clock.advance(pauseMs - 1)
      t.equal(clock.pendingTimers, 1)
      clock.advance(1)
    }
    await t.rejects(asked, { code: 'FLINK_MESOS_CONTAINER', message: /not valid/ })
    t.equal(shown.length, 3)
    t.equal(new Set(shown).size, 1)
  },
)

/** Passes virtual time until it is settled. @returns how much */
async function passing(asked: Promise<unknown>, clock: ManualClock): Promise<number> {
  let isOver = false
  const settle = () => {
    isOver = true
  }
  asked.then(settle, settle)
  const begin = clock.now()
  for (;;) {
    await until(() => isOver || clock.pendingTimers === 1)
    if (isOver) return clock.now() - begin
    clock.advance(200)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

t.test('redeemTicket gives up after a minute', async (t) => {
  const clock = new ManualClock()
  const ticket = newTicket()
  const url = await serving(t, (_, response) => void response.destroy())
  const asked = redeemTicket({ artifacts: url, ticket, clock })
  const ms = await passing(asked, clock)
  await t.rejects(asked, {
    code: 'FLINK_MESOS_CONTAINER',
    message: /127\.0\.0\.1:\d+ cannot be asked for 60 s: .*is the JobManager there/,
  })
  t.ok(ms > 50_000 && ms <= 65_000, `${ms} ms`)
  await asked.catch((error) => t.notMatch(error.message, ticket))
})

t.test('redeemTicket gives up soon when nobody listens: that JobManager has ended', async (t) => {
  const clock = new ManualClock()
  const asked = redeemTicket({ artifacts: 'http://127.0.0.1:1/x', ticket: newTicket(), clock })
  const ms = await passing(asked, clock)
  await t.rejects(asked, {
    code: 'FLINK_MESOS_CONTAINER',
    message: /127\.0\.0\.1:1 cannot be asked for 10 s: .*ECONNREFUSED.*is the JobManager there/,
  })
  t.ok(ms > 5_000 && ms <= 10_000, `${ms} ms`)
})

t.test('redeemTicket believes nobody who does not know the ticket', async (t) => {
  const answers: [number, string | Buffer, RegExp][] = [
    [200, Buffer.alloc(100), /does not know the ticket/],
    [200, '', /does not know the ticket/],
    [404, '', /there is another JobManager now/],
    [302, '', /answers with status 302/],
  ]
  for (const [status, body, message] of answers) {
    const url = await serving(t, (_, response) => {
      response.statusCode = status
      response.end(body)
    })
    const clock = new ManualClock()
    await t.rejects(redeemTicket({ artifacts: url, ticket: newTicket(), clock }), { message })
  }
})

t.test('a JobManager', async (t) => {
  const read = (
    values: Record<string, string>,
    environment: Record<string, string> = {},
    machine = 'jm.example',
  ) => jobManagerContainer(context('jobmanager', values, environment), machine)

  await t.test('is on its machine, for all to reach, with REST closed to strangers', async (t) => {
    const { properties, logFile } = read({
      'jobmanager.rpc.address': 'localhost',
      'jobmanager.bind-host': 'localhost',
      'rest.bind-address': 'localhost',
      'resourcemanager.driver': 'standalone',
      'mesos.master': 'm1:5050',
    })
    t.strictSame(properties, {
      'resourcemanager.driver': 'mesos',
      'jobmanager.rpc.address': 'jm.example',
      'rest.address': 'jm.example',
      'jobmanager.bind-host': '0.0.0.0',
      'rest.bind-address': '0.0.0.0',
      'security.rest.authentication.enabled': 'true',
    })
    t.equal(logFile, undefined)
  })

  await t.test('is where its configuration says', async (t) => {
    const { properties } = read({
      'jobmanager.rpc.address': '10.0.0.9',
      'rest.address': 'public.example',
      'jobmanager.bind-host': '10.0.0.9',
      'rest.bind-address': '10.0.0.9',
      'security.rest.authentication.enabled': 'false',
    })
    t.strictSame(properties, {
      'resourcemanager.driver': 'mesos',
      'jobmanager.rpc.address': '10.0.0.9',
      'rest.address': 'public.example',
    })
  })

  await t.test('stays on loopback where the masters are on it', async (t) => {
    for (const master of ['127.0.0.1:5050', 'zk://a:b@localhost:2181,127.0.0.1:2182/mesos']) {
      const values = { 'jobmanager.rpc.address': '127.0.0.1', 'mesos.master': master }
      t.match(read(values).properties, {
        'jobmanager.rpc.address': '127.0.0.1',
        'rest.address': '127.0.0.1',
        'jobmanager.bind-host': '127.0.0.1',
        'rest.bind-address': '127.0.0.1',
      })
    }
    const mixed = {
      'jobmanager.rpc.address': '127.0.0.1',
      'mesos.master': 'zk://127.0.0.1:2181,z2:2181/mesos',
    }
    t.match(read(mixed).properties, { 'jobmanager.rpc.address': 'jm.example' })
  })

  await t.test('has the host and the ports that Marathon gave', async (t) => {
    const marathon = {
      MARATHON_APP_ID: '/flink',
      HOST: 'agent3.example',
      PORT0: '31005',
      PORT1: '31006',
      PORT2: '31007',
      MESOS_SANDBOX: '/mnt/mesos/sandbox',
    }
    const example = {
      'jobmanager.rpc.address': 'localhost',
      'rest.port': '8081',
      'jobmanager.rpc.port': '6123',
    }
    const { properties, logFile } = read(example, marathon)
    t.match(properties, {
      'jobmanager.rpc.address': 'agent3.example',
      'rest.port': '31005',
      'jobmanager.rpc.port': '31006',
      'high-availability.jobmanager.port': '31006',
      'mesos.resourcemanager.artifactserver.port': '31007',
    })
    t.equal(logFile, '/mnt/mesos/sandbox/flink-jobmanager.log')
    const own = read({ 'rest.port': '9000' }, { ...marathon, PORT2: '' }).properties
    t.notOk('rest.port' in own)
    t.notOk('mesos.resourcemanager.artifactserver.port' in own)
    const { MARATHON_APP_ID: _, ...without } = marathon
    t.match(read(example, without).properties, { 'jobmanager.rpc.address': 'jm.example' })
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
