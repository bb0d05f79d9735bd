import assert from 'node:assert/strict'
import type { FileSystem, ResumableWriter, ResumeRecoverable } from '../filesystem/file-system.js'

/** A file system under test and an empty folder in it. */
export interface FileSystemUnderTest {
  readonly fileSystem: FileSystem
  /** URI or path without a slash at its end; nothing is there but perhaps the folder itself. */
  readonly base: string
  /** False: a folder is there as long as something is in it (S3). Default true. */
  readonly hasEmptyFolders?: boolean
}

/** One thing that every file system promises. */
export interface FileSystemPromise {
  /** Continues a sentence that begins with the name of the file system. */
  readonly promise: string
  /** @throws AssertionError when it is broken */
  run(given: FileSystemUnderTest): Promise<void>
}

const encoder = new TextEncoder()
const bytes = (text: string) => encoder.encode(text)
const notFound = { code: 'FLINK_FILE_NOT_FOUND' }
const failed = { code: 'FLINK_FILE_SYSTEM' }

async function read(f: FileSystem, path: string, stepBytes = 5): Promise<string> {
  const stream = await f.open(path)
  const target = new Uint8Array(stepBytes)
  const parts: Uint8Array[] = []
  for (let at = 0; ; ) {
    const n = await stream.read(target, at)
    if (n === 0) break
    parts.push(target.slice(0, n))
    at += n
  }
  await stream.close()
  return Buffer.concat(parts).toString()
}

async function write(
  f: FileSystem,
  path: string,
  text: string,
  mode: 'overwrite' | 'exclusive' = 'overwrite',
): Promise<void> {
  const stream = await f.create(path, mode)
  await stream.write(bytes(text))
  await stream.sync()
  await stream.close()
}

const names = async (f: FileSystem, path: string) =>
  (await f.list(path)).map((status) => status.path.slice(path.length + 1))

/** Names in a folder that need not be there. */
const namesIfThere = async (f: FileSystem, path: string) =>
  (await f.exists(path)) ? names(f, path) : []

const stored = (state: ResumeRecoverable): ResumeRecoverable => JSON.parse(JSON.stringify(state))

async function persisted(f: FileSystem, base: string) {
  const writer: ResumableWriter = f.createResumableWriter()
  const stream = await writer.open(`${base}/out/part-0`)
  await stream.write(bytes('first '))
  return { writer, stream, state: stored(await stream.persist()) }
}

let largest = ''

/** Text whose every 16 characters say where they are. */
function largeText(length: number): string {
  let text = largest
  while (text.length < length) text += `${String(text.length).padStart(15, '.')}\n`
  largest = text
  return text.slice(0, length)
}

const MIB = 1024 * 1024

/**
 * What every {@link FileSystem} promises, to be run against each: `for (const { promise, run } of fileSystemContract) test(promise, …)`.
 * Each needs an empty folder of its own.
 */
export const fileSystemContract: readonly FileSystemPromise[] = [
  {
    promise: 'reads back what was written, making missing parents',
    async run({ fileSystem: f, base }) {
      await write(f, `${base}/a/b/c.txt`, 'hello, world')
      assert.equal(await read(f, `${base}/a/b/c.txt`), 'hello, world')
      const { path, isDirectory, lengthBytes, modificationTimeMs } = await f.getFileStatus(
        `${base}/a/b/c.txt`,
      )
      assert.deepEqual([path, isDirectory, lengthBytes], [`${base}/a/b/c.txt`, false, 12n])
      assert.ok(modificationTimeMs > 0)
      const folder = await f.getFileStatus(`${base}/a/b/`)
      assert.deepEqual([folder.path, folder.isDirectory], [`${base}/a/b`, true])
      assert.ok(await f.exists(`${base}/a/../a/b`))
    },
  },
  {
    promise: 'keeps the order of writes that are not awaited',
    async run({ fileSystem: f, base }) {
      const stream = await f.create(`${base}/x`, 'exclusive')
      await Promise.all(['ab', 'cde', 'f'].map((part) => stream.write(bytes(part))))
      await stream.close()
      await stream.close()
      assert.equal(await read(f, `${base}/x`), 'abcdef')
    },
  },
  {
    promise: 'writes and reads files of many megabytes, from any position',
    async run({ fileSystem: f, base }) {
      const text = largeText(11 * MIB + 7)
      const stream = await f.create(`${base}/large`, 'exclusive')
      for (let at = 0; at < text.length; at += 700_001) {
        await stream.write(bytes(text.slice(at, at + 700_001)))
      }
      await stream.sync()
      await stream.close()
      assert.equal((await f.getFileStatus(`${base}/large`)).lengthBytes, BigInt(text.length))
      assert.ok((await read(f, `${base}/large`, 1_000_003)) === text, 'the text is the same')
      const input = await f.open(`${base}/large`)
      for (const at of [9 * MIB, 3, 10 * MIB, text.length - 5, 0]) {
        const target = Buffer.alloc(20)
        const n = await input.read(target, at)
        assert.ok(n > 0 && n <= 20)
        assert.equal(target.subarray(0, n).toString(), text.slice(at, at + n))
      }
      assert.equal(await input.read(new Uint8Array(9), text.length), 0)
      assert.equal(await input.read(new Uint8Array(9), text.length + 100), 0)
      await input.close()
      await input.close()
    },
  },
  {
    promise: 'writes empty files',
    async run({ fileSystem: f, base }) {
      const stream = await f.create(`${base}/empty`, 'exclusive')
      await stream.close()
      assert.equal((await f.getFileStatus(`${base}/empty`)).lengthBytes, 0n)
      assert.equal(await read(f, `${base}/empty`), '')
      const writer = f.createResumableWriter()
      const out = await writer.open(`${base}/nothing`)
      await writer.commit(stored(await out.closeForCommit()))
      assert.equal(await read(f, `${base}/nothing`), '')
    },
  },
  {
    promise: 'create overwrites, or fails with FLINK_FILE_EXISTS',
    async run({ fileSystem: f, base }) {
      await write(f, `${base}/x`, 'long text')
      await write(f, `${base}/x`, 'new')
      assert.equal(await read(f, `${base}/x`), 'new')
      await assert.rejects(f.create(`${base}/x`, 'exclusive'), { code: 'FLINK_FILE_EXISTS' })
      await f.mkdirs(`${base}/d`)
      await assert.rejects(f.create(`${base}/d`, 'overwrite'), failed)
      await assert.rejects(f.open(`${base}/d`), failed)
    },
  },
  {
    promise: 'gives a file that several create exclusively to one of them',
    async run({ fileSystem: f, base }) {
      const attempts = ['one', 'two', 'three', 'four'].map((text) =>
        write(f, `${base}/owner`, text, 'exclusive').then(() => text),
      )
      const results = await Promise.allSettled(attempts)
      const winners = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []))
      assert.equal(winners.length, 1)
      assert.equal(await read(f, `${base}/owner`), winners[0])
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'FLINK_FILE_EXISTS')
      }
    },
  },
  {
    promise: 'fails with FLINK_FILE_NOT_FOUND for what is missing',
    async run({ fileSystem: f, base }) {
      const gone = `${base}/gone`
      await assert.rejects(f.open(gone), (error: Error & { code: string }) => {
        assert.equal(error.code, notFound.code)
        assert.ok(error.message.includes(gone), error.message)
        return true
      })
      await assert.rejects(f.getFileStatus(gone), notFound)
      await assert.rejects(f.list(gone), notFound)
      await assert.rejects(f.rename(gone, `${base}/x`), notFound)
      assert.equal(await f.exists(gone), false)
      await write(f, `${base}/file`, '')
      assert.equal(await f.exists(`${base}/file/below`), false)
      await assert.rejects(f.open(`${base}/file/below`), notFound)
    },
  },
  {
    promise: 'lists a folder by name and a file as itself',
    async run({ fileSystem: f, base }) {
      for (const path of ['b', 'a', 'c/d', 'ab/x']) await write(f, `${base}/${path}`, path)
      assert.deepEqual(await names(f, base), ['a', 'ab', 'b', 'c'])
      assert.deepEqual(
        (await f.list(base)).map(({ isDirectory }) => isDirectory),
        [false, true, false, true],
      )
      const [file] = await f.list(`${base}/a`)
      assert.deepEqual([file?.path, file?.lengthBytes], [`${base}/a`, 1n])
      for (const { path } of await f.list(base)) assert.ok(await f.exists(path))
    },
  },
  {
    promise: 'deletes files and folders, and says whether something was there',
    async run({ fileSystem: f, base }) {
      await write(f, `${base}/d/x`, '')
      await write(f, `${base}/dd`, 'other')
      await assert.rejects(f.delete(`${base}/d`, { recursive: false }), failed)
      assert.equal(await f.delete(`${base}/d`, { recursive: true }), true)
      assert.equal(await f.delete(`${base}/d`, { recursive: true }), false)
      assert.equal(await f.exists(`${base}/d/x`), false)
      assert.ok(await f.exists(`${base}/dd`))
      assert.equal(await f.delete(`${base}/dd`, { recursive: false }), true)
      assert.equal(await f.delete(`${base}/dd`, { recursive: false }), false)
      await f.mkdirs(`${base}/e/f`)
      await f.mkdirs(`${base}/e/f`)
      assert.deepEqual(await names(f, `${base}/e/f`), [])
      assert.equal(await f.delete(`${base}/e/f`, { recursive: false }), true)
    },
  },
  {
    promise: 'renames files over files, and folders with what is in them',
    async run({ fileSystem: f, base }) {
      await write(f, `${base}/a`, 'A')
      await write(f, `${base}/b`, 'B')
      await f.rename(`${base}/a`, `${base}/b`)
      assert.equal(await read(f, `${base}/b`), 'A')
      await write(f, `${base}/d/e/x`, 'X')
      await f.rename(`${base}/d`, `${base}/n`)
      assert.equal(await read(f, `${base}/n/e/x`), 'X')
      assert.deepEqual(await names(f, base), ['b', 'n'])
      await assert.rejects(f.rename(`${base}/n`, `${base}/n/e/n`), failed)
    },
  },
  {
    promise: 'takes paths with spaces, percent signs and other letters',
    async run({ fileSystem: f, base }) {
      const path = base.startsWith('file:') ? 'a%20%C3%BC%25+' : 'a ü%+'
      await write(f, `${base}/${path}`, '1')
      assert.deepEqual(await names(f, base), [path])
      assert.equal(await read(f, (await f.list(base))[0]!.path), '1')
      await f.rename(`${base}/${path}`, `${base}/${path}2`)
      assert.equal(await read(f, `${base}/${path}2`), '1')
    },
  },
  {
    promise: 'refuses paths that are relative or of another scheme',
    async run({ fileSystem: f }) {
      for (const path of ['a/b', '', 'other:///x']) {
        await assert.rejects(f.getFileStatus(path), failed)
      }
    },
  },
  {
    promise: 'ResumableWriter shows a file only after commit, which is idempotent',
    async run({ fileSystem: f, base }) {
      const { writer, stream } = await persisted(f, base)
      await stream.write(bytes('second'))
      assert.equal(stream.positionBytes, 12n)
      const state = stored(await stream.closeForCommit())
      assert.equal(await f.exists(`${base}/out/part-0`), false)
      await writer.commit(state)
      await f.createResumableWriter().commit(state)
      assert.equal(await read(f, `${base}/out/part-0`), 'first second')
      assert.deepEqual(await names(f, `${base}/out`), ['part-0'])
      await writer.cleanup(state)
      assert.ok(await f.exists(`${base}/out/part-0`))
    },
  },
  {
    promise: 'ResumableWriter replaces an earlier file at once',
    async run({ fileSystem: f, base }) {
      await write(f, `${base}/out/part-0`, 'earlier and longer than the other')
      const { writer, stream } = await persisted(f, base)
      const state = stored(await stream.closeForCommit())
      assert.match(await read(f, `${base}/out/part-0`), /^earlier/)
      await writer.commit(state)
      assert.equal(await read(f, `${base}/out/part-0`), 'first ')
    },
  },
  {
    promise: 'ResumableWriter goes on where it was last persisted',
    async run({ fileSystem: f, base }) {
      const { stream, state } = await persisted(f, base)
      await stream.write(bytes('lost with the process'))
      await stream.closeForCommit()
      const writer = f.createResumableWriter()
      const recovered = await writer.recover(state)
      assert.equal(recovered.positionBytes, 6n)
      await recovered.write(bytes('again'))
      await writer.commit(stored(await recovered.closeForCommit()))
      assert.equal(await read(f, `${base}/out/part-0`), 'first again')
    },
  },
  {
    promise: 'ResumableWriter goes on with files of many megabytes',
    async run({ fileSystem: f, base }) {
      const text = largeText(11 * MIB)
      const writer = f.createResumableWriter()
      let stream = await writer.open(`${base}/large`)
      let at = 0
      // Between, below and above what a file system may collect.
      for (const end of [3, 5 * MIB + 1, 5 * MIB + 5, text.length]) {
        await stream.write(bytes(text.slice(at, end)))
        const state = stored(await stream.persist())
        await stream.write(bytes('what a crash loses'))
        await stream.closeForCommit()
        stream = await f.createResumableWriter().recover(state)
        assert.equal(stream.positionBytes, BigInt(end))
        at = end
      }
      await writer.commit(stored(await stream.closeForCommit()))
      assert.ok((await read(f, `${base}/large`, MIB)) === text, 'the text is the same')
      assert.deepEqual(await names(f, base), ['large'])
    },
  },
  {
    promise: 'ResumableWriter commits no more than was persisted',
    async run({ fileSystem: f, base }) {
      const { writer, stream, state } = await persisted(f, base)
      await stream.write(bytes('too much'))
      await stream.closeForCommit()
      await writer.commit(state)
      assert.equal(await read(f, `${base}/out/part-0`), 'first ')
    },
  },
  {
    promise: 'ResumableWriter discard and cleanup leave nothing',
    async run({ fileSystem: f, base, hasEmptyFolders = true }) {
      const first = await persisted(f, base)
      await first.stream.discard()
      const second = await persisted(f, base)
      await second.stream.closeForCommit()
      await second.writer.cleanup(second.state)
      await second.writer.cleanup(second.state)
      assert.equal(await f.exists(`${base}/out`), hasEmptyFolders)
      assert.deepEqual(await namesIfThere(f, `${base}/out`), [])
      await assert.rejects(second.writer.commit(second.state), notFound)
      await assert.rejects(second.writer.recover(second.state), notFound)
    },
  },
  {
    promise: 'ResumableWriter refuses a state that is not its own',
    async run({ fileSystem: f, base }) {
      const { writer, stream, state } = await persisted(f, base)
      await stream.closeForCommit()
      for (const bad of [{}, { ...state, positionBytes: -1 }, { ...state, target: 1 }]) {
        await assert.rejects(writer.recover(bad), failed)
        await assert.rejects(writer.commit(bad), failed)
      }
      await writer.cleanup(state)
    },
  },
]
