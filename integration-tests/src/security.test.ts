import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Command } from './support/command.js'
import { listeningPorts } from './support/listening-ports.js'
import { PROJECT_FOLDER, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const WORD_COUNT = join(PROJECT_FOLDER, 'packages/examples/src/wordcount.ts')
const TLS = join(PROJECT_FOLDER, 'packages', 'core', 'test', 'fixtures', 'tls')

function tlsOf(keystore: string) {
  return {
    'security.ssl.internal.enabled': 'true',
    'security.ssl.internal.keystore': join(TLS, keystore),
    'security.ssl.internal.keystore-password': 'changeit',
    'security.ssl.internal.truststore': join(TLS, 'truststore.p12'),
    'security.ssl.internal.truststore-password': 'changeit',
  }
}

/** A TaskManager beside those of the cluster, with a configuration of its own, until the end of the test. */
function startStranger(
  t: Test,
  cluster: TestCluster,
  name: string,
  configuration: Readonly<Record<string, string>>,
) {
  const confDir = join(cluster.folder, name)
  mkdirSync(confDir)
  const text = readFileSync(join(cluster.confDir, 'flink-conf.yaml'), 'utf8')
  const own = Object.entries(configuration).map(([key, value]) => `${key}: ${value}\n`)
  const kept = text
    .split('\n')
    .filter((line) => !own.some((l) => l.startsWith(`${line.split(': ')[0]}: `)))
  writeFileSync(join(confDir, 'flink-conf.yaml'), `${kept.join('\n')}\n${own.join('')}`)
  const command = cluster.command('taskmanager.sh', ['start-foreground'], {
    FLINK_CONF_DIR: confDir,
  })
  t.teardown(async () => {
    command.kill('SIGTERM')
    await command.result()
  })
  return command
}

function output(command: Command): string {
  return command.stdout + command.stderr
}

function count(text: string, pattern: RegExp): number {
  return text.split('\n').filter((line) => pattern.test(line)).length
}

t.test('a cluster with TLS and a secret runs jobs, and nobody else joins it', async (t) => {
  const cluster = await TestCluster.start(t, { slots: 1, configuration: tlsOf('cluster.p12') })
  const secretFile = join(cluster.confDir, 'cluster-secret')
  const secret = readFileSync(secretFile, 'utf8').trim()
  t.equal(statSync(secretFile).mode & 0o777, 0o600)

  const run = async () => {
    const input = cluster.write('text', 'to be or not to be\n'.repeat(200))
    const target = join(cluster.folder, `out-${randomBytes(4).toString('hex')}`)
    return cluster.flink('run', '-p', '2', WORD_COUNT, '--input', input, '--output', target)
  }

  await t.test('a job exchanges data between two TaskManagers', async (t) => {
    const { code, stderr } = await run()
    t.equal(code, 0, 'the job finished', { stderr })
    t.notMatch(cluster.logs('standalonesession', 'log'), /Refused a peer/)
  })

  await t.test('a TaskManager with another certificate is refused, logged once', async (t) => {
    const stranger = startStranger(t, cluster, 'other-certificate', {
      ...tlsOf('keytool.p12'),
      'security.cluster.secret-file': secretFile,
    })
    const refused = /Refused a peer.*CN=keytool.* is not trusted/
    await until('its log tells', () => output(stranger).includes('does not accept the certificate'))
    t.equal(count(cluster.logs('standalonesession', 'log'), refused), 1)
    t.equal(count(output(stranger), /Cannot join a peer/), 1)
  })

  await t.test('a TaskManager with another secret is refused, logged once', async (t) => {
    const stranger = startStranger(t, cluster, 'other-secret', {})
    const refused = /Refused a peer.*another cluster secret/
    await until('its log tells', () => output(stranger).includes('another cluster secret'))
    t.equal(count(cluster.logs('standalonesession', 'log'), refused), 1)
    t.equal(count(output(stranger), /Cannot join a peer/), 1)
  })

  await t.test('a secret that others can read is refused with the remedy', async (t) => {
    const file = cluster.write('open-secret', secret)
    chmodSync(file, 0o644)
    const stranger = startStranger(t, cluster, 'open', { 'security.cluster.secret-file': file })
    t.match(await stranger.result(), { code: 1 })
    t.match(output(stranger), `run "chmod 600 ${file}"`)
  })

  await t.test('garbage on the ports of RPC and data hurts nothing', async (t) => {
    const pids = [...cluster.pids('standalonesession'), ...cluster.pids('taskexecutor')]
    const ports = pids.flatMap(listeningPorts).filter((port) => port !== cluster.restPort)
    t.equal(ports.length >= 5, true, 'a port of the JobManager, two of each TaskManager', { ports })
    for (const port of ports) {
      for (const size of [1, 100, 100_000]) {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.resume()
        const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
        socket.end(Buffer.concat([Buffer.from(size === 100 ? 'FTS1' : ''), randomBytes(size)]))
        await closed
      }
    }
    t.equal((await cluster.rest.clusterOverview())['slots-total'], 2)
    t.equal((await run()).code, 0, 'a job still runs')
  })

  await t.test('the secret is nowhere but in its file', async (t) => {
    const config = JSON.stringify(
      await (await fetch(`http://127.0.0.1:${cluster.restPort}/jobmanager/config`)).json(),
    )
    const commands = [...cluster.pids('standalonesession'), ...cluster.pids('taskexecutor')].map(
      (pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'latin1') +
        readFileSync(`/proc/${pid}/environ`, 'latin1'),
    )
    const logs = ['standalonesession', 'taskexecutor'].flatMap((daemon) => [
      cluster.logs(daemon, 'log'),
      cluster.logs(daemon, 'out'),
    ])
    for (const text of [config, ...commands, ...logs]) {
      t.equal(text.includes(secret), false)
      t.equal(text.includes('changeit'), false)
    }
  })
})
