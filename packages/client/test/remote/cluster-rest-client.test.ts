import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createExecutor } from '@flink-ts/client'
import { clusterRestClient } from '@flink-ts/client/remote'
import { Configuration, FlinkError, SystemClock } from '@flink-ts/core'
import { ClusterSecret, restToken, writeClusterSecret } from '@flink-ts/core/security'
import { ManualClock } from '@flink-ts/core/testing'
import type { ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import t, { type Test } from 'tap'
import { clusterLeaderLookup } from '../../dist/remote/cluster-leader-lookup.js'
import { restLeaderLookup } from '../../dist/remote/rest-leader-lookup.js'

/** Names whoever stands in a file, and writes down what was opened and not closed. */
const MODULE = `
import { readFileSync } from 'node:fs'
globalThis.openRetrievals = 0
export const createHighAvailabilityServices = () => { throw new Error('not for clients') }
export function createLeaderRetrieval({ configuration, onFatalError }) {
  globalThis.openRetrievals++
  const file = configuration.toMap()['high-availability.cluster-id']
  return {
    leaderRetriever: () => ({
      start(listener) {
        const address = readFileSync(file, 'utf8')
        if (address === 'wrong password') onFatalError(new Error(address))
        else listener(address === '' ? undefined : { address, endpointId: 'rest', token: { epoch: 1, uuid: 'u' } })
      },
      close: async () => {},
    }),
    close: async () => { globalThis.openRetrievals-- },
  }
}
`
const openRetrievals = () => (globalThis as { openRetrievals?: number }).openRetrievals

async function jobManager(t: Test, status: string) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ status }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(close)
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { address, url: `http://${address}`, close }
}

function highlyAvailable(t: Test, more: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'flink-client-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [module, leader] = [join(folder, 'coordination.mjs'), join(folder, 'leader')]
  writeFileSync(module, MODULE)
  writeFileSync(leader, '')
  return {
    leads: (url: string) => writeFileSync(leader, url),
    configuration: Configuration.fromMap({
      'high-availability.type': pathToFileURL(module).href,
      'high-availability.cluster-id': leader,
      'rest.address': 'nobody.invalid',
      'rest.retry.delay': '10 ms',
      ...more,
    }),
  }
}

t.test('clusterRestClient calls rest.address where there is one JobManager', async (t) => {
  const { address } = await jobManager(t, 'RUNNING')
  const [host, port] = address.split(':')
  const configuration = Configuration.fromMap({ 'rest.address': host!, 'rest.port': port! })
  const client = clusterRestClient({ configuration, clock: new SystemClock() })

  t.equal(client.bearsLeaderChanges, false)
  t.equal(await client.jobStatus('a'), 'RUNNING')
})

t.test(
  'clusterRestClient calls whoever leads, also when that changes, and leaves nothing open',
  async (t) => {
    const [first, second] = [await jobManager(t, 'RUNNING'), await jobManager(t, 'RESTARTING')]
    const { configuration, leads } = highlyAvailable(t)
    leads(first.url)
    const told: string[] = []
    const client = clusterRestClient({
      configuration,
      clock: new SystemClock(),
      onWaiting: () => {
        told.push('waiting')
        leads(second.url)
      },
      onFound: () => told.push('found'),
    })

    t.equal(await client.jobStatus('a'), 'RUNNING')
    first.close()
    t.equal(await client.jobStatus('a'), 'RESTARTING')
    t.strictSame(told, ['waiting', 'found'])
    t.equal(client.address, second.address)
    t.equal(openRetrievals(), 0)
  },
)

t.test(
  'clusterRestClient calls the JobManager that it is told in place of the leader',
  async (t) => {
    const standby = await jobManager(t, 'RUNNING')
    const { configuration } = highlyAvailable(t)
    const { address } = standby
    const client = clusterRestClient({ configuration, clock: new SystemClock(), address })

    t.equal(await client.jobStatus('a'), 'RUNNING')
  },
)

t.test('clusterRestClient says that nobody leads when its first patience is over', async (t) => {
  const { configuration } = highlyAvailable(t, { 'rest.await-leader-timeout': '50 ms' })
  const client = clusterRestClient({ configuration, clock: new SystemClock() })

  await t.rejects(client.jobStatus('a'), {
    code: 'FLINK_REST_CONNECTION',
    message: /no JobManager leads.*flink ha list|no JobManager leads, says/,
  })
  t.equal(openRetrievals(), 0)
})

t.test(
  'restLeaderLookup says at once that nobody will be found, and waits no longer',
  async (t) => {
    const { configuration, leads } = highlyAvailable(t)
    leads('wrong password')
    const clock = new ManualClock()

    const lookup = restLeaderLookup(configuration, clock)
    await t.rejects(lookup.find({ patienceMs: 30_000 }), { message: 'wrong password' })
    t.equal(clock.pendingTimers, 0, 'nothing keeps the process')
    t.equal(openRetrievals(), 0)
  },
)

t.test(
  'clusterRestClient shows the token of the secret where the configuration asks for it',
  async (t) => {
    const folder = t.testdir({})
    const seen: (string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ status: 'RUNNING' }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const secret = ClusterSecret.random()
    writeClusterSecret(join(folder, 'cluster-secret'), secret)
    const clock = new SystemClock()
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const configuration = Configuration.fromMap({ 'security.rest.authentication.enabled': 'true' })
    const clients = [
      clusterRestClient({ configuration, clock, address, configurationFolder: folder }),
      clusterRestClient({ configuration, clock, address, secret: ClusterSecret.random() }),
      clusterRestClient({ configuration: new Configuration(), clock, address, secret }),
    ]
    for (const client of clients) await client.jobStatus('a')
    t.equal(seen[0], `Bearer ${restToken(secret)}`)
    t.match(seen[1], /^Bearer [0-9a-f]{64}$/)
    t.not(seen[1], seen[0])
    t.equal(seen[2], undefined, 'nobody asked for it')
    const undecided = clusterRestClient({
      configuration: new Configuration(),
      clock,
      address,
      configurationFolder: folder,
    })
    await undecided.jobStatus('a')
    t.equal(seen[3], undefined, 'who asks, must prove to know it first')

    t.throws(() => clusterRestClient({ configuration, clock, address }), {
      code: 'FLINK_CLUSTER_SECRET',
      message: /security\.cluster\.secret-file names no file/,
    })
  },
)

function handleOf(
  reports: () => Promise<ClusterReport>,
  more: Record<string, string> = {},
): ClusterHandle {
  return {
    clusterId: 'application_1_1',
    configuration: Configuration.fromMap(more),
    report: reports,
    whenRunning: reports,
    whenEnded: reports,
    kill: async () => {},
  }
}

t.test(
  'clusterLeaderLookup waits for another address in the report, as long as it may',
  async (t) => {
    const clock = new ManualClock()
    let report: ClusterReport = { state: 'RUNNING', diagnostics: '', restAddress: 'a:1' }
    let away = false
    const { find, description } = clusterLeaderLookup(
      handleOf(async () => {
        if (away) throw new FlinkError('away', { code: 'FLINK_TESTING', retriable: true })
        return report
      }),
      clock,
    )
    t.equal(description, 'the report of application_1_1')
    t.equal(await find({ patienceMs: 0 }), 'http://a:1')
    const turn = () => new Promise((resolve) => setImmediate(resolve))

    const same = find({ patienceMs: 1000, unlike: 'http://a:1' })
    for (let i = 0; i < 2; i++) {
      await turn()
      clock.advance(500)
    }
    t.equal(await same, 'http://a:1', 'the one that leads still')

    away = true
    const other = find({ patienceMs: 60_000, unlike: 'http://a:1' })
    await turn()
    away = false
    report = { ...report, restAddress: 'b:2' }
    clock.advance(500)
    t.equal(await other, 'http://b:2')

    report = { state: 'ENDED', status: 'FAILED', diagnostics: 'exit code 137\n' }
    await t.rejects(find({ patienceMs: 60_000 }), {
      code: 'FLINK_CLUSTER_ENDED',
      message: 'The cluster application_1_1 has ended (FAILED): exit code 137',
    })
  },
)

t.test(
  'clusterLeaderLookup asks high availability where there is one, and still knows of the end',
  async (t) => {
    const { leads, configuration } = highlyAvailable(t)
    let report: ClusterReport = { state: 'STARTING', diagnostics: '' }
    const handle = handleOf(async () => report, configuration.toMap())
    const { find } = clusterLeaderLookup(handle, new SystemClock())
    leads('http://leader:1')
    t.equal(await find({ patienceMs: 1000 }), 'http://leader:1')
    leads('')
    t.equal(await find({ patienceMs: 10 }), undefined)
    report = { state: 'ENDED', diagnostics: '' }
    await t.rejects(find({ patienceMs: 10 }), {
      message: 'The cluster application_1_1 has ended (UNKNOWN)',
    })
  },
)

t.test('createExecutor refuses targets that only flink run can deploy to', async (t) => {
  const configuration = Configuration.fromMap({ 'execution.target': 'yarn-per-job' })
  await t.rejects(createExecutor(configuration), {
    code: 'FLINK_UNKNOWN_TARGET',
    message: /start it by flink run -t yarn-per-job$/,
  })
})
