import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Configuration, type LogFields, type Logger, noopLogger, SystemClock } from '@flink-ts/core'
import { ClusterSecret, loadInternalTls, type TransportSecurity } from '@flink-ts/core/security'
import { type DataConnection, tcpDataTransport } from '@flink-ts/network'
import t, { type Test } from 'tap'

const clock = new SystemClock()
const secret = ClusterSecret.random()
const tls = fileURLToPath(new URL('../../../core/test/fixtures/tls/', import.meta.url))

function tlsOf(keystore: string): TransportSecurity {
  const configuration = Configuration.fromMap({
    'security.ssl.internal.enabled': 'true',
    'security.ssl.internal.keystore': `${tls}${keystore}`,
    'security.ssl.internal.truststore': `${tls}cluster.crt`,
  })
  return { secret, tls: loadInternalTls(configuration) }
}

async function listen(t: Test, security: TransportSecurity) {
  const warnings: (LogFields | undefined)[] = []
  const log: Logger = { ...noopLogger, warn: (_message, fields) => void warnings.push(fields) }
  const accepted: DataConnection[] = []
  const transport = tcpDataTransport({ security, name: 'server', clock, log })
  const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    accepted.push(connection)
    connection.start({ onData: () => {}, onClose: () => {} })
    // At once, so that it may arrive together with the end of the handshake.
    connection.write([Buffer.from('hello')], () => {})
  })
  t.teardown(async () => {
    for (const connection of accepted) connection.destroy()
    await listener.close()
  })
  return { port: listener.port, warnings, accepted }
}

function client(security: TransportSecurity) {
  return tcpDataTransport({ security, name: 'TaskManager tm-7', clock, log: noopLogger })
}

/** What the peer sends first. */
function firstData(connection: DataConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (chunk: Buffer) => {
      text += chunk.toString()
      if (text.length >= 5) resolve(text)
    }
    connection.start({ onData, onClose: (cause) => reject(cause ?? new Error('closed')) })
  })
}

const STRANGERS: [string, TransportSecurity, TransportSecurity, RegExp][] = [
  ['another secret', { secret }, { secret: ClusterSecret.random() }, /another cluster secret/],
  ['another certificate', tlsOf('cluster.pem'), tlsOf('stranger.pem'), /CN=stranger/],
]

for (const [name, own, theirs, reason] of STRANGERS) {
  t.test(`tcpDataTransport refuses a peer with ${name} and logs it once`, async (t) => {
    const { port, warnings, accepted } = await listen(t, own)

    for (let i = 0; i < 3; i++) {
      await t.rejects(client(theirs).connect({ host: '127.0.0.1', port }), {
        code: 'FLINK_PEER_AUTHENTICATION',
      })
    }

    t.match(warnings, [{ peer: '127.0.0.1 (TaskManager tm-7)', purpose: 'data', reason }])
    t.equal(warnings.length, 1)
    t.equal(accepted.length, 0)
    const connection = await client(own).connect({ host: '127.0.0.1', port })
    t.equal(await firstData(connection), 'hello')
    connection.destroy()
  })
}

t.test('tcpDataTransport: random bytes on a data port hurt nobody', async (t) => {
  for (const security of [{ secret }, tlsOf('cluster.pem')]) {
    const { port, warnings, accepted } = await listen(t, security)
    await Promise.all(
      Array.from({ length: 80 }, (_, i) => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.resume()
        const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
        const start = i % 2 === 0 ? Buffer.from('FTS1\u0002') : Buffer.alloc(0)
        socket.end(Buffer.concat([start, randomBytes(i * 29)]))
        return closed
      }),
    )

    const connection = await client(security).connect({ host: '127.0.0.1', port })
    t.equal(await firstData(connection), 'hello')
    connection.destroy()
    t.equal(accepted.length, 1)
    const peers = warnings.map((fields) => fields?.['peer'])
    t.notMatch(JSON.stringify(peers), /\\u00/, 'names of peers are printable')
  }
})

t.test('tcpDataTransport: a proof for RPC opens no data connection', async (t) => {
  const { secureConnect } = await import('@flink-ts/core/security')
  const { port, warnings } = await listen(t, { secret })
  const socket = connect(port, '127.0.0.1')
  const options = { security: { secret }, purpose: 'rpc', name: '', peer: 'it', clock } as const
  await t.rejects(secureConnect(socket, options), {
    code: 'FLINK_PEER_AUTHENTICATION',
  })
  t.match(warnings, [{ reason: /wants another service/ }])
})
