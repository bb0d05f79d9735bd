import { createHash } from 'node:crypto'
import { InMemoryFileSystem, SeededRandom } from '@flink-ts/core'
import t from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { blobKeyOf } from '../../dist/blob/blob-key.js'
import { BlobServer } from '../../dist/blob/blob-server.js'
import type { BlobStore } from '../../dist/blob/blob-store.js'
import { FileSystemBlobStore } from '../../dist/blob/file-system-blob-store.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import { BLOB_SERVER_GATEWAY } from '../../dist/messages/gateways.js'
import type { BlobServerGateway } from '../../dist/messages/messages.generated.js'
import { advance, settle, TestWorld } from '../testing/control-plane.js'

const MiB = 1024 * 1024
const SERVER = { address: 'jm:1', endpointId: 'blobserver' }

function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) % 251)
}

function cacheIn(world: TestWorld, store: BlobStore = new InMemoryBlobStore()) {
  const rpcService = world.service('tm:1')
  return new BlobCache({ rpcService, clock: world.clock, log: world.log, store, fetchRetries: 3 })
}

async function serverIn(world: TestWorld, store: BlobStore) {
  const { log, clock } = world
  const server = new BlobServer({ rpcService: world.service('jm:1'), log, clock, store })
  await server.start()
  return server
}

function fileStore(fileSystem: InMemoryFileSystem, seed: number) {
  const random = new SeededRandom(seed)
  return new FileSystemBlobStore({ fileSystem, parentDirectory: '/blobs/', random })
}

t.test('BlobServer.put names blobs by their content and keeps each once', async (t) => {
  const store = new InMemoryBlobStore()
  const server = await serverIn(new TestWorld(), store)
  const bytes = content(10)
  const key = await server.put(bytes)
  t.equal(key, createHash('sha256').update(bytes).digest('hex'))
  t.equal(await server.put(bytes), key)
  t.same(store.keys, [key])
  await server.close()
  t.same(store.keys, [], 'closing empties the store')
})

t.test('BlobServer.releaseJob deletes what no other job needs', async (t) => {
  const store = new InMemoryBlobStore()
  const server = await serverIn(new TestWorld(), store)
  const [shared, own] = await Promise.all([server.put(content(1)), server.put(content(2))])
  await server.registerJob('job1', [shared, own])
  await server.registerJob('job2', [shared])
  await server.releaseJob('job1')
  t.same(store.keys, [shared])
  await server.releaseJob('job2')
  await server.releaseJob('job2')
  t.same(store.keys, [])
  await server.close()
})

t.test('BlobServer.lease keeps a blob until it is released, jobs keep it further', async (t) => {
  const store = new InMemoryBlobStore()
  const server = await serverIn(new TestWorld(), store)
  const refused = await server.lease(content(1))
  const accepted = await server.lease(content(2))
  const again = await server.lease(content(2))
  t.same(store.keys, [refused.key, accepted.key])
  await server.registerJob('job1', [accepted.key])
  for (const lease of [refused, accepted, again]) await lease.release()
  await refused.release()
  t.same(store.keys, [accepted.key])
  await server.releaseJob('job1')
  t.same(store.keys, [])
  await server.close()
})

t.test('BlobServer touches no path for a key that is none', async (t) => {
  const world = new TestWorld()
  const fileSystem = new InMemoryFileSystem({ clock: world.clock, random: new SeededRandom(9) })
  const server = await serverIn(world, fileStore(fileSystem, 1))
  const gateway = world.service('x:1').connect('jm:1', 'blobserver', BLOB_SERVER_GATEWAY)
  for (const key of ['', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/x`]) {
    await t.rejects(gateway.getBlob({ key, offset: 0, maxBytes: 1 }), {
      code: 'FLINK_BLOB_INVALID_KEY',
    })
    await t.rejects(server.registerJob('job', [key]), { code: 'FLINK_BLOB_INVALID_KEY' })
  }
  const unknown = 'a'.repeat(64)
  await t.rejects(gateway.getBlob({ key: unknown, offset: 0, maxBytes: 1 }), {
    code: 'FLINK_BLOB_NOT_FOUND',
    message: new RegExp(unknown),
  })
  await server.close()
})

t.test('BlobCache fetches a blob of several pieces once for concurrent requests', async (t) => {
  const world = new TestWorld()
  const fileSystem = new InMemoryFileSystem({ clock: world.clock, random: new SeededRandom(9) })
  const server = await serverIn(world, fileStore(fileSystem, 1))
  const cache = cacheIn(world, fileStore(fileSystem, 2))
  const bytes = content(2 * MiB + 17)
  const key = await server.put(bytes)
  const [a, b] = await Promise.all([
    cache.fetch('job1', key, SERVER),
    cache.fetch('job2', key, SERVER),
  ])
  t.equal(a, b)
  const file = await fileSystem.open(a)
  const read = new Uint8Array(bytes.length)
  for (let at = 0; at < read.length; ) at += await file.read(read.subarray(at), at)
  await file.close()
  t.equal(blobKeyOf(read), key)
  await server.close()
  t.equal(await cache.fetch('job3', key, SERVER), a, 'needs no server any more')
  for (const job of ['job1', 'job2']) await cache.releaseJob(job)
  t.ok(await fileSystem.exists(a))
  await cache.releaseJob('job3')
  t.notOk(await fileSystem.exists(a))
  await cache.close()
  t.same(await fileSystem.list('/blobs'), [], 'nothing is left behind')
})

/** A server whose answers a test bends. */
function bentServer(world: TestWorld, getBlob: BlobServerGateway['getBlob']) {
  const service = world.service('jm:1')
  world.serve<BlobServerGateway>(service, 'blobserver', BLOB_SERVER_GATEWAY, { getBlob })
}

t.test('BlobCache refuses content that is not what the key names, and names it', async (t) => {
  const world = new TestWorld()
  const bytes = content(100)
  let requests = 0
  bentServer(world, async () => {
    requests++
    return { data: bytes.map((byte) => byte ^ 1), totalBytes: bytes.length }
  })
  const store = new InMemoryBlobStore()
  const key = blobKeyOf(bytes)
  const fetched = cacheIn(world, store).fetch('job', key, SERVER)
  await t.rejects(fetched, { code: 'FLINK_BLOB_CORRUPTED', message: new RegExp(key) })
  t.equal(requests, 4, 'one attempt and three repetitions')
  t.same(store.keys, [])
})

t.test('BlobCache goes on behind the pieces that it has when one is lost', async (t) => {
  const world = new TestWorld()
  const bytes = content(2 * MiB + 5)
  const offsets: number[] = []
  bentServer(world, async ({ offset, maxBytes }) => {
    offsets.push(offset)
    if (offset === MiB && offsets.length < 4) await new Promise(() => {})
    return { data: bytes.subarray(offset, offset + maxBytes), totalBytes: bytes.length }
  })
  const store = new InMemoryBlobStore()
  const fetched = cacheIn(world, store).fetch('job', blobKeyOf(bytes), SERVER)
  await advance(world.clock, 30_000, 100)
  t.equal(await fetched, `memory:///${blobKeyOf(bytes)}`)
  t.same(offsets, [0, MiB, MiB, MiB, 2 * MiB])
})

t.test(
  'BlobCache gives up after its retries, naming blob and server, and forgets the failure',
  async (t) => {
    const world = new TestWorld()
    const cache = cacheIn(world)
    const key = blobKeyOf(content(3))
    const fetched = cache.fetch('job', key, SERVER).catch((error) => error)
    await advance(world.clock, 10_000, 100)
    t.match(await fetched, { code: 'FLINK_BLOB_FETCH_FAILED', message: /jm:1/, key })
    bentServer(world, async () => ({ data: content(3), totalBytes: 3 }))
    t.equal(await cache.fetch('job', key, SERVER), `memory:///${key}`)
  },
)

t.test('BlobCache.close ends a download that waits', async (t) => {
  const world = new TestWorld()
  const cache = cacheIn(world)
  const fetched = cache.fetch('job', blobKeyOf(content(3)), SERVER).catch((error) => error)
  await settle()
  await cache.close()
  t.match(await fetched, { code: 'FLINK_BLOB_FETCH_FAILED' })
  t.equal(world.clock.pendingTimers, 0)
})

t.test('BlobCache keeps a blob that no job needs for a while, for the next run', async (t) => {
  const world = new TestWorld()
  const server = await serverIn(world, new InMemoryBlobStore())
  const store = new InMemoryBlobStore()
  const cache = new BlobCache({
    rpcService: world.service('tm:1'),
    clock: world.clock,
    log: world.log,
    store,
    keepUnusedMs: 60_000,
    maxUnusedBytes: 1000,
  })
  const [a, b, c] = [
    await server.put(content(400)),
    await server.put(content(500)),
    await server.put(content(300)),
  ]
  const run = async (jobId: string, key: string) => {
    await cache.fetch(jobId, key, SERVER)
    await cache.releaseJob(jobId)
    await settle()
  }

  await run('job1', a)
  await run('job2', b)
  t.same(store.keys, [a, b], 'both are kept')
  await run('job3', a)
  await run('job4', c)
  t.same([...store.keys].sort(), [a, c].sort(), 'beyond the limit the oldest goes')
  await cache.fetch('job5', a, SERVER)
  await advance(world.clock, 60_001)
  t.same(store.keys, [a], 'what a job needs stays, the rest goes in time')
  await cache.close()
  await server.close()
})

t.test('BlobServer and BlobCache refuse blobs beyond the limit', async (t) => {
  const world = new TestWorld()
  const { log, clock } = world
  const store = new InMemoryBlobStore()
  const server = new BlobServer({
    rpcService: world.service('jm:1'),
    log,
    clock,
    store,
    maxBlobBytes: 1000,
  })
  await server.start()
  await t.rejects(server.put(content(1001)), {
    code: 'FLINK_BLOB_TOO_LARGE',
    message: /1001 bytes, more than the 1000/,
  })
  await t.rejects(server.lease(content(1001)), { code: 'FLINK_BLOB_TOO_LARGE' })
  t.same(store.keys, [])

  const key = await server.put(content(900))
  const kept = new InMemoryBlobStore()
  const rpcService = world.service('tm:1')
  const cache = new BlobCache({ rpcService, clock, log, store: kept, maxBlobBytes: 800 })
  await t.rejects(cache.fetch('job1', key, SERVER), {
    code: 'FLINK_BLOB_TOO_LARGE',
    message: new RegExp(`blob ${key} of job job1`),
  })
  t.same(kept.keys, [])
  await cache.close()
  await server.close()
})

t.test('BlobCache names job and blob when the server has none', async (t) => {
  const world = new TestWorld()
  const server = await serverIn(world, new InMemoryBlobStore())
  const cache = cacheIn(world)
  const key = 'a'.repeat(64)
  await t.rejects(cache.fetch('job7', key, SERVER), {
    name: 'JobBlobError',
    code: 'FLINK_BLOB_NOT_FOUND',
    message: new RegExp(`blob ${key} of job job7: .*has no blob`),
  })
  await cache.close()
  await server.close()
})
