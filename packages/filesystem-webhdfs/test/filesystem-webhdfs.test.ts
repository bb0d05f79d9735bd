import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, Configuration, type FileSystem, SeededRandom } from '@flink-ts/core'
import { createFileSystem } from '@flink-ts/filesystem-webhdfs'
import t, { type Test } from 'tap'

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** A NameNode or DataNode that answers as it is told; `seen` has method and URL of each request. */
async function serve(t: Test, answer: Answer): Promise<{ address: string; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => answer(request, response, Buffer.concat(parts)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** All delays are over at once. */
const impatient: Clock = {
  now: () => 0,
  monotonicNow: () => 0,
  schedule(_, action) {
    const waiting = setImmediate(action)
    return () => clearImmediate(waiting)
  },
}

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

const fails = (exception: string, message = 'said the server') => ({
  RemoteException: { exception, message: `${message}\n\tat org.apache.hadoop.Something` },
})

const standby: Answer = (_, response) => json(response, 403, fails('StandbyException'))

const directory: Answer = (_, response) =>
  json(response, 200, {
    FileStatus: {
      pathSuffix: '',
      type: 'DIRECTORY',
      length: 0,
      modificationTime: 5,
      permission: '755',
    },
  })

function hdfs(nameNodes: readonly string[], more: Record<string, string> = {}): FileSystem {
  return createFileSystem({
    scheme: 'hdfs',
    configuration: Configuration.fromMap({
      'webhdfs.namenodes': nameNodes.join(';'),
      'webhdfs.user.name': 'ann',
      ...more,
    }),
    clock: impatient,
    random: new SeededRandom(1),
  }) as FileSystem
}

t.test(
  'the active NameNode is found behind one that is down and one that is standby, and asked first then',
  async (t) => {
    const passive = await serve(t, standby)
    const active = await serve(t, directory)
    const files = hdfs(['127.0.0.1:1', passive.address, active.address])
    t.match(await files.getFileStatus('hdfs://cluster/a b'), {
      path: 'hdfs://cluster/a b',
      isDirectory: true,
      modificationTimeMs: 5,
      mode: 0o755,
    })
    t.equal(await files.exists('hdfs://cluster/'), true)
    t.equal(passive.seen.length, 1)
    t.strictSame(active.seen, [
      'GET /webhdfs/v1/a%20b?op=GETFILESTATUS&user.name=ann',
      'GET /webhdfs/v1/?op=GETFILESTATUS&user.name=ann',
    ])
  },
)

t.test(
  'a fail-over is followed; when nobody serves for long, the last error is told',
  async (t) => {
    let isActive = true
    const first = await serve(t, (...all) => (isActive ? directory : standby)(...all))
    const second = await serve(t, (...all) => (isActive ? standby : directory)(...all))
    const files = hdfs([first.address, second.address])
    t.ok(await files.exists('hdfs://c/a'))
    isActive = false
    t.ok(await files.exists('hdfs://c/a'))
    t.equal(second.seen.length, 1)
    const alone = hdfs([(await serve(t, standby)).address])
    await t.rejects(alone.exists('hdfs://c/a'), {
      code: 'FLINK_FILE_SYSTEM',
      message: 'An operation on hdfs://c/a failed: StandbyException: said the server',
    })
  },
)

t.test('exceptions of HDFS are errors of files', async (t) => {
  let exception = ''
  const server = await serve(t, (_, response) => json(response, 403, fails(exception)))
  const files = hdfs([server.address])
  for (const [name, code] of [
    ['FileNotFoundException', 'FLINK_FILE_NOT_FOUND'],
    ['FileAlreadyExistsException', 'FLINK_FILE_EXISTS'],
    ['AccessControlException', 'FLINK_FILE_SYSTEM'],
  ] as const) {
    exception = name
    await t.rejects(
      files.mkdirs('hdfs://c/a'),
      name === 'FileNotFoundException' ? { code: 'FLINK_FILE_EXISTS' } : { code },
    )
    await t.rejects(files.list('hdfs://c/a'), { code })
  }
})

t.test('a file that another one is creating is there already', async (t) => {
  const dataNode = await serve(t, (_, response) =>
    json(response, 403, fails('AlreadyBeingCreatedException')),
  )
  const nameNode = await serve(t, (_, response) => {
    response.writeHead(307, { Location: `http://${dataNode.address}/` })
    response.end()
  })
  const files = hdfs([nameNode.address])
  await t.rejects(files.create('hdfs://c/a', 'exclusive'), { code: 'FLINK_FILE_EXISTS' })
  await t.rejects(files.create('hdfs://c/a', 'overwrite'), { code: 'FLINK_FILE_SYSTEM' })
})

t.test('what may have been done is not asked for twice', async (t) => {
  const server = await serve(t, (request) => request.socket.destroy())
  const files = hdfs([server.address])
  await t.rejects(files.delete('hdfs://c/a', { recursive: true }), { code: 'FLINK_FILE_SYSTEM' })
  t.equal(server.seen.length, 1)
})

t.test(
  'bytes go to the DataNode that the NameNode names; one that is gone is left out',
  async (t) => {
    const received: string[] = []
    const dataNode = await serve(t, (_, response, body) => {
      received.push(body.toString())
      response.writeHead(201)
      response.end()
    })
    const nameNode = await serve(t, (request, response) => {
      const isLeftOut = request.url!.includes('excludedatanodes=127.0.0.1%3A1')
      const target = isLeftOut ? dataNode.address : '127.0.0.1:1'
      response.writeHead(307, { Location: `http://${target}/webhdfs/v1/a?op=DN` })
      response.end()
    })
    const files = hdfs([nameNode.address])
    const stream = await files.create('hdfs://c/a', 'exclusive')
    await stream.write(Buffer.from('hello, '))
    await stream.write(Buffer.from('world'))
    await stream.close()
    t.strictSame(received, ['', 'hello, world'])
    t.match(nameNode.seen[0], /^PUT .*op=CREATE.*overwrite=false$/)
    t.match(nameNode.seen.at(-1), /^POST .*op=APPEND.*excludedatanodes/)
  },
)

t.test('what answers but is no WebHDFS is said so', async (t) => {
  const server = await serve(t, (_, response) => {
    response.writeHead(404)
    response.end('<html>no such page</html>')
  })
  await t.rejects(hdfs([server.address]).list('hdfs://c/a'), {
    message: /the answer was 404 Not Found: <html>.*; expected one of WebHDFS/,
  })
})

t.test(
  'an hdfs:// path has the port of another protocol: webhdfs.port takes its place',
  async (t) => {
    const { address, seen } = await serve(t, directory)
    const [host, port] = address.split(':')
    const files = createFileSystem({
      scheme: 'hdfs',
      configuration: Configuration.fromMap({ 'webhdfs.port': port! }),
      clock: impatient,
      random: new SeededRandom(1),
    }) as FileSystem
    t.ok(await files.exists(`hdfs://${host}:8020/a`))
    t.ok(await files.exists(`hdfs://${host}/a`))
    t.equal(seen.length, 2)
    await t.rejects(files.exists('webhdfs://h/a'), { code: 'FLINK_FILE_SYSTEM' })
  },
)

t.test(
  'a deferred file is made with its first bytes, with permissions and replication',
  async (t) => {
    const bodies: string[] = []
    const dataNode = await serve(t, (_, response, body) => {
      bodies.push(body.toString())
      response.writeHead(201).end()
    })
    const nameNode = await serve(t, (_, response) => {
      response.writeHead(307, { Location: `http://${dataNode.address}/data` }).end()
    })
    const files = hdfs([nameNode.address])
    const creation = { permissions: 0o600, replication: 2, isDeferred: true }
    const stream = await files.create('hdfs://c/f', 'exclusive', creation)
    t.same(nameNode.seen, [])
    await stream.write(Buffer.from('all of it'))
    await stream.close()
    t.same(bodies, ['all of it'])
    t.equal(nameNode.seen.length, 1)
    t.match(nameNode.seen[0], /op=CREATE&.*overwrite=false&permission=600&replication=2/)
    const empty = await files.create('hdfs://c/e', 'exclusive', { isDeferred: true })
    await empty.close()
    t.same(bodies, ['all of it', ''])

    const aged = await serve(t, (request, response) => {
      if (request.url?.includes('op=SETTIMES')) return void response.writeHead(200).end()
      response.writeHead(307, { Location: `http://${dataNode.address}/data` }).end()
    })
    const old = { isDeferred: true, modificationTimeMs: 1_700_000_000_123 }
    const dated = await hdfs([aged.address]).create('hdfs://c/f', 'exclusive', old)
    await dated.write(Buffer.from('dated'))
    await dated.close()
    t.same(bodies.at(-1), 'dated')
    t.equal(aged.seen.length, 2)
    t.match(aged.seen[1], /^PUT .*\/f\?op=SETTIMES&.*modificationtime=1700000000123$/)

    const taken = await serve(t, (_, response) =>
      json(response, 403, fails('FileAlreadyExistsException')),
    )
    const late = await hdfs([taken.address]).create('hdfs://c/f', 'exclusive', { isDeferred: true })
    await late.write(Buffer.from('x'))
    await t.rejects(late.close(), { code: 'FLINK_FILE_EXISTS' })
  },
)
