import {
  FileSystemRegistry,
  InMemoryFileSystem,
  SeededRandom,
  type WriterInitContext,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { initializeTextFileSink, TextFileSink } from '@flink-ts/streaming'
import t from 'tap'

type TextWriter = Awaited<ReturnType<TextFileSink<unknown>['createWriter']>>
const CHECKPOINT = { isSavepoint: false }
const SAVEPOINT = { isSavepoint: true }

function world() {
  const fileSystem = new InMemoryFileSystem({
    clock: new ManualClock(),
    random: new SeededRandom(1),
    scheme: 'file',
  })
  return { fileSystem, fileSystems: new FileSystemRegistry([fileSystem]) }
}
type World = ReturnType<typeof world>

function contextOf(w: World, given: Partial<WriterInitContext> = {}): WriterInitContext {
  return {
    ...{ jobId: 'j', subtaskIndex: 0, parallelism: 1, attemptNumber: 0 },
    ...{ clock: new ManualClock(), random: new SeededRandom(1) },
    fileSystems: w.fileSystems,
    stdout: { writeLine() {}, flush() {} },
    ...given,
  }
}

const open = (w: World, subtaskIndex = 0, parallelism = 1) =>
  new TextFileSink<unknown>({ path: '/out' }).createWriter(
    contextOf(w, { subtaskIndex, parallelism }),
  )

const commit = async (w: World, writer: TextWriter) => {
  const sink = new TextFileSink({ path: '/out' })
  await writer.flush(true)
  for (const committable of await writer.prepareCommit()) {
    const bytes = sink.committableSerializer.serialize(committable)
    const committer = sink.createCommitter({
      jobId: 'j',
      subtaskIndex: 0,
      parallelism: 1,
      fileSystems: w.fileSystems,
    })
    await committer.commit([
      { committable: sink.committableSerializer.deserialize(1, bytes) } as never,
    ])
  }
  await writer.close()
}
const read = async (w: World, path: string) => {
  const stream = await w.fileSystem.open(path)
  const buffer = Buffer.alloc(4_000_000)
  return buffer.subarray(0, await stream.read(buffer, 0)).toString()
}

t.test('TextFileSink', async (t) => {
  const initialize = (
    w: World,
    parallelism: number,
    mode: 'exclusive' | 'overwrite' = 'exclusive',
    isRecovered = false,
  ) =>
    initializeTextFileSink(
      { path: '/out', mode },
      { jobId: 'j', parallelism, fileSystems: w.fileSystems, isRecovered },
    )

  const one = world()
  const writer = await open(one)
  writer.write('ä')
  writer.write({ n: 1 })
  await writer.flush(false)
  t.same(await writer.prepareCommit(), [], 'prepares nothing before the end')
  t.notOk(await one.fileSystem.exists('/out'), 'shows nothing before the commit')
  await commit(one, writer)
  t.equal(await read(one, '/out'), 'ä\n{ n: 1 }\n')
  t.equal((await one.fileSystem.list('/')).length, 1, 'leaves nothing else')

  const several = world()
  for (const i of [0, 1]) {
    const part = await open(several, i, 2)
    part.write(`part ${i}`)
    await commit(several, part)
  }
  t.same(
    [await read(several, '/out/1'), await read(several, '/out/2')],
    ['part 0\n', 'part 1\n'],
    'several writers: files in a folder',
  )

  const failed = world()
  const parts = [await open(failed, 0, 2), await open(failed, 1, 2)]
  parts[0]!.write('x'.repeat(100_000))
  await parts[1]!.flush(true)
  await parts[1]!.prepareCommit()
  for (const part of parts) await part.close()
  t.notOk(await failed.fileSystem.exists('/out'), 'a failed job leaves nothing')

  const large = world()
  const busy = await open(large)
  let waits = 0
  for (let i = 0; i < 10_000; i++) {
    busy.write(`${i} ${'x'.repeat(90)}`)
    const writable = busy.whenWritable()
    if (writable !== undefined) {
      waits++
      await writable
    }
  }
  await commit(large, busy)
  t.ok(waits > 0, 'asks to wait when the file system is behind')
  t.equal((await read(large, '/out')).split('\n').length, 10_001)

  const restored = world()
  const sink = new TextFileSink<unknown>({ path: '/out' })
  const context = (subtaskIndex: number, parallelism: number) =>
    contextOf(restored, { subtaskIndex, parallelism, restoredCheckpointId: 4n })
  const states = []
  for (const i of [0, 1, 2]) {
    const lost = await open(restored, i, 3)
    lost.write(`kept ${i}`)
    await lost.flush(false)
    states.push(...(await lost.snapshotState(1n, CHECKPOINT)))
    lost.write(`lost ${i}`)
    await lost.flush(false)
    await lost.close()
  }
  t.notOk(await restored.fileSystem.exists('/out/1'))
  const both = await sink.restoreWriter(context(0, 2), states.slice(0, 2))
  both.write('again 0')
  t.same(
    (await both.snapshotState(1n, CHECKPOINT)).map(({ path }) => path),
    ['/out/1', '/out/2'],
    'remembers the files of others',
  )
  await commit(restored, both)
  const third = await sink.restoreWriter(context(1, 2), states.slice(2))
  await third.flush(true)
  const committables = await third.prepareCommit()
  const ended = await third.snapshotState(1n, CHECKPOINT)
  await commit(restored, third)
  t.same(
    committables.map(({ path }) => path),
    ['/out/3'],
  )
  await commit(restored, await sink.restoreWriter(context(1, 2), ended))
  const late = await sink.restoreWriter(context(1, 2), [])
  late.write('late')
  await commit(restored, late)
  t.same(
    await Promise.all(['1', '2', '3', '2-4'].map((name) => read(restored, `/out/${name}`))),
    ['kept 0\nagain 0\n', 'kept 1\n', 'kept 2\n', 'late\n'],
    'files go on where the checkpoint has them; those that had ended are left alone',
  )
  await t.rejects(sink.restoreWriter(context(0, 2), [{ path: '/out' }]), {
    code: 'FLINK_FILE_EXISTS',
    message: /the file of one writer, and 2 writers need a folder/,
  })

  await t.resolves(initialize(world(), 1), 'initializeOnMaster accepts what is not there')
  await t.rejects(initialize(one, 1), {
    code: 'FLINK_FILE_EXISTS',
    message: /Cannot write to \/out: there is a file; give a path that does not exist/,
  })
  await t.rejects(initialize(several, 2), {
    code: 'FLINK_FILE_EXISTS',
    message: /folder that is not empty/,
  })
  await t.resolves(initialize(several, 2, 'exclusive', true), 'a recovered job finds its own files')
  await initialize(several, 2, 'overwrite')
  t.notOk(await several.fileSystem.exists('/out'), 'overwrite clears what is there')
  const empty = world()
  await empty.fileSystem.mkdirs('/out')
  await t.resolves(initialize(empty, 2), 'an empty folder may be left of a job that failed')
  await t.rejects(initialize(empty, 1), { code: 'FLINK_FILE_EXISTS' })
})

/** Lines until the savepoint `kept`, of a job whose sink has written one line more. */
async function takeSavepoint(w: World, path: string, parallelism = 1) {
  const writers: TextWriter[] = []
  const states = []
  for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
    const sink = new TextFileSink<unknown>({ path })
    const writer = await sink.createWriter(contextOf(w, { subtaskIndex, parallelism }))
    writer.write(`kept ${subtaskIndex}`)
    await writer.flush(false)
    await writer.snapshotState(1n, CHECKPOINT)
    states.push(...(await writer.snapshotState(2n, SAVEPOINT)))
    writer.write('later')
    await writer.flush(false)
    writers.push(writer)
  }
  const { writerStateSerializer } = new TextFileSink({ path })
  const stored = states.map((state) =>
    writerStateSerializer.deserialize(1, writerStateSerializer.serialize(state)),
  )
  return { writers, states: stored }
}

const restore = (
  w: World,
  path: string,
  states: Awaited<ReturnType<typeof takeSavepoint>>['states'],
  given: Partial<WriterInitContext> = {},
) =>
  new TextFileSink<unknown>({ path }).restoreWriter(
    contextOf(w, { restoredCheckpointId: 2n, ...given }),
    states,
  )

t.test('TextFileSink begins with a savepoint as often as anybody likes', async (t) => {
  for (const sameJob of [false, true]) {
    const w = world()
    const { writers, states } = await takeSavepoint(w, '/out')
    await commit(w, writers[0]!)
    t.equal(await read(w, '/out'), 'kept 0\nlater\n', 'the job that took it goes on and ends')
    for (const jobId of ['second', 'third']) {
      const given = { jobId: sameJob ? 'j' : jobId }
      const killed = await restore(w, '/out', states, given)
      killed.write('of an attempt that fails before its first checkpoint')
      await killed.close()
      const writer = await restore(w, '/out', states, given)
      writer.write(jobId)
      await writer.flush(false)
      const checkpoint = await writer.snapshotState(3n, CHECKPOINT)
      writer.write('lost')
      await writer.flush(false)
      await writer.close()
      const again = await restore(w, '/out', checkpoint, { ...given, restoredCheckpointId: 3n })
      await commit(w, again)
      t.equal(await read(w, '/out'), `kept 0\n${jobId}\n`, `${jobId} job, same id: ${sameJob}`)
    }
  }
})

t.test('TextFileSink begins with a retained checkpoint of another job again', async (t) => {
  const w = world()
  const cancelled = await open(w)
  cancelled.write('kept')
  await cancelled.flush(false)
  const states = await cancelled.snapshotState(1n, CHECKPOINT)
  await cancelled.close()
  for (const jobId of ['second', 'third']) {
    await commit(w, await restore(w, '/out', states, { jobId }))
    t.equal(await read(w, '/out'), 'kept\n')
    await w.fileSystem.delete('/out', { recursive: false })
  }
})

t.test('TextFileSink goes on under its own path when the savepoint has another one', async (t) => {
  const w = world()
  const { writers, states } = await takeSavepoint(w, '/out')
  const moved = await restore(w, '/new/out', states, { jobId: 'second' })
  moved.write('more')
  await moved.flush(false)
  const checkpoint = await moved.snapshotState(3n, CHECKPOINT)
  await moved.close()
  const given = { jobId: 'second', restoredCheckpointId: 3n }
  await commit(w, await restore(w, '/new/out', checkpoint, given))
  t.equal(await read(w, '/new/out'), 'kept 0\nmore\n', 'all lines are there')
  t.notOk(await w.fileSystem.exists('/out'), 'nothing is shown under the other path')
  await commit(w, writers[0]!)
  t.equal(await read(w, '/out'), 'kept 0\nlater\n', 'and its job is not disturbed')
  await t.rejects(
    restore(w, '/new/out', states, { jobId: 'third' }),
    { code: 'FLINK_FILE_EXISTS', path: '/new/out' },
    'what is there is not replaced',
  )

  const several = world()
  const three = await takeSavepoint(several, '/out/', 3)
  for (const [subtaskIndex, part] of [
    [0, three.states.slice(0, 2)],
    [1, three.states.slice(2)],
  ] as const) {
    const given = { jobId: 'second', subtaskIndex, parallelism: 2 }
    const writer = await restore(several, '/new', part, given)
    writer.write('more')
    await commit(several, writer)
  }
  t.same(
    await Promise.all(['1', '2', '3'].map((name) => read(several, `/new/${name}`))),
    ['kept 0\nmore\n', 'kept 1\n', 'kept 2\nmore\n'],
    'files of a folder',
  )
  t.notOk(await several.fileSystem.exists('/out/1'))
})

t.test('TextFileSink says that the hidden file of a savepoint is gone', async (t) => {
  const w = world()
  const { writers, states } = await takeSavepoint(w, '/out')
  await writers[0]!.close()
  for (const { path } of await w.fileSystem.list('/')) {
    await w.fileSystem.delete(path, { recursive: false })
  }
  await t.rejects(restore(w, '/out', states), { code: 'FLINK_OUTPUT_LOST', path: '/out' })
})
