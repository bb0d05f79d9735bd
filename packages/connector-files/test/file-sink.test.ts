import { deepStrictEqual } from 'node:assert/strict'
import {
  basePathBucketAssigner,
  FileSink,
  type FileSinkCommittable,
  type FileWriterState,
  sizeRollingPolicy,
} from '@flink-ts/connector-files'
import {
  type CommitRequest,
  type Committer,
  type FileSystem,
  FileSystemError,
  InMemoryFileSystem,
  SeededRandom,
  type SinkWriterContext,
  type WriterInitContext,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import fc from 'fast-check'
import t from 'tap'

const JOB = 'a'.repeat(32)
const NO_TIME: SinkWriterContext = {
  timestampMs: () => undefined,
  currentWatermarkMs: () => Number.MIN_SAFE_INTEGER,
}

class World {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 21, 19, 5))
  readonly memory = new InMemoryFileSystem({
    clock: this.clock,
    random: new SeededRandom(1),
    scheme: 'file',
  })
  /** Of the writers, each of which has a name of its own. */
  readonly random = new SeededRandom(2)
  fileSystem: FileSystem = this.memory
  readonly fileSystems = { forPath: () => this.fileSystem }

  writerContext(overrides: Partial<WriterInitContext> = {}): WriterInitContext {
    return {
      jobId: JOB,
      subtaskIndex: 0,
      parallelism: 1,
      attemptNumber: 0,
      clock: this.clock,
      random: this.random,
      fileSystems: this.fileSystems,
      stdout: { writeLine() {}, flush() {} },
      ...overrides,
    }
  }

  /** Names of all files below the sink's path. */
  async files(folder = '/out'): Promise<string[]> {
    if (!(await this.memory.exists(folder))) return []
    const names: string[] = []
    for (const { path, isDirectory } of await this.memory.list(folder)) {
      if (isDirectory) names.push(...(await this.files(path)))
      else names.push(path)
    }
    return names
  }

  async visible(): Promise<string[]> {
    return (await this.files()).filter((path) => !/\/\.[^/]*$/.test(path))
  }

  /** Lines of all visible files, sorted. */
  async rows(): Promise<string[]> {
    const rows: string[] = []
    for (const path of await this.visible()) {
      const bytes = Buffer.alloc(Number((await this.memory.getFileStatus(path)).lengthBytes))
      const file = await this.memory.open(path)
      await file.read(bytes, 0)
      rows.push(...bytes.toString().split('\n').slice(0, -1))
    }
    return rows.sort()
  }
}

/** Commits, once; answers those that asked for another attempt. */
async function commit(
  committer: Committer<FileSinkCommittable>,
  committables: readonly FileSinkCommittable[],
): Promise<FileSinkCommittable[]> {
  const again: FileSinkCommittable[] = []
  const requests = committables.map(
    (committable): CommitRequest<FileSinkCommittable> => ({
      committable,
      numberOfRetries: 0,
      retryLater: () => void again.push(committable),
      signalAlreadyCommitted() {},
      signalFailedWithKnownReason: (error) => {
        throw error
      },
      signalFailedWithUnknownReason: (error) => {
        throw error
      },
      updateAndRetryLater() {},
    }),
  )
  await committer.commit(requests)
  return again
}

const rowSink = () =>
  FileSink.forRowFormat<string>('/out').withBucketAssigner(basePathBucketAssigner)

t.test('FileSink: rows are seen when they are committed, not before', async (t) => {
  const world = new World()
  const sink = rowSink().build()
  const writer = await sink.createWriter(world.writerContext())
  const committer = sink.createCommitter(world as never)
  for (const row of ['a', 'b']) writer.write(row, NO_TIME)
  writer.flush()
  const committables = await writer.prepareCommit()
  t.equal(committables.length, 1)
  t.strictSame(await world.visible(), [])
  writer.write('c', NO_TIME)
  await commit(committer, committables)
  t.strictSame(await world.rows(), ['a', 'b'])
  await commit(committer, committables)
  t.strictSame(await world.rows(), ['a', 'b'], 'a repeated commit changes nothing')
  t.match(await world.visible(), [/^\/out\/part-\w+-0$/])
  await writer.close()
  t.equal((await world.files()).length, 1, 'what was never prepared is gone')
})

t.test('FileSink: without rows there is nothing to commit', async (t) => {
  const world = new World()
  const writer = await rowSink().build().createWriter(world.writerContext())
  writer.flush()
  t.strictSame(await writer.prepareCommit(), [])
  t.strictSame(await world.files(), [])
  await writer.close()
})

t.test('FileSink: committables and states travel as JSON', async (t) => {
  const world = new World()
  const sink = rowSink().build()
  const writer = await sink.createWriter(world.writerContext())
  writer.write('a', NO_TIME)
  const { committableSerializer: c, writerStateSerializer: w } = sink
  const committables = (await writer.prepareCommit()).map((each) =>
    c.deserialize(c.version, c.serialize(each)),
  )
  const [state] = writer.snapshotState()
  t.strictSame(w.deserialize(w.version, w.serialize(state!)), state)
  await commit(sink.createCommitter(world as never), committables)
  t.strictSame(await world.rows(), ['a'])
})

t.test('FileSink: buckets are folders; the default is the hour', async (t) => {
  const world = new World()
  const hourly = FileSink.forRowFormat<string>('/out/').build()
  const writer = await hourly.createWriter(world.writerContext())
  writer.write('a', NO_TIME)
  world.clock.advance(3_600_000)
  writer.write('b', NO_TIME)
  await commit(hourly.createCommitter(world as never), await writer.prepareCommit())
  t.match(await world.visible(), [
    /^\/out\/2026-11-21--19\/part-\w+-0$/,
    /^\/out\/2026-11-21--20\/part-\w+-1$/,
  ])

  const byFirst = FileSink.forRowFormat<string>('/out')
    .withBucketAssigner((row) => row)
    .build()
  const strict = await byFirst.createWriter(world.writerContext())
  for (const bucket of ['..', '../x', 'a/../b', '/abs', 'a/', '.', 'a//b']) {
    t.throws(() => strict.write(bucket, NO_TIME), { code: 'FLINK_INVALID_PROGRAM' }, bucket)
  }
  strict.write('eu/orders', NO_TIME)
  await strict.close()
  t.throws(() => FileSink.forRowFormat('out'), { code: 'FLINK_INVALID_PROGRAM' })
})

t.test(
  'FileSink: part files roll at a size, with prefix and suffix, of strings and bytes',
  async (t) => {
    const world = new World()
    const sink = FileSink.forRowFormat<string>('/out', (row) =>
      row === 'bytes' ? Buffer.from('bytes\n') : `${row}\n`,
    )
      .withBucketAssigner(basePathBucketAssigner)
      .withRollingPolicy(sizeRollingPolicy(10))
      .withOutputFileConfig({ partPrefix: 'row.s', partSuffix: '.csv' })
      .build()
    const writer = await sink.createWriter(world.writerContext())
    const rows = ['1234', '5678', 'bytes', 'x', 'y', '日本語日本語', 'z']
    for (const row of rows) writer.write(row, NO_TIME)
    await commit(sink.createCommitter(world as never), await writer.prepareCommit())
    t.strictSame(await world.rows(), [...rows].sort())
    t.match(
      await world.visible(),
      Array.from({ length: 3 }, () => /\/row\.s-\w+-\d\.csv$/),
    )
    t.throws(() => sizeRollingPolicy(0), RangeError)
  },
)

/** A file system whose writing fails, or waits. */
function failing(
  memory: InMemoryFileSystem,
  write: () => Promise<void>,
  rename: () => Promise<void>,
) {
  const resumable = memory.createResumableWriter()
  const fileSystem = Object.create(memory) as FileSystem
  fileSystem.createResumableWriter = () => ({
    async open(path) {
      const stream = await resumable.open(path)
      return {
        positionBytes: 0n,
        persist: () => stream.persist(),
        closeForCommit: () => stream.closeForCommit(),
        discard: () => stream.discard(),
        async write(bytes) {
          await write()
          await stream.write(bytes)
        },
      }
    },
    recover: (state) => resumable.recover(state),
    cleanup: (state) => resumable.cleanup(state),
    async commit(state) {
      await rename()
      await resumable.commit(state)
    },
  })
  return fileSystem
}

const full = async () => {
  throw new FileSystemError('ENOSPC: no space left on device', { path: '/out' })
}
const fine = async () => {}

t.test(
  'FileSink: a full disk fails the writer, at the next checkpoint at the latest',
  async (t) => {
    const world = new World()
    world.fileSystem = failing(world.memory, full, fine)
    const writer = await rowSink().build().createWriter(world.writerContext())
    writer.write('a', NO_TIME)
    await t.rejects(writer.prepareCommit(), { code: 'FLINK_FILE_SYSTEM' })
    await writer.close()
    t.strictSame(await world.visible(), [])

    const large = await rowSink().build().createWriter(world.writerContext())
    large.write('x'.repeat(100_000), NO_TIME)
    await new Promise(setImmediate)
    t.throws(() => large.write('y', NO_TIME), { code: 'FLINK_FILE_SYSTEM' })
    await large.close()
    t.strictSame(await world.files(), [])
  },
)

t.test(
  'FileSink: what the file system refuses to commit is tried again; what is gone was committed',
  async (t) => {
    const world = new World()
    const sink = rowSink().build()
    const writer = await sink.createWriter(world.writerContext())
    writer.write('a', NO_TIME)
    const committables = await writer.prepareCommit()
    const committer = sink.createCommitter(world as never)
    world.fileSystem = failing(world.memory, fine, full)
    t.strictSame(await commit(committer, committables), committables)
    world.fileSystem = world.memory
    t.strictSame(await commit(committer, committables), [])
    const [path] = await world.visible()
    await world.memory.delete(path!, { recursive: false })
    t.strictSame(await commit(committer, committables), [], 'somebody has taken the file away')
  },
)

t.test('FileSink: a slow file system slows the writer down', async (t) => {
  const world = new World()
  let open!: () => void
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  world.fileSystem = failing(world.memory, () => gate, fine)
  const writer = await rowSink().build().createWriter(world.writerContext())
  const row = 'x'.repeat(1023)
  let rows = 0
  while (writer.whenWritable() === undefined && rows < 5000) {
    writer.write(row, NO_TIME)
    rows++
  }
  t.ok(rows < 2000, `${rows} KiB wait`)
  const writable = writer.whenWritable()
  open()
  await writable
  t.equal(writer.whenWritable(), undefined)
  await writer.close()
})

t.test(
  'FileSink: hidden files beyond the checkpoint go, those of the checkpoint stay',
  async (t) => {
    const world = new World()
    const sink = rowSink().build()
    const lost = await sink.createWriter(world.writerContext())
    lost.write('in the checkpoint', NO_TIME)
    const committables = await lost.prepareCommit()
    const states = lost.snapshotState()
    lost.write('beyond', NO_TIME)
    await lost.prepareCommit()
    t.equal((await world.files()).length, 2)
    const context = world.writerContext({ attemptNumber: 1, restoredCheckpointId: 1n })
    const writer = await sink.restoreWriter(context, states)
    t.equal((await world.files()).length, 1)
    await commit(sink.createCommitter(world as never), committables)
    writer.write('beyond', NO_TIME)
    await commit(sink.createCommitter(world as never), await writer.prepareCommit())
    t.strictSame(await world.rows(), ['beyond', 'in the checkpoint'])
  },
)

t.test('FileSink: jobs begin with one savepoint as often as anybody likes', async (t) => {
  const world = new World()
  const sink = rowSink().build()
  const committer = sink.createCommitter(world as never)
  const first = await sink.createWriter(world.writerContext())
  first.write('in the savepoint', NO_TIME)
  const committables = await first.prepareCommit()
  const states = first.snapshotState()
  first.write('first', NO_TIME)
  const begin = async (jobId: string, given = sink) => {
    const context = world.writerContext({ jobId, restoredCheckpointId: 1n })
    await commit(given.createCommitter(world as never), committables)
    const writer = await given.restoreWriter(context, states)
    writer.write(`job ${jobId[0]}`, NO_TIME)
    await commit(committer, await writer.prepareCommit())
    await writer.close()
  }
  await begin('b'.repeat(32))
  await commit(committer, [...committables, ...(await first.prepareCommit())])
  await begin('c'.repeat(32))
  t.strictSame(
    await world.rows(),
    ['first', 'in the savepoint', 'job b', 'job c'],
    'rows of the savepoint once; the job that took it loses nothing',
  )
  const elsewhere = FileSink.forRowFormat<string>('/other')
    .withBucketAssigner(basePathBucketAssigner)
    .build()
  await begin('d'.repeat(32), elsewhere)
  t.equal((await world.rows()).length, 4, 'another path: rows behind the savepoint go there')
  t.equal((await world.files('/other')).length, 1)
})

t.test('FileSink.withTakeBackOnRestore: other jobs and other files are left alone', async (t) => {
  const world = new World()
  const sink = rowSink().withTakeBackOnRestore().build()
  const other = await sink.createWriter(world.writerContext({ jobId: 'b'.repeat(32) }))
  other.write('of another job', NO_TIME)
  const own = await sink.createWriter(world.writerContext())
  own.write('own', NO_TIME)
  const committer = sink.createCommitter(world as never)
  await commit(committer, [...(await other.prepareCommit()), ...(await own.prepareCommit())])
  const stream = await world.memory.create('/out/part-of-me-1', 'exclusive')
  await stream.write(Buffer.from('mine\n'))
  await stream.close()
  await sink.createWriter(world.writerContext())
  t.strictSame(
    await world.rows(),
    ['mine', 'of another job', 'own'],
    'first attempts remove nothing',
  )
  await sink.createWriter(
    world.writerContext({ attemptNumber: 1, subtaskIndex: 1, parallelism: 2 }),
  )
  t.strictSame(await world.rows(), ['mine', 'of another job', 'own'], 'of another subtask')
  await sink.createWriter(world.writerContext({ attemptNumber: 1 }))
  t.strictSame(await world.rows(), ['mine', 'of another job'])
})

/** What a job with this sink may live through. */
type Step = { kind: 'write' | 'checkpoint' | 'fail' | 'rescale' | 'fall back'; n: number }

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>(
      ...([
        'write',
        'write',
        'write',
        'checkpoint',
        'checkpoint',
        'fail',
        'rescale',
        'fall back',
      ] as const),
    ),
    n: fc.nat(5),
  }),
  { maxLength: 40 },
)

t.test(
  'FileSink: each row exactly once, whatever fails, at any parallelism, also from older checkpoints',
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const world = new World()
        const sink = rowSink().withTakeBackOnRestore().build()
        const committer = sink.createCommitter(world as never)
        interface Checkpoint {
          readonly id: bigint
          readonly nextRow: number
          readonly states: FileWriterState[]
          readonly committables: FileSinkCommittable[]
        }
        const retained: Checkpoint[] = []
        let parallelism = 1
        let attemptNumber = 0
        let lastId = 0n
        let nextRow = 0
        /** As in the operator's state: prepared, and not known to be committed. */
        let pending: FileSinkCommittable[] = []

        const begin = async (from: Checkpoint | undefined) => {
          nextRow = from?.nextRow ?? 0
          // As the operator does: what the checkpoint knows is committed before anything else.
          await commit(committer, from?.committables ?? [])
          pending = []
          return Promise.all(
            Array.from({ length: parallelism }, (_, subtaskIndex) => {
              const context = world.writerContext({
                subtaskIndex,
                parallelism,
                attemptNumber,
                restoredCheckpointId: from?.id,
              })
              if (from === undefined) return sink.createWriter(context)
              const mine = from.states.filter((_state, i) => i % parallelism === subtaskIndex)
              return sink.restoreWriter(context, mine)
            }),
          )
        }
        let writers = await begin(undefined)
        const checkpoint = async (completes: boolean, notified: boolean) => {
          pending.push(...(await Promise.all(writers.map((w) => w.prepareCommit()))).flat())
          const states = writers.flatMap((w) => w.snapshotState())
          const id = ++lastId
          if (!completes) return
          retained.push({ id, nextRow, states, committables: [...pending] })
          if (!notified) return
          await commit(committer, pending)
          pending = []
        }
        for (const { kind, n } of history) {
          if (kind === 'write') {
            for (let i = 0; i < n; i++) {
              writers[nextRow % parallelism]!.write(String(nextRow++), NO_TIME)
            }
          } else if (kind === 'checkpoint') await checkpoint(n > 0, n > 1)
          else {
            attemptNumber++
            if (kind === 'rescale') parallelism = 1 + (n % 3)
            const old = writers
            // A process that was killed cleans nothing up.
            if (n % 2 === 0) await Promise.all(old.map((w) => w.close()))
            if (kind === 'fall back') retained.splice(Math.max(0, retained.length - n))
            writers = await begin(retained.at(-1))
          }
        }
        await checkpoint(true, true)
        const expected = Array.from({ length: nextRow }, (_, i) => String(i)).sort()
        deepStrictEqual(await world.rows(), expected)
      }),
      { numRuns: 300 },
    )
  },
)
