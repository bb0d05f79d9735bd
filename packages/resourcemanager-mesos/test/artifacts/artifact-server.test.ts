import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Configuration, SystemClock } from '@flink-ts/core'
import { loadInternalTls } from '@flink-ts/core/security'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import type { Artifact } from '../../dist/artifacts/artifact.js'
import { ArtifactServer, type ArtifactServerOptions } from '../../dist/artifacts/artifact-server.js'
import { launcherUnderTest, OFFER, PORTS, specOf } from '../support/launching.js'
import { RecordingLog } from '../support/recording-log.js'

const tls = fileURLToPath(new URL('../../../core/test/fixtures/tls/', import.meta.url))
const CONTENT = 'x'.repeat(300_000)

interface Tap {
  teardown(end: () => unknown): void
  testdir(): string
}

async function serverUnderTest(t: Tap, options: Partial<ArtifactServerOptions> = {}) {
  const path = join(t.testdir(), 'content')
  writeFileSync(path, CONTENT)
  const log = new RecordingLog()
  const shown: (string | undefined)[] = []
  const artifact: Artifact = {
    name: 'thing-1.tgz',
    contentType: 'application/gzip',
    file: async () => path,
  }
  const server = await ArtifactServer.listen({
    bindHost: '127.0.0.1',
    ports: [0],
    artifacts: [artifact],
    onTicket: (authorization) => {
      shown.push(authorization)
      return authorization === 'good'
        ? { status: 200, body: Buffer.from('sealed') }
        : { status: 401, body: Buffer.alloc(0) }
    },
    clock: new SystemClock(),
    log,
    ...options,
  })
  t.teardown(() => server.close())
  const origin = `http://127.0.0.1:${server.port}`
  return { server, log, shown, path, origin, base: `${origin}${server.basePath}` }
}

/** Sends the path as it is, which `fetch` does not. */
function send(port: number, method: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false })
      sent.on('error', reject)
      sent.on('response', (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body }),
        )
      })
      sent.end()
    },
  )
}

function internalTls() {
  return loadInternalTls(
    Configuration.fromMap({
      'security.ssl.internal.enabled': 'true',
      'security.ssl.internal.keystore': `${tls}cluster.pem`,
      'security.ssl.internal.truststore': `${tls}cluster.crt`,
    }),
  )
}

/** Of the artifact, on a connection of its own. */
function statusOf(server: ArtifactServer, read: typeof tlsRequest, method = 'GET') {
  return new Promise<number | undefined>((resolve, reject) => {
    const sent = read({
      host: '127.0.0.1',
      port: server.port,
      path: `${server.basePath}/thing-1.tgz`,
      method,
      ca: readFileSync(`${tls}cluster.crt`),
      checkServerIdentity: () => undefined,
      agent: false,
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    sent.end()
  })
}

/** Is being served, and does not read. */
async function slowFetcher(server: ArtifactServer): Promise<Socket> {
  const slow = connect(server.port, '127.0.0.1')
  slow.write(`GET ${server.basePath}/thing-1.tgz HTTP/1.1\r\nHost: x\r\n\r\n`)
  await once(slow, 'data')
  slow.pause()
  return slow
}

/** Connections that say nothing. */
function silentOnes(server: ArtifactServer, count: number) {
  const open = async () => {
    const socket = connect(server.port, '127.0.0.1')
    const one = { socket, isClosed: false }
    socket.on('error', () => {})
    socket.on('close', () => {
      one.isClosed = true
    })
    await once(socket, 'connect')
    return one
  }
  return Promise.all(Array.from({ length: count }, open))
}

/** What a raw connection gets until it ends. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return got
}

t.test(
  'ArtifactServer serves artifacts to GET and HEAD, whole and with their length',
  async (t) => {
    const { base, server } = await serverUnderTest(t)
    t.match(server.basePath, /^\/[0-9a-f]{32}$/)
    const got = await fetch(`${base}/thing-1.tgz`)
    t.equal(got.status, 200)
    t.equal(await got.text(), CONTENT)
    const head = await fetch(`${base}/thing-1.tgz`, { method: 'HEAD' })
    t.equal(await head.text(), '')
    for (const { headers } of [got, head]) {
      t.equal(headers.get('content-length'), String(CONTENT.length))
      t.equal(headers.get('content-type'), 'application/gzip')
      t.equal(headers.get('etag'), '"thing-1.tgz"')
      t.equal(headers.get('accept-ranges'), null)
    }
  },
)

t.test('ArtifactServer serves nothing else', async (t) => {
  const { server, shown, log } = await serverUnderTest(t)
  const { basePath: path, port } = server
  const guess = `/${'0'.repeat(32)}`
  const absent = [
    ...['/', path, `${path}/`, `${path}/thing-2.tgz`, '/thing-1.tgz', `${guess}/thing-1.tgz`],
    ...[`${path}/../etc/passwd`, `${path}/..%2f..%2fetc%2fpasswd`, '/../../etc/passwd'],
    ...[`/${path}/thing-1.tgz`, `${path}//thing-1.tgz`, `${path}/thing-1.tgz/`],
    ...[`${path}/thing-1.tgz?a=b`, `${path}/%74hing-1.tgz`, `${path.toUpperCase()}/thing-1.tgz`],
    ...[`${path}/__proto__`, `${path}/constructor`, `${path}/${'a'.repeat(4000)}`],
    ...[`http://127.0.0.1:${port}${path}/thing-1.tgz`, '*', `${guess}/ticket`],
  ]
  for (const each of absent) {
    t.match(await send(port, 'GET', each), { status: 404, body: '' }, each.slice(0, 80))
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    t.match(await send(port, method, `${path}/thing-1.tgz`), {
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  }
  t.same(shown, [])
  t.notMatch(JSON.stringify(log.lines), path.slice(1))
})

t.test('ArtifactServer hands tickets over, and nobody keeps the answer', async (t) => {
  const { server, shown } = await serverUnderTest(t)
  const path = `${server.basePath}/ticket`
  t.match(await send(server.port, 'GET', path, { Authorization: 'good' }), {
    status: 200,
    body: 'sealed',
    headers: { 'cache-control': 'no-store' },
  })
  t.match(await send(server.port, 'GET', path), { status: 401, body: '' })
  t.match(await send(server.port, 'HEAD', path, { Authorization: 'good' }), { status: 404 })
  t.same(shown, ['good', undefined])
})

t.test('ArtifactServer bears hostile requests', async (t) => {
  const { server, base } = await serverUnderTest(t, { limits: { headerMs: 200, idleMs: 1000 } })
  const { port, basePath } = server
  t.match(
    await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}`),
    /^HTTP\/1.1 431 /,
  )
  t.match(await raw(port, 'nonsense\r\n\r\n'), /^HTTP\/1.1 400 /)
  t.match(await raw(port, '\x16\x03\x01\x02\x00\x01'), /^HTTP\/1.1 400 /)
  t.match(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n'), /^HTTP\/1.1 408 /, 'a slow header')
  const body = `POST ${basePath}/thing-1.tgz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nab`
  t.match(await raw(port, body), /^HTTP\/1.1 405 [\s\S]*Connection: close/i, 'a body is not read')
  t.equal((await fetch(`${base}/thing-1.tgz`)).status, 200, 'it serves all the same')
})

t.test('ArtifactServer gives up on whoever does not read', async (t) => {
  const { server, path, log } = await serverUnderTest(t, { limits: { idleMs: 200 } })
  // More than sockets take in.
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET ${server.basePath}/thing-1.tgz HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until(() => log.at('info').length > 0)
  t.match(log.at('info')[0], { message: 'A fetch of an artifact broke off', peer: '127.0.0.1' })
  socket.destroy()
})

t.test('ArtifactServer gives up on an answer that takes too long in all', async (t) => {
  const { server, path, log } = await serverUnderTest(t, { limits: { answerMs: 200 } })
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET ${server.basePath}/thing-1.tgz HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until(() => log.at('info').length > 0)
  t.match(log.at('info')[0], { message: 'A fetch of an artifact broke off' })
  socket.destroy()
})

t.test('ArtifactServer takes so many connections and no more', async (t) => {
  const { server, path } = await serverUnderTest(t, { limits: { connections: 3 } })
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  const known = await Promise.all([1, 2, 3].map(() => slowFetcher(server)))
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'close')
  t.pass('whoever is served is not cut off for a newcomer')
  known[0]?.destroy()
  await until(async () => (await send(server.port, 'GET', '/').catch(() => null))?.status === 404)
  for (const socket of known) socket.destroy()
})

t.test('strangers who hold connections keep nobody out', async (t) => {
  const { server, base, path } = await serverUnderTest(t, {
    limits: { strangers: 3, strangerMs: 0 },
  })
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  const slow = await slowFetcher(server)
  const sockets: Socket[] = []
  let dropped = 0
  for (let i = 0; i < 10; i++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => {
      dropped += 1
    })
    socket.write('GET / HTTP/1.1\r\n')
    sockets.push(socket)
  }
  await until(() => dropped === 7)
  t.equal((await fetch(`${base}/thing-1.tgz`, { method: 'HEAD' })).status, 200)
  await until(() => dropped === 8)
  let got = 0
  slow.on('data', (chunk) => {
    got += chunk.length
  })
  slow.resume()
  await until(() => got > 63 * 1024 * 1024)
  t.pass('whoever knows the path is not dropped')
  for (const socket of [slow, ...sockets]) socket.destroy()
})

t.test('ArtifactServer serves a burst of fetchers, however many come at once', async (t) => {
  for (const [options, fetchers, read] of [
    [{}, 1000, request],
    [{ tls: internalTls() }, 150, tlsRequest],
  ] as const) {
    const { server, path } = await serverUnderTest(t, options)
    writeFileSync(path, 'small')
    // They are strangers, too, and more than may be.
    const silent = await silentOnes(server, 300)
    const statuses = await Promise.all(
      Array.from({ length: fetchers }, () => statusOf(server, read)),
    )
    t.strictSame(new Set(statuses), new Set([200]))
    for (const { socket } of silent) socket.destroy()
  }
})

t.test('ArtifactServer: connections that say nothing make room, with TLS too', async (t) => {
  for (const [tls, read] of [
    [undefined, request],
    [internalTls(), tlsRequest],
  ] as const) {
    const clock = new ManualClock(1_000)
    const limits = { connections: 40, strangers: 10, strangerMs: 2_000 }
    const { server } = await serverUnderTest(t, { tls, clock, limits })
    const silent = await silentOnes(server, 40)
    const gone = () => silent.filter(({ isClosed }) => isClosed).length
    t.equal(await statusOf(server, read), 200)
    await until(() => gone() === 1)
    clock.advance(2_000)
    t.equal(await statusOf(server, read), 200)
    await until(() => gone() === 31)
    for (let i = 0; i < 60; i++) await statusOf(server, read, 'HEAD')
    t.equal(gone(), 40 - 9, 'connections that have ended take no room')
    for (const { socket } of silent) socket.destroy()
  }
})

t.test('an artifact that cannot be made is an error of the server', async (t) => {
  const { server, log } = await serverUnderTest(t, {
    artifacts: [
      {
        name: 'broken',
        contentType: 'a/b',
        file: async () => {
          throw new Error('no space')
        },
      },
    ],
  })
  t.equal((await send(server.port, 'GET', `${server.basePath}/broken`)).status, 500)
  t.match(log.at('warn'), [
    { message: 'Could not serve a request', error: { message: 'no space' } },
  ])
})

t.test('ArtifactServer listens on the first port that is free, and says if none is', async (t) => {
  const first = await serverUnderTest(t)
  const taken = first.server.port
  const second = await serverUnderTest(t, { ports: [taken, 0] })
  t.not(second.server.port, taken)
  await t.rejects(serverUnderTest(t, { ports: [taken] }), {
    code: 'FLINK_MESOS_ARTIFACT_SERVER',
    message: `Cannot serve artifacts on 127.0.0.1, port ${taken}: all of them are in use; set mesos.resourcemanager.artifactserver.port to ports that are free, or to 0`,
  })
  await t.rejects(serverUnderTest(t, { bindHost: '203.0.113.7' }), {
    message: /EADDRNOTAVAIL.*set jobmanager\.bind-host/,
  })
})

t.test('close cuts connections and frees the port', async (t) => {
  const { server } = await serverUnderTest(t)
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  await Promise.all([server.close(), server.close()])
  await once(socket, 'close')
  await serverUnderTest(t, { ports: [server.port] })
})

t.test('with internal TLS the server speaks TLS, and wants no certificate', async (t) => {
  const { server } = await serverUnderTest(t, { tls: internalTls() })
  t.equal(await statusOf(server, tlsRequest), 200)
  await t.rejects(send(server.port, 'GET', '/'))
})

t.test(
  'a launcher serves installation and Node.js, packed once, without the configuration',
  async (t) => {
    const { launcher, node, log } = launcherUnderTest(t)
    await launcher.start()
    await launcher.prepare()
    const { command } = launcher.launch('t1', specOf(), OFFER, PORTS)
    const [home, program] = command.uris
    const archives = await Promise.all(
      [1, 2, 3].map(async () => Buffer.from(await (await fetch(home!.value)).arrayBuffer())),
    )
    t.same(archives[1], archives[0])
    const tar = gunzipSync(archives[0]!).toString('latin1')
    t.ok(tar.includes('flink-ts/bin/mesos-taskmanager.sh'))
    t.ok(tar.includes('flink-ts/lib/node_modules/@flink-ts/entrypoint/dist/mains/task-manager.js'))
    t.notOk(/hush|cluster-secret|flink-conf|ffffffff/.test(tar))
    t.equal(log.lines.filter(({ message }) => /^Packed the installation/.test(message)).length, 1)
    const served = Buffer.from(await (await fetch(program!.value)).arrayBuffer())
    t.ok(served.equals(readFileSync(node)))
  },
)

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
