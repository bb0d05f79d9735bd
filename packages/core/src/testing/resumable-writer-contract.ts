import assert from 'node:assert/strict'
import type { FileSystem, ResumableWriter, ResumeRecoverable } from '../filesystem/file-system.js'
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

/** Names in a folder that need not be there. */
export const namesIfThere = async (f: FileSystem, path: string) =>
  (await f.exists(path)) ? names(f, path) : []

const stored = (state: ResumeRecoverable): ResumeRecoverable => JSON.parse(JSON.stringify(state))

async function persisted(f: FileSystem, base: string) {
  const writer: ResumableWriter = f.createResumableWriter()
  const stream = await writer.open(`${base}/out/part-0`)
  await stream.write(bytes('first '))
  return { writer, stream, state: stored(await stream.persist()) }
}

/** What the {@link ResumableWriter} of every file system promises. */
export const resumableWriterContract: readonly FileSystemPromise[] = [
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
    promise: 'ResumableWriter writes empty files',
    async run({ fileSystem: f, base }) {
      const writer = f.createResumableWriter()
      const out = await writer.open(`${base}/nothing`)
      await writer.commit(stored(await out.closeForCommit()))
      assert.equal(await read(f, `${base}/nothing`), '')
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
    promise: 'ResumableWriter is not disturbed by a writer that does not know that it was given up',
    async run({ fileSystem: f, base }) {
      const { stream: zombie, state } = await persisted(f, base)
      const ignored = () => {}
      await zombie.write(bytes('unknown '))
      const recovered = await f.createResumableWriter().recover(state)
      await zombie.write(bytes('to everybody '))
      await recovered.write(bytes('and '))
      const second = stored(await recovered.persist())
      await zombie.persist()
      await recovered.write(bytes('lost'))
      const again = await f.createResumableWriter().recover(second)
      await again.write(bytes('last'))
      await zombie.write(bytes('written late')).catch(ignored)
      await zombie.persist().catch(ignored)
      const done = stored(await again.closeForCommit())
      await recovered.persist().catch(ignored)
      await f.createResumableWriter().commit(done)
      await zombie.write(bytes('written later')).catch(ignored)
      await zombie.closeForCommit().catch(ignored)
      await recovered.closeForCommit().catch(ignored)
      assert.equal(await read(f, `${base}/out/part-0`), 'first and last')
    },
  },
  {
    promise:
      'ResumableWriter goes on in a file of another name, and leaves the first one to others',
    async run({ fileSystem: f, base }) {
      const { stream, state } = await persisted(f, base)
      await stream.write(bytes('more'))
      await stream.closeForCommit()
      for (const path of [`${base}/other/a`, `${base}/other/a`, `${base}/out/part-0`]) {
        const writer = f.createResumableWriter()
        const given = await writer.recover(state, `${base}/given-up`)
        await given.discard()
        const moved = await writer.recover(state, path)
        assert.equal(moved.positionBytes, 6n)
        await moved.write(bytes('elsewhere'))
        const again = await writer.recover(stored(await moved.persist()))
        await moved.closeForCommit()
        await writer.commit(stored(await again.closeForCommit()))
        assert.equal(await read(f, path), 'first elsewhere')
      }
      assert.deepEqual(await names(f, `${base}/other`), ['a'])
      const writer = f.createResumableWriter()
      const first = await writer.recover(state)
      await writer.commit(stored(await first.closeForCommit()))
      assert.equal(await read(f, `${base}/out/part-0`), 'first ')
      assert.deepEqual(await names(f, `${base}/out`), ['part-0'])
    },
  },
  {
    promise: 'ResumableWriter recovers as often as anybody likes what it was told to keep',
    async run({ fileSystem: f, base, canKeep = true }) {
      if (!canKeep) return
      const { writer, stream, state } = await persisted(f, base)
      await writer.keep!(state)
      await stream.write(bytes('of the first'))
      const end = stored(await stream.closeForCommit())
      await writer.commit(end)
      assert.equal(await read(f, `${base}/out/part-0`), 'first of the first')
      for (const text of ['of a second', 'of a third']) {
        const again = f.createResumableWriter()
        const recovered = await again.recover(state)
        await recovered.write(bytes(text))
        const done = stored(await recovered.closeForCommit())
        await again.commit(done)
        assert.equal(await read(f, `${base}/out/part-0`), `first ${text}`)
        await again.cleanup(done)
      }
      await (await writer.recover(state)).discard()
      await writer.commit(state)
      assert.equal(await read(f, `${base}/out/part-0`), 'first ')
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
