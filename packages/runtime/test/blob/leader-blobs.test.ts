import { type FileSystem, InMemoryFileSystem, noopLogger, SeededRandom } from '@flink-ts/core'
import t from 'tap'
import { blobKeyOf } from '../../dist/blob/blob-key.js'
import { BlobServer } from '../../dist/blob/blob-server.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import { LeaderBlobs } from '../../dist/blob/leader-blobs.js'
import { TestWorld } from '../testing/control-plane.js'

const DIRECTORY = 'memory:///ha/blob'
const PROGRAM = Buffer.alloc(2_500_000, 'program')
const KEY = blobKeyOf(PROGRAM)
const OTHER = Buffer.from('other')

/** JobManagers that share a storage: each has a BlobServer of its own. */
class Leaders {
  readonly #world = new TestWorld()
  readonly files = new InMemoryFileSystem({
    clock: this.#world.clock,
    random: new SeededRandom(1),
  })
  /** Thrown at the next calls of the file system by this name. */
  failing: string | undefined

  async process(name: string) {
    const { log, clock } = this.#world
    const store = new InMemoryBlobStore()
    const server = new BlobServer({
      rpcService: this.#world.service(`${name}:1`),
      log,
      clock,
      store,
    })
    await server.start()
    const term = (epoch: number) =>
      new LeaderBlobs({
        server,
        storage: { fileSystem: this.#fileSystem, directory: DIRECTORY },
        epoch,
        log: noopLogger,
      })
    return { server, store, term }
  }

  async names(): Promise<string[]> {
    if (!(await this.files.exists(DIRECTORY))) return []
    return (await this.files.list(DIRECTORY)).map(({ path }) => path.split('/').at(-1)!).sort()
  }

  get #fileSystem(): FileSystem {
    return new Proxy(this.files as FileSystem, {
      get: (target, name) => {
        if (name === this.failing) return () => Promise.reject(new Error('the storage is away'))
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

t.test('LeaderBlobs keeps a program before its job is, and the next leader has it', async (t) => {
  const leaders = new Leaders()
  const a = await leaders.process('a')
  const lease = await a.server.lease(PROGRAM)
  await a.term(5).registerJob('job', [KEY])
  await lease.release()
  t.strictSame(await leaders.names(), [`5-${KEY}`])

  const b = await leaders.process('b')
  const next = b.term(9)
  await next.registerJob('job', [KEY])
  t.strictSame(b.store.keys, [KEY])
  const { data } = await b.server.getBlob({ key: KEY, offset: 0, maxBytes: 7 })
  t.equal(Buffer.from(data).toString(), 'program')
  t.strictSame(await leaders.names(), [`5-${KEY}`], 'it is not written again')

  await next.releaseJob('job')
  t.strictSame(b.store.keys, [])
  t.strictSame(await leaders.names(), [], 'nothing is left of a job that has ended')
})

t.test('LeaderBlobs.registerJob says which program is nowhere', async (t) => {
  const { term } = await new Leaders().process('a')

  await t.rejects(term(1).registerJob('job', [KEY]), { code: 'FLINK_BLOB_NOT_FOUND' })
})

t.test('LeaderBlobs takes no file whose digest is not the key', async (t) => {
  const leaders = new Leaders()
  const a = await leaders.process('a')
  await a.server.put(PROGRAM)
  await a.term(2).registerJob('job', [KEY])
  await leaders.files.mkdirs(DIRECTORY)
  const half = await leaders.files.create(`${DIRECTORY}/3-${KEY}`, 'overwrite')
  await half.write(PROGRAM.subarray(0, 100))
  await half.close()

  const b = await leaders.process('b')
  await b.term(7).registerJob('job', [KEY])
  t.strictSame(b.store.keys, [KEY])
})

t.test('a former leader removes nothing that a later one relies on', async (t) => {
  const leaders = new Leaders()
  const [a, b] = [await leaders.process('a'), await leaders.process('b')]
  const former = a.term(1)
  await a.server.put(PROGRAM)
  await former.registerJob('ending', [KEY])

  const later = b.term(2)
  await b.server.put(PROGRAM)
  await later.registerJob('new', [KEY])
  // What it began before it heard of its end.
  await former.releaseJob('ending')
  await former.removeAbandoned()
  t.strictSame(await leaders.names(), [`2-${KEY}`])
})

t.test(
  'LeaderBlobs.removeAbandoned removes what earlier terms left and no job names',
  async (t) => {
    const leaders = new Leaders()
    const a = await leaders.process('a')
    const first = a.term(1)
    await a.server.put(PROGRAM)
    const other = await a.server.put(OTHER)
    await first.registerJob('recovered', [KEY])
    await first.registerJob('half-submitted', [other])
    const foreign = await leaders.files.create(`${DIRECTORY}/readme`, 'overwrite')
    await foreign.close()

    const b = await leaders.process('b')
    const second = b.term(2)
    await second.registerJob('recovered', [KEY])
    const submitted = await b.server.put(Buffer.from('new'))
    await second.registerJob('submitted', [submitted])
    await second.removeAbandoned()
    t.strictSame(await leaders.names(), [`1-${KEY}`, `2-${submitted}`, 'readme'].sort())
  },
)

t.test('a storage that is away is told with its path, and the same call works later', async (t) => {
  const leaders = new Leaders()
  const a = await leaders.process('a')
  const term = a.term(1)
  await a.server.put(PROGRAM)

  leaders.failing = 'create'
  await t.rejects(term.registerJob('job', [KEY]), {
    code: 'FLINK_BLOB_STORAGE',
    retriable: true,
    message: /1-[0-9a-f]{64}, where programs.*the storage is away.*high-availability.storageDir/,
  })
  leaders.failing = undefined
  await term.registerJob('job', [KEY])

  leaders.failing = 'delete'
  await t.rejects(term.releaseJob('job'), { code: 'FLINK_BLOB_STORAGE' })
  leaders.failing = undefined
  await term.releaseJob('job')
  t.strictSame(await leaders.names(), [])
})

t.test('LeaderBlobs.close does not reject, and forgets all jobs but those it cannot', async (t) => {
  const leaders = new Leaders()
  const a = await leaders.process('a')
  const term = a.term(1)
  for (const [jobId, content] of [['stuck', PROGRAM] as const, ['other', OTHER] as const]) {
    const lease = await a.server.lease(content)
    await term.registerJob(jobId, [blobKeyOf(content)])
    await lease.release()
  }
  const { server } = a
  const releaseJob = server.releaseJob.bind(server)
  server.releaseJob = async (jobId) => {
    if (jobId === 'stuck') throw new Error('the disk is busy')
    await releaseJob(jobId)
  }
  await term.close()
  t.strictSame(a.store.keys, [KEY])
})

t.test('LeaderBlobs.close forgets what is here and keeps what later terms need', async (t) => {
  const leaders = new Leaders()
  const a = await leaders.process('a')
  const lease = await a.server.lease(PROGRAM)
  const term = a.term(1)
  await term.registerJob('job', [KEY])
  await lease.release()

  await term.close()
  t.strictSame(a.store.keys, [])
  t.strictSame(await leaders.names(), [`1-${KEY}`])
})
