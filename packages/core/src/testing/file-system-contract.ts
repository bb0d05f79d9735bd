import assert from 'node:assert/strict'
import {
  bytes,
  type FileSystemPromise,
  failed,
  largeText,
  MIB,
  names,
  notFound,
  read,
  write,
} from './file-system-under-test.js'
import { resumableWriterContract } from './resumable-writer-contract.js'

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
  ...resumableWriterContract,
]
