import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { SeededRandom, SystemClock } from '@flink-ts/core'
import { IpcClient } from '@flink-ts/hadoop-rpc'
import t from 'tap'
import { failureOf } from '../recording/failure-of.js'
import { encode, packet } from './fake-hadoop.js'

async function listen(
  t: { teardown(action: () => void): void },
  serve: (socket: Socket) => void,
): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientOf = (address: string) =>
  new IpcClient(
    'P',
    [address],
    { kind: 'simple', user: 'u' },
    {
      clock: new SystemClock(),
      random: new SeededRandom(1),
      maxRounds: 1,
    },
  )

t.test('connectTcpIpcSocket connects, passes bytes on, and hears of the end', async (t) => {
  const answer = packet(
    encode('RpcResponseHeader', { callId: 0, status: 'SUCCESS' }),
    Uint8Array.of(1),
  )
  const address = await listen(t, (socket) => {
    socket.once('data', () => {
      socket.write(answer)
      socket.once('data', () => socket.end())
    })
  })
  const client = clientOf(address)
  t.same([...(await client.call('x', new Uint8Array(0)))], [1])
  t.match(await failureOf(client.call('y', new Uint8Array(0))), {
    outcome: 'unknown',
    message: `The connection to ${address} is lost: closed the connection`,
  })
  client.close()
})

t.test(
  'connectTcpIpcSocket reads a refusal that comes before the connection is closed',
  async (t) => {
    const header = { callId: -1 >>> 0, status: 'FATAL', exceptionClassName: 'a.B', errorMsg: 'no' }
    const address = await listen(t, (socket) => {
      socket.once('data', () => socket.end(packet(encode('RpcResponseHeader', header))))
    })
    const client = clientOf(address)
    t.match(await failureOf(client.call('x', new Uint8Array(0))), { code: 'FLINK_HADOOP_REMOTE' })
    client.close()
  },
)

t.test('connectTcpIpcSocket says that nobody listens', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const client = clientOf(`127.0.0.1:${port}`)
  t.match(await failureOf(client.call('x', new Uint8Array(0))), {
    code: 'FLINK_HADOOP_CONNECTION',
    outcome: 'not-sent',
    message: /ECONNREFUSED/,
  })
  client.close()
})
