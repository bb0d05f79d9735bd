import {
  createFileSource,
  FileSource,
  type FileSourceConfig,
  TextLineInputFormat,
} from '@flink-ts/connector-files'
import {
  FileSystemRegistry,
  InMemoryFileSystem,
  type ReaderOutput,
  SeededRandom,
  type SourceReaderContext,
  type SplitEnumeratorContext,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { TextFileSplit } from '@flink-ts/streaming'
import t from 'tap'
import { globExpression } from '../dist/source/glob.js'

const TEXT = new TextLineInputFormat()

/** Files in memory, and what a JobManager and readers do with them. */
class World {
  readonly fileSystem = new InMemoryFileSystem({
    clock: new ManualClock(),
    random: new SeededRandom(1),
    scheme: 'file',
  })
  readonly fileSystems = new FileSystemRegistry([this.fileSystem])

  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const out = await this.fileSystem.create(path, 'overwrite')
      await out.write(Buffer.from(text))
      await out.close()
    }
  }
}

/** The enumerator of a source with `readers` registered readers that keep what they are given. */
function enumeratorOf(world: World, source: FileSource, readers: number, checkpoint?: unknown) {
  const given: TextFileSplit[][] = Array.from({ length: readers }, () => [])
  const ended = new Set<number>()
  let search: (() => Promise<void>) | undefined
  const context: SplitEnumeratorContext<TextFileSplit> = {
    currentParallelism: () => readers,
    registeredReaders: () => new Set(given.keys()),
    assignSplit: (split, subtask) => void given[subtask]!.push(split),
    signalNoMoreSplits: (subtask) => void ended.add(subtask),
    sendEventToSourceReader() {},
    callAsync(work, handler) {
      search = async () =>
        work().then(
          (result) => handler(result, undefined),
          (error: unknown) => handler(undefined, error),
        )
    },
    fileSystems: world.fileSystems,
  }
  const enumerator =
    checkpoint === undefined
      ? source.createEnumerator(context)
      : source.restoreEnumerator(context, checkpoint as never)
  enumerator.start()
  const { enumeratorCheckpointSerializer: serializer } = source
  return {
    enumerator,
    given,
    ended,
    paths: () => given.map((splits) => splits.map(({ path }) => path)),
    get searches() {
      return search !== undefined
    },
    search: () => search!(),
    snapshot: () =>
      serializer.deserialize(serializer.version, serializer.serialize(enumerator.snapshotState())),
  }
}

async function linesOf(world: World, source: FileSource, splits: TextFileSplit[]) {
  const lines: string[] = []
  const output = { collect: (line) => void lines.push(line) } as ReaderOutput<string>
  const reader = source.createReader({
    clock: new ManualClock(),
    fileSystems: world.fileSystems,
    sendSplitRequest() {},
  } as unknown as SourceReaderContext)
  reader.start()
  reader.addSplits(splits)
  reader.notifyNoMoreSplits()
  for (;;) {
    const status = reader.pollNext(output)
    if (status === 'END_OF_INPUT') break
    if (status === 'NOTHING_AVAILABLE') await reader.isAvailable()
  }
  await reader.close()
  return lines
}

t.test('globExpression: patterns of the shell', (t) => {
  const cases: [string, string[], string[]][] = [
    ['/a/*.txt', ['/a/b.txt', '/a/.txt'], ['/a/b/c.txt', '/a/b.txt2', '/b/a.txt']],
    ['/a/**/*.txt', ['/a/b.txt', '/a/b/c/d.txt'], ['/b/a.txt']],
    ['/a/**', ['/a/b', '/a/b/c'], ['/ab']],
    ['/{a,bc}/?.t', ['/a/x.t', '/bc/y.t'], ['/b/x.t', '/a/xy.t', '/a/x_t']],
    ['/[!ab]/[0-9]', ['/c/7'], ['/a/7', '/c/x', '//7']],
    ['/a(1)+[', ['/a(1)+['], ['/a1']],
  ]
  for (const [glob, matches, others] of cases) {
    for (const path of matches) t.match(path, globExpression(glob), glob)
    for (const path of others) t.notMatch(path, globExpression(glob), glob)
  }
  t.end()
})

t.test(
  'FileSource reads files, folders with those below, and patterns; each file once',
  async (t) => {
    const world = new World()
    await world.write({
      '/in/a.txt': 'a1\na2\n',
      '/in/.hidden': 'no',
      '/in/_tmp/x': 'no',
      '/in/deep/b.txt': 'b1',
      '/other/c.log': 'c1\r\n',
      '/other/c.txt': 'no',
      '/single': 's1\n',
    })
    const source = FileSource.forRecordStreamFormat(
      TEXT,
      ...(['/in', '/other/*.log', '/single', '/in/a.txt'] as const),
    ).build()
    t.equal(source.boundedness, 'BOUNDED')
    const { enumerator, given, ended, search } = enumeratorOf(world, source, 1)
    enumerator.handleSplitRequest(0)
    await search()
    while (ended.size === 0) enumerator.handleSplitRequest(0)
    t.strictSame(await linesOf(world, source, given[0]!), ['a1', 'a2', 'b1', 'c1', 's1'])
  },
)

t.test('FileSource: what is not there fails the job, by name', async (t) => {
  const missing = FileSource.forRecordStreamFormat(TEXT, '/nowhere').build()
  await t.rejects(enumeratorOf(new World(), missing, 1).search(), {
    code: 'FLINK_FILE_NOT_FOUND',
    path: '/nowhere',
  })
  t.throws(() => FileSource.forRecordStreamFormat(TEXT, 'in/a.txt'), {
    code: 'FLINK_INVALID_PROGRAM',
    message: /absolute/,
  })
  for (const interval of [0, -1, 'soon']) {
    const builder = FileSource.forRecordStreamFormat(TEXT, '/in')
    t.throws(() => builder.monitorContinuously(interval), { code: 'FLINK_INVALID_PROGRAM' })
  }
})

t.test('FileSource.monitorContinuously: readers wait for files that appear', async (t) => {
  const world = new World()
  await world.write({ '/in/1': 'x' })
  const source = FileSource.forRecordStreamFormat(TEXT, '/in').monitorContinuously('10 s').build()
  t.equal(source.boundedness, 'CONTINUOUS_UNBOUNDED')
  t.same(createFileSource(source.coordinatorReference.config as FileSourceConfig), source)
  const { enumerator, paths, ended, search } = enumeratorOf(world, source, 2)
  await search()
  for (const subtask of [0, 1]) enumerator.handleSplitRequest(subtask)
  t.strictSame(paths(), [['/in/1'], []])
  await search()
  t.strictSame(paths(), [['/in/1'], []], 'nothing new')
  await world.write({ '/in/2': 'y', '/in/3': 'z' })
  await search()
  t.strictSame(paths(), [['/in/1'], ['/in/2']])
  enumerator.handleSplitRequest(0)
  t.strictSame(paths(), [['/in/1', '/in/3'], ['/in/2']])
  t.equal(ended.size, 0)
})

t.test('FileSource: an enumerator that is restored neither loses nor repeats a file', async (t) => {
  const world = new World()
  await world.write({ '/in/1': 'x', '/in/2': 'y', '/in/3': 'z' })
  const source = FileSource.forRecordStreamFormat(TEXT, '/in').monitorContinuously(1000).build()
  const before = enumeratorOf(world, source, 1)
  const unborn = before.snapshot()
  await before.search()
  before.enumerator.handleSplitRequest(0)
  const checkpoint = before.snapshot()
  before.enumerator.handleSplitRequest(0)

  const after = enumeratorOf(world, source, 2, checkpoint)
  // The split that was given after the checkpoint is in `remaining`; that of before is with its reader.
  await world.write({ '/in/4': 'w' })
  await after.search()
  for (const subtask of [0, 0, 1, 1]) after.enumerator.handleSplitRequest(subtask)
  t.strictSame(after.paths(), [['/in/2', '/in/3'], ['/in/4']])
  after.enumerator.addSplitsBack([after.given[0]![1]!])
  t.strictSame(
    after.paths(),
    [
      ['/in/2', '/in/3'],
      ['/in/4', '/in/3'],
    ],
    'the one that waits gets it',
  )

  const fromUnborn = enumeratorOf(world, source, 1, unborn)
  await fromUnborn.search()
  for (let i = 0; i < 4; i++) fromUnborn.enumerator.handleSplitRequest(0)
  t.equal(fromUnborn.given[0]!.length, 4)

  const bounded = FileSource.forRecordStreamFormat(TEXT, '/in').build()
  t.notOk(enumeratorOf(world, bounded, 1, checkpoint).searches, 'its files have been found')
})

t.test('FileSource: a reader that is restored goes on with the next line', async (t) => {
  const world = new World()
  const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}`)
  await world.write({ '/in': `${lines.join('\n')}\n` })
  const source = FileSource.forRecordStreamFormat(TEXT, '/in').build()
  const { enumerator, given, ended, search } = enumeratorOf(world, source, 1)
  await search()
  while (ended.size === 0) enumerator.handleSplitRequest(0)

  const read: string[] = []
  const reader = source.createReader({
    clock: new ManualClock(),
    fileSystems: world.fileSystems,
    sendSplitRequest() {},
  } as unknown as SourceReaderContext)
  reader.start()
  reader.addSplits(given[0]!)
  const output = { collect: (line) => void read.push(line) } as ReaderOutput<string>
  while (read.length < 20_000) {
    if (reader.pollNext(output) === 'NOTHING_AVAILABLE') await reader.isAvailable()
  }
  const { splitSerializer: serializer } = source
  const splits = reader
    .snapshotState()
    .map((split) => serializer.deserialize(serializer.version, serializer.serialize(split)))
  await reader.close()
  t.strictSame([...read, ...(await linesOf(world, source, splits))], lines)
})
