import { mkdirSync, writeFileSync } from 'node:fs'
import {
  FileSystemRegistry,
  InMemoryFileSystem,
  LocalFileSystem,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { createTextFileSource } from '@flink-ts/streaming'
import fc from 'fast-check'
import t from 'tap'
import { LineCutter } from '../../dist/connectors/textfile/line-cutter.js'
import { TextFileReader } from '../../dist/connectors/textfile/text-file-reader.js'
import { divide, type TextFileSplit } from '../../dist/connectors/textfile/text-file-split.js'
import { CollectingReaderOutput, readAll, readerContext } from './testing-source.js'

async function memoryFiles(
  files: Record<string, string | Uint8Array>,
): Promise<FileSystemRegistry> {
  const fileSystem = new InMemoryFileSystem({
    clock: new ManualClock(),
    random: new SeededRandom(1),
    scheme: 'file',
  })
  for (const [path, text] of Object.entries(files)) {
    const out = await fileSystem.create(path, 'exclusive')
    await out.write(Buffer.from(text as string))
    await out.close()
  }
  return new FileSystemRegistry([fileSystem])
}

/** What the source promises, computed another way. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  // The end of the file ends no line of its own; a lone \r there belongs to the last line.
  if (!text.endsWith('\n')) lines[lines.length - 1] = text.slice(text.lastIndexOf('\n') + 1)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

async function drain(
  reader: TextFileReader,
  output: CollectingReaderOutput<string>,
  turns = Number.POSITIVE_INFINITY,
) {
  for (let i = 0; i < turns; i++) {
    const status = reader.pollNext(output)
    if (status === 'END_OF_INPUT') return
    if (status === 'NOTHING_AVAILABLE') await reader.isAvailable()
  }
}

async function readSplits(
  fileSystems: FileSystemRegistry,
  splits: TextFileSplit[],
  pieceBytes: number,
): Promise<string[]> {
  const lines: string[] = []
  for (const split of splits) {
    const output = new CollectingReaderOutput<string>()
    const reader = new TextFileReader(readerContext({ fileSystems }), pieceBytes)
    reader.start()
    reader.addSplits([split])
    reader.notifyNoMoreSplits()
    await drain(reader, output)
    await reader.close()
    lines.push(...output.values)
  }
  return lines
}

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', 'é', '中', '🎈', 'plain '),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    ),
    { maxLength: 80 },
  )
  .map((parts) => Buffer.from(parts.join('')).toString())

t.test('text file splits', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        text,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 40 }),
        async (content, splitBytes, pieceBytes) => {
          const size = Buffer.byteLength(content)
          const fileSystems = await memoryFiles({ '/f': content })
          const lines = await readSplits(fileSystems, divide('/f', size, splitBytes), pieceBytes)
          t.strictSame(lines, linesOf(content))
        },
      ),
      { numRuns: 300 },
    ),
    'hold every line once, in order, whatever the size of splits and pieces',
  )

  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 60 }),
        async (parts, turns) => {
          const content = `${parts.join('\n')}\n`
          const size = Buffer.byteLength(content)
          const fileSystems = await memoryFiles({ '/f': content })
          const splits = divide('/f', size, Math.ceil(size / 2))
          const before = new CollectingReaderOutput<string>()
          const first = new TextFileReader(readerContext({ fileSystems }), 700)
          first.addSplits(splits)
          first.notifyNoMoreSplits()
          await drain(first, before, turns)
          const snapshot = first.snapshotState()
          await first.close()
          const rest = await readSplits(fileSystems, snapshot, 900)
          t.strictSame([...before.values, ...rest], linesOf(content))
        },
      ),
      { numRuns: 60 },
    ),
    'go on from a snapshot where they were',
  )
})

t.test('LineCutter', async (t) => {
  const long = new LineCutter('/big', 10)
  long.add(Buffer.from('12345'))
  long.add(Buffer.from('67890'))
  t.throws(
    () => {
      long.add(Buffer.from('1'))
      long.add(Buffer.from('\n'))
    },
    { code: 'FLINK_LINE_TOO_LONG', message: /line of \/big: it is longer than 10 bytes/ },
  )

  const cutter = new LineCutter('/f')
  const lines: string[] = []
  cutter.add(Buffer.concat([Buffer.from([0x61, 0xff, 0x62]), Buffer.from('\n')]))
  while (cutter.hasLines) cutter.emitSome((line) => lines.push(line))
  t.same(lines, ['a\ufffdb'], 'bytes that are no UTF-8 become U+FFFD')
})

t.test('createTextFileSource', async (t) => {
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'x'.repeat(i % 90)}`)
  const content = numbered(0, 40_000)
  const fileSystems = await memoryFiles({
    '/big': `${content.join('\n')}\n`,
    '/dir/b': 'b1\nb2',
    '/dir/a': 'a1\r\n\r\na2\n',
    '/dir/empty': '',
    '/dir/.hidden': 'no',
    '/dir/_SUCCESS': 'no',
    '/dir/sub/c': 'no',
  })
  const read = (path: string, parallelism = 1) =>
    readAll(createTextFileSource({ path }), { fileSystems, parallelism })

  t.strictSame((await read('/big'))[0], content, 'reads a file in order with one reader')
  const shared = await read('/big', 3)
  t.ok(
    shared.every((lines) => lines.length > 0),
    'shares one file between readers',
  )
  t.strictSame(shared.flat().sort(), content.toSorted())
  t.strictSame(
    await read('/dir'),
    [['a1', '', 'a2', 'b1', 'b2']],
    'reads a folder without hidden files and folders in it',
  )
  t.strictSame(await read('/dir/empty'), [[]])
  await t.rejects(read('/nowhere'), {
    code: 'FLINK_FILE_NOT_FOUND',
    message: 'Cannot read text from /nowhere: there is no such file or folder',
  })

  const dir = t.testdir({ text: 'ä\nb' })
  const local = new FileSystemRegistry([new LocalFileSystem(new SeededRandom(1))])
  mkdirSync(`${dir}/out`)
  writeFileSync(`${dir}/long`, `${'é'.repeat(700_000)}\nend`)
  t.strictSame(
    await readAll(createTextFileSource({ path: `${dir}/text` }), { fileSystems: local }),
    [['ä', 'b']],
  )
  t.strictSame(
    (
      await readAll(createTextFileSource({ path: `file://${dir}/long` }), {
        fileSystems: local,
        parallelism: 2,
      })
    )
      .flat()
      .map((line) => line.length)
      .sort(),
    [3, 700_000],
    'a line longer than splits and pieces',
  )
})
