import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SystemClock } from '@flink-ts/core'
import { RestClusterClient, type RestLeaderLookup } from '@flink-ts/rest/client'
import t, { type Test } from 'tap'

const NO_LEADER = { errors: ['FLINK_REST_NO_LEADER: nobody leads'] }

/** A REST endpoint that answers what a test says. */
async function endpoint(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function json(response: ServerResponse, statusCode: number, body: unknown): void {
  response.writeHead(statusCode, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** Says, one by one, who leads; the last one stays. */
function lookupOf(...leaders: (string | undefined)[]): RestLeaderLookup & { asked: unknown[] } {
  const asked: unknown[] = []
  return {
    asked,
    description: 'the test',
    find: async ({ unlike }) => {
      asked.push(unlike)
      return leaders.length > 1 ? leaders.shift() : leaders[0]
    },
  }
}

function clientOf(lookup: RestLeaderLookup | undefined, patienceMs: number, address = 'unused:1') {
  const told: string[] = []
  const client = new RestClusterClient({
    address,
    clock: new SystemClock(),
    retryDelayMs: 1,
    leaderChanges: {
      patienceMs,
      firstPatienceMs: patienceMs,
      ...(lookup === undefined ? {} : { lookup }),
      onWaiting: () => told.push('waiting'),
      onFound: () => told.push('found'),
    },
  })
  return { client, told }
}

t.test('a client finds the next leader when the one that it called is gone', async (t) => {
  const first = await endpoint(t, (_request, response) => response.destroy())
  const second = await endpoint(t, (_request, response) =>
    json(response, 200, { status: 'RUNNING' }),
  )
  const lookup = lookupOf(first, second)
  const { client, told } = clientOf(lookup, 10_000)

  t.equal(await client.jobStatus('a'), 'RUNNING')
  t.strictSame(lookup.asked, [undefined, first], 'the one that failed is not wanted')
  t.strictSame(told, ['waiting', 'found'])
  t.equal(`http://${client.address}`, second)
  await client.jobStatus('a')
  t.equal(lookup.asked.length, 2, 'nobody is asked while it answers')
})

t.test('a client with one address repeats what a standby cannot pass on', async (t) => {
  let calls = 0
  const standby = await endpoint(t, (_request, response) => {
    if (++calls < 3) json(response, calls === 1 ? 503 : 502, NO_LEADER)
    else json(response, 200, { status: 'RUNNING' })
  })
  const { client } = clientOf(undefined, 10_000, standby.replace('http://', ''))

  t.equal(await client.jobStatus('a'), 'RUNNING')
  t.equal(calls, 3)
})

t.test(
  'a submission whose outcome is unknown is repeated; that it is there then is success',
  async (t) => {
    const bodies: number[] = []
    const leader = await endpoint(t, (request, response) => {
      bodies.push(Number(request.headers['content-length']))
      if (bodies.length === 1) response.destroy()
      else json(response, 500, { errors: ['FLINK_DUPLICATE_JOB_SUBMISSION: Job a has already …'] })
    })
    const { client } = clientOf(lookupOf(leader), 10_000)

    await client.submitJob('{}', Buffer.from('program'))
    t.equal(bodies.length, 2)
    t.ok(bodies[1]! > 0, 'with its files')

    await t.rejects(client.submitJob('{}', undefined), /FLINK_DUPLICATE_JOB_SUBMISSION/)
  },
)

t.test('a refusal that is none of the leadership is told at once', async (t) => {
  let calls = 0
  const leader = await endpoint(t, (_request, response) => {
    calls++
    json(response, 400, { errors: ['FLINK_INVALID_JOB_GRAPH: no'] })
  })
  const { client } = clientOf(lookupOf(leader), 10_000)

  await t.rejects(client.submitJob('{}', undefined), /FLINK_INVALID_JOB_GRAPH/)
  t.equal(calls, 1)
})

t.test(
  'without a leader a client gives up when its patience is over, and says where it looked',
  async (t) => {
    const { client } = clientOf(lookupOf(undefined), 30)

    await t.rejects(client.jobStatus('a'), {
      code: 'FLINK_REST_CONNECTION',
      message: /no JobManager leads, says the test/,
    })
  },
)

t.test(
  'the end of a cluster is asked for once: a repetition would end the next leader',
  async (t) => {
    let calls = 0
    const leader = await endpoint(t, (_request, response) => {
      calls++
      response.destroy()
    })
    const { client } = clientOf(lookupOf(leader), 10_000)

    await t.rejects(client.shutDownCluster(), { code: 'FLINK_REST_CONNECTION' })
    t.equal(calls, 1)
  },
)
