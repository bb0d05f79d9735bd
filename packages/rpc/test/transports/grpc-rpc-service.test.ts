import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { MainThreadExecutor } from '@flink-ts/rpc'
import { GrpcRpcService, type GrpcRpcServiceOptions } from '@flink-ts/rpc/grpc'
import t, { type Test } from 'tap'
import { TEST_GATEWAY, type TestGateway, TestingGateway } from '../testing-gateway.js'

const clock = new SystemClock()

async function startService(t: Test, options: Partial<GrpcRpcServiceOptions> = {}) {
  const service = await GrpcRpcService.start({ clock, log: noopLogger, ...options })
  t.teardown(() => service.close())
  return service
}

function serve(service: GrpcRpcService): TestingGateway {
  const handler = new TestingGateway()
  const mainThread = new MainThreadExecutor({
    name: 'test_1',
    clock,
    onFatalError: (error) => {
      throw error
    },
  })
  service.startServer<TestGateway>({
    endpointId: 'test_1',
    definition: TEST_GATEWAY,
    handler,
    mainThread,
    fencingToken: () => 'unfenced',
  })
  return handler
}

async function listen(t: Test): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, port: (server.address() as AddressInfo).port }
}

t.test('GrpcRpcService takes the first free port of its ranges', async (t) => {
  const { port: taken } = await listen(t)
  const { server, port: free } = await listen(t)
  server.close()
  await once(server, 'close')

  const service = await startService(t, { bindPorts: `${taken},${free}` })

  t.equal(service.address, `127.0.0.1:${free}`)
})

t.test('GrpcRpcService names host and ports when all are in use', async (t) => {
  const { port } = await listen(t)

  await t.rejects(startService(t, { bindPorts: `${port}` }), {
    code: 'FLINK_RPC_PORT_IN_USE',
    host: '127.0.0.1',
    ports: `${port}`,
    message: `Cannot listen on 127.0.0.1, port ${port}: another process listens there`,
  })
  await t.rejects(startService(t, { bindPorts: `${port},${port}` }), {
    code: 'FLINK_RPC_PORT_IN_USE',
    message: /ports .*: all of them are in use/,
  })
})

t.test('GrpcRpcService refuses a host that is not of this machine', async (t) => {
  await t.rejects(startService(t, { bindHost: '192.0.2.1' }), {
    code: 'FLINK_RPC_BIND_FAILED',
    host: '192.0.2.1',
  })
})

t.test('GrpcRpcService refuses what is no port range', async (t) => {
  for (const bad of ['', 'x', '5-3', '6123-65536']) {
    await t.rejects(startService(t, { bindPorts: bad }), { code: 'FLINK_RPC_INVALID_PORT_RANGE' })
  }
})

t.test('GrpcRpcService advertises the host and port that it is told', async (t) => {
  const service = await startService(t, { advertisedHost: 'jm.example', advertisedPort: 6123 })
  t.equal(service.address, 'jm.example:6123')
})

t.test('GrpcRpcService survives garbage on its port and answers the next call', async (t) => {
  const service = await startService(t)
  serve(service)
  const port = Number(service.address.split(':')[1])
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const garbage = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 197) & 0xff)),
    Buffer.concat([Buffer.from(preface), Buffer.alloc(500, 0xff)]),
  ]
  for (const bytes of garbage) {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.end(bytes)
    await once(socket, 'close')
  }

  const gateway = (await startService(t)).connect(service.address, 'test_1', TEST_GATEWAY)
  t.same(await gateway.say({ text: 'alive' }), { text: 'alive' })
})

t.test('GrpcRpcService answers malformed calls of a foreign client with an error', async (t) => {
  const service = await startService(t, { maxMessageBytes: 1000 })
  const handler = serve(service)
  let handled = 0
  handler.sayFunction = async (request) => {
    handled++
    return request
  }
  const session = http2.connect(`http://${service.address}`)
  t.teardown(() => session.close())
  const call = async (headers: Record<string, string>, body: Buffer) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/flink.rpc.FlinkRpc/Call',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    let response: http2.IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', (headers) => {
      response = { ...response, ...headers }
    })
    stream.on('trailers', (headers) => {
      response = { ...response, ...headers }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.end(body)
    await once(stream, 'close')
    return { status: response['grpc-status'], body: Buffer.concat(chunks).toString() }
  }
  const frame = (payload: Buffer) => {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(payload.length, 1)
    return Buffer.concat([head, payload])
  }
  const ids = { 'flink-endpoint': 'test_1', 'flink-method': 'say' }

  t.match((await call({}, frame(Buffer.alloc(0)))).body, /invalid-message.*flink-endpoint/)
  t.match((await call(ids, frame(Buffer.alloc(9, 0xff)))).body, /invalid-message/)
  t.match(
    (await call({ ...ids, 'flink-fencing-epoch': 'x' }, frame(Buffer.alloc(0)))).body,
    /invalid-message.*flink-fencing-epoch/,
  )
  t.match(
    (await call({ ...ids, 'flink-fencing-epoch': '1' }, frame(Buffer.alloc(0)))).body,
    /invalid-message.*flink-fencing-uuid/,
  )
  t.match(
    (await call({ ...ids, 'flink-method': '__proto__' }, frame(Buffer.alloc(0)))).body,
    /no such method/,
  )
  t.match((await call(ids, frame(Buffer.alloc(2000)))).body, /too-large/)
  t.match(await call(ids, frame(Buffer.alloc(3_000_000))), { status: '8' })
  t.match(await call({ ...ids, ':path': '/other/Path' }, frame(Buffer.alloc(0))), { status: '12' })
  t.equal(handled, 0)
  t.match(await call(ids, frame(Buffer.alloc(0))), { status: '0' })
  t.equal(handled, 1)
})

t.test('GrpcRpcService calls a peer that is no RPC service unreachable', async (t) => {
  const { server, port } = await listen(t)
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.end('SSH-2.0-OpenSSH_9.6\r\n')
  })
  const client = await startService(t)

  await t.rejects(client.connect(`127.0.0.1:${port}`, 'test_1', TEST_GATEWAY).say({ text: '' }), {
    code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
  })
})

t.test('GrpcRpcService reaches a peer that comes back on its address', async (t) => {
  const client = await startService(t)
  const first = await GrpcRpcService.start({ clock, log: noopLogger })
  serve(first)
  const { address } = first
  const gateway = client.connect(address, 'test_1', TEST_GATEWAY)
  let losses = 0
  const lost = new Promise<void>((resolve) => {
    client.onConnectionLost(address, () => {
      losses++
      resolve()
    })
  })
  await gateway.say({ text: '' })
  await first.close()
  await lost
  await t.rejects(gateway.say({ text: '' }), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })

  const second = await startService(t, { bindPorts: address.split(':')[1]! })
  serve(second)
  let response: { text: string } | undefined
  for (let attempt = 0; attempt < 50 && response === undefined; attempt++) {
    response = await gateway.say({ text: 'again' }).catch(() => undefined)
    if (response === undefined) await new Promise<void>((resolve) => clock.schedule(100, resolve))
  }

  t.same(response, { text: 'again' })
  t.ok(losses >= 1)
})

/** Passes connections on to `target` until told to cut or to stall them. */
async function startProxy(t: Test, target: string) {
  const { server, port } = await listen(t)
  const sockets = new Set<net.Socket>()
  server.on('connection', (inbound) => {
    const outbound = net.connect(Number(target.split(':')[1]), '127.0.0.1')
    for (const socket of [inbound, outbound]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    inbound.pipe(outbound).pipe(inbound)
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(cut)
  const stall = () => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  return { address: `127.0.0.1:${port}`, cut, stall }
}

for (const manner of ['cut', 'stall'] as const) {
  t.test(
    `GrpcRpcService notices at once, or by keepalive, a connection that is ${manner}`,
    async (t) => {
      const service = await startService(t)
      const handler = serve(service)
      const client = await startService(t, { keepAliveMs: 500 })
      const proxy = await startProxy(t, service.address)
      const called = new Promise<void>((resolve) => {
        handler.sayFunction = () => {
          resolve()
          return new Promise(() => {})
        }
      })
      const lost = new Promise<Error>((resolve) => client.onConnectionLost(proxy.address, resolve))
      const call = client
        .connect(proxy.address, 'test_1', TEST_GATEWAY)
        .say({ text: '' }, { timeoutMs: 1e6 })
      call.catch(() => {})
      await called

      proxy[manner]()

      t.match(await lost, { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
      await t.rejects(call, { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
    },
  )
}
