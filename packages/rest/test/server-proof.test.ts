import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { SystemClock } from '@flink-ts/core'
import { ClusterSecret } from '@flink-ts/core/security'
import { isRestServerProven, proveRestServer } from '@flink-ts/core/security/secrets'
import { RestClusterClient } from '@flink-ts/rest/client'
import t, { type Test } from 'tap'
import { overview, recording, secret, startClosed, token } from './authenticated-server.js'
import { startServer } from './start-server.js'

/** What a server heard that answers each request with 401 and `headers`. */
async function startStranger(
  t: Test,
  headers: (nonce: string) => Promise<Record<string, string>>,
  port = 0,
) {
  const heard: IncomingHttpHeaders[] = []
  const server = createServer(async (request, response) => {
    heard.push(request.headers)
    const nonce = String(request.headers['flink-ts-prove'] ?? '')
    response.writeHead(401, { 'content-type': 'application/json', ...(await headers(nonce)) })
    response.end(JSON.stringify({ errors: ['its secret'] }))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { heard, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test(
  'a client shows its token by itself to a server that has proved to be of the cluster',
  async (t) => {
    const { log, lines } = recording()
    const submitted: string[] = []
    const { server } = await startClosed(t, {
      log,
      dispatcher: {
        requestClusterOverview: () => overview,
        submitJob: () => {
          submitted.push('job')
          return {}
        },
      },
    })
    let asked = 0
    const options = { clock: new SystemClock(), address: `localhost:${server.port}` }
    const secretOnDemand = () => {
      asked++
      return secret
    }
    const client = new RestClusterClient({ ...options, secretOnDemand })
    t.match(await client.clusterOverview(), { taskmanagers: 3 })
    t.match(await client.clusterOverview(), { taskmanagers: 3 })
    t.equal(asked, 1)
    // A submission is the first that it does.
    const other = new RestClusterClient({ ...options, secretOnDemand })
    await other.submitJob(JSON.stringify({ jobId: '1'.repeat(32), program: {} }), Buffer.from('x'))
    t.strictSame(submitted, ['job'])
    const refused = lines.filter((line) => line.startsWith('Refused a REST request'))
    t.strictSame(refused, [], 'clients of the cluster are no strangers')

    const without = new RestClusterClient({ ...options, secretOnDemand: () => undefined })
    await t.rejects(without.clusterOverview(), { message: /has none to show/ })
    const foreign = ClusterSecret.fromText('o'.repeat(40), '/conf/cluster-secret')
    const stranger = new RestClusterClient({ ...options, secretOnDemand: () => foreign })
    await t.rejects(stranger.clusterOverview(), {
      code: 'FLINK_REST_UNAUTHORIZED',
      message:
        /does not prove that it knows that of \/conf\/cluster-secret: it is of another cluster/,
    })
  },
)

t.test(
  'no token goes to a server that cannot prove it, nor to one that lets another prove it',
  async (t) => {
    const { raw } = await startClosed(t)
    const relay = async (nonce: string): Promise<Record<string, string>> => {
      const { headers } = await raw('/overview', { headers: { 'flink-ts-prove': nonce } })
      return nonce === '' ? {} : { 'flink-ts-proof': String(headers['flink-ts-proof']) }
    }
    for (const answer of [
      async () => ({}),
      async () => ({ 'flink-ts-proof': '0'.repeat(64) }),
      async () => ({ 'flink-ts-proof': token }),
      relay,
    ]) {
      const { heard, address } = await startStranger(t, answer)
      const client = new RestClusterClient({
        address,
        clock: new SystemClock(),
        secretOnDemand: () => secret,
      })
      await t.rejects(client.clusterOverview(), { code: 'FLINK_REST_UNAUTHORIZED' })
      await t.rejects(client.submitJob('{}', Buffer.from('x')), { code: 'FLINK_REST_UNAUTHORIZED' })
      t.ok(heard.length >= 3)
      t.strictSame(
        heard.filter(({ authorization }) => authorization !== undefined),
        [],
      )
    }
  },
)

t.test('a proof counts for one connection: who takes the port later gets no token', async (t) => {
  const { server } = await startClosed(t)
  const port = Number(server.address.slice(server.address.lastIndexOf(':') + 1))
  const client = new RestClusterClient({
    address: `127.0.0.1:${port}`,
    clock: new SystemClock(),
    secretOnDemand: () => secret,
  })
  t.match(await client.clusterOverview(), { taskmanagers: 3 })
  await server.close()
  const { heard } = await startStranger(t, async () => ({ 'flink-ts-proof': '0'.repeat(64) }), port)
  await t.rejects(client.clusterOverview(), { code: 'FLINK_REST_UNAUTHORIZED' })
  await t.rejects(client.submitJob('{}', Buffer.from('x')), { code: 'FLINK_REST_UNAUTHORIZED' })
  t.ok(heard.length >= 3)
  t.notOk(heard.some(({ authorization }) => authorization !== undefined))
})

t.test('who breaks the connection off after its proof gets no token on another', async (t) => {
  const heard: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers)
    const { localAddress: address, localPort } = request.socket
    const nonce = String(request.headers['flink-ts-prove'] ?? '')
    const proof = proveRestServer(secret, nonce, { address, port: localPort })
    response.writeHead(401, {
      'content-type': 'application/json',
      connection: 'close',
      ...(proof === undefined ? {} : { 'flink-ts-proof': proof }),
    })
    response.end(JSON.stringify({ errors: ['who is it?'] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const client = new RestClusterClient({
    address: `127.0.0.1:${port}`,
    clock: new SystemClock(),
    secretOnDemand: () => secret,
  })
  await t.rejects(client.clusterOverview(), { code: 'FLINK_REST_CONNECTION' })
  t.notOk(heard.some(({ authorization }) => authorization !== undefined))
})

t.test('a proxy that answers for a server that is away does not tell whom it asks', async (t) => {
  const { server } = await startClosed(t, {
    dispatcher: { requestClusterOverview: () => overview, submitJob: () => ({}) },
  })
  let isAway = true
  const proxy = createTcpServer((socket) => {
    if (isAway) {
      socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'))
      return
    }
    const port = Number(server.address.slice(server.address.lastIndexOf(':') + 1))
    const behind = connect(port, '127.0.0.1')
    socket.pipe(behind).pipe(socket)
    socket.on('error', () => behind.destroy())
    behind.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const asked: string[] = []
  const client = new RestClusterClient({
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    clock: new SystemClock(),
    secretOnDemand: () => {
      asked.push('secret')
      return secret
    },
  })
  await t.rejects(client.clusterOverview(), { code: 'FLINK_REST_CONNECTION' })
  t.strictSame(asked, [])
  isAway = false
  // Its port is another than that of the server, which is why it proves nothing; but it is asked.
  await t.rejects(client.clusterOverview(), { code: 'FLINK_REST_UNAUTHORIZED' })
  t.strictSame(asked, ['secret'])
})

t.test('a server that asks nobody is not asked to prove anything', async (t) => {
  const { server } = await startServer(t, {
    dispatcher: { requestClusterOverview: () => overview, submitJob: () => ({}) },
  })
  let asked = 0
  const client = new RestClusterClient({
    address: server.address,
    clock: new SystemClock(),
    secretOnDemand: () => {
      asked++
      return secret
    },
  })
  await client.clusterOverview()
  await client.submitJob(JSON.stringify({ jobId: '1'.repeat(32), program: {} }), Buffer.from('x'))
  t.equal(asked, 0)
})

t.test('proveRestServer: for one nonce, and one end of a connection', async (t) => {
  const nonce = 'a'.repeat(64)
  const end = { address: '10.0.0.5', port: 8081 }
  const proof = proveRestServer(secret, nonce, end)!
  const holds = (n: string, e: typeof end, p: string, s = secret) => isRestServerProven(s, n, e, p)
  t.ok(holds(nonce, end, proof))
  t.ok(holds(nonce, { ...end, address: '::ffff:10.0.0.5' }, proof), 'the same address')
  t.notOk(holds(nonce, { ...end, address: '10.0.0.6' }, proof))
  t.notOk(holds(nonce, { ...end, port: 8082 }, proof))
  t.notOk(holds('b'.repeat(64), end, proof))
  t.notOk(holds(nonce, end, proof, ClusterSecret.random()))
  t.notOk(holds(nonce, end, ''))
  t.not(proof, token)
  for (const strange of ['', 'A'.repeat(64), `${nonce}\n`, 'a'.repeat(63), '../']) {
    t.equal(proveRestServer(secret, strange, end), undefined)
  }
  t.equal(proveRestServer(secret, nonce, { address: undefined, port: 1 }), undefined)
})
