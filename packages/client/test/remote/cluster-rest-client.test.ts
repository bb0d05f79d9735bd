import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { clusterRestClient } from '@flink-ts/client/remote'
import { Configuration, SystemClock } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t, { type Test } from 'tap'
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
