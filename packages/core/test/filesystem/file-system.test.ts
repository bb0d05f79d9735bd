import { join } from 'node:path'
import {
  type FileOutputStream,
  type FileSystem,
  FileSystemRegistry,
  InMemoryFileSystem,
  LocalFileSystem,
  type RecoverableOutputStream,
  resolveUserPath,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t, { type Test as Tap } from 'tap'

const bytes = (text: string) => new TextEncoder().encode(text)

async function read(fileSystem: FileSystem, path: string): Promise<string> {
  const stream = await fileSystem.open(path)
  const target = new Uint8Array(5)
  let text = ''
  for (let at = 0; ; ) {
    const n = await stream.read(target, at)
    if (n === 0) break
    text += new TextDecoder().decode(target.subarray(0, n))
    at += n
  }
  await stream.close()
  return text
}

async function write(
  fileSystem: FileSystem,
  path: string,
  text: string,
  mode: 'overwrite' | 'exclusive' = 'overwrite',
): Promise<void> {
  const stream: FileOutputStream = await fileSystem.create(path, mode)
  await stream.write(bytes(text))
  await stream.sync()
  await stream.close()
}

const names = async (fileSystem: FileSystem, path: string) =>
  (await fileSystem.list(path)).map((status) => status.path.slice(path.length + 1))

const notFound = { code: 'FLINK_FILE_NOT_FOUND' }

/** What every file system promises; `base` is an empty folder of it. */
function contract(name: string, setUp: (t: Tap) => { fileSystem: FileSystem; base: string }) {
  const test = (promise: string, body: (t: Tap, f: FileSystem, base: string) => Promise<void>) =>
    t.test(`${name} ${promise}`, async (t) => {
      const { fileSystem, base } = setUp(t)
      await body(t, fileSystem, base)
    })

  test('reads back what was written, making missing parents', async (t, f, base) => {
    await write(f, `${base}/a/b/c.txt`, 'hello, world')

    t.equal(await read(f, `${base}/a/b/c.txt`), 'hello, world')
    t.match(await f.getFileStatus(`${base}/a/b/c.txt`), {
      path: `${base}/a/b/c.txt`,
      isDirectory: false,
      lengthBytes: 12n,
    })
    t.match(await f.getFileStatus(`${base}/a/b/`), { path: `${base}/a/b`, isDirectory: true })
    t.ok(await f.exists(`${base}/a/../a/b`))
  })

  test('keeps the order of writes that are not awaited', async (t, f, base) => {
    const stream = await f.create(`${base}/x`, 'exclusive')
    await Promise.all(['ab', 'cde', 'f'].map((part) => stream.write(bytes(part))))
    await stream.close()
    await stream.close()
    t.equal(await read(f, `${base}/x`), 'abcdef')
  })

  test('create overwrites, or fails with FLINK_FILE_EXISTS', async (t, f, base) => {
    await write(f, `${base}/x`, 'long text')
    await write(f, `${base}/x`, 'new')
    t.equal(await read(f, `${base}/x`), 'new')
    await t.rejects(f.create(`${base}/x`, 'exclusive'), { code: 'FLINK_FILE_EXISTS' })
    await f.mkdirs(`${base}/d`)
    await t.rejects(f.create(`${base}/d`, 'overwrite'), { code: 'FLINK_FILE_SYSTEM' })
    await t.rejects(f.open(`${base}/d`), { code: 'FLINK_FILE_SYSTEM' })
  })

  test('fails with FLINK_FILE_NOT_FOUND for what is missing', async (t, f, base) => {
    const gone = `${base}/gone`
    await t.rejects(f.open(gone), { ...notFound, message: new RegExp(gone) })
    await t.rejects(f.getFileStatus(gone), notFound)
    await t.rejects(f.list(gone), notFound)
    await t.rejects(f.rename(gone, `${base}/x`), notFound)
    t.equal(await f.exists(gone), false)
    await write(f, `${base}/file`, '')
    t.equal(await f.exists(`${base}/file/below`), false)
    await t.rejects(f.open(`${base}/file/below`), notFound)
  })

  test('lists a folder by name and a file as itself', async (t, f, base) => {
    for (const path of ['b', 'a', 'c/d']) await write(f, `${base}/${path}`, path)
    t.same(await names(f, base), ['a', 'b', 'c'])
    t.match(await f.list(`${base}/a`), [{ path: `${base}/a`, lengthBytes: 1n }])
    for (const { path } of await f.list(base)) t.ok(await f.exists(path))
  })

  test('deletes files and folders, and says whether something was there', async (t, f, base) => {
    await write(f, `${base}/d/x`, '')
    await t.rejects(f.delete(`${base}/d`, { recursive: false }), { code: 'FLINK_FILE_SYSTEM' })
    t.equal(await f.delete(`${base}/d`, { recursive: true }), true)
    t.equal(await f.delete(`${base}/d`, { recursive: true }), false)
    t.equal(await f.exists(`${base}/d/x`), false)
    await f.mkdirs(`${base}/e/f`)
    await f.mkdirs(`${base}/e/f`)
    t.equal(await f.delete(`${base}/e/f`, { recursive: false }), true)
  })

  test('renames files over files, and folders with what is in them', async (t, f, base) => {
    await write(f, `${base}/a`, 'A')
    await write(f, `${base}/b`, 'B')
    await f.rename(`${base}/a`, `${base}/b`)
    t.equal(await read(f, `${base}/b`), 'A')
    await write(f, `${base}/d/e/x`, 'X')
    await f.rename(`${base}/d`, `${base}/n`)
    t.equal(await read(f, `${base}/n/e/x`), 'X')
    t.same(await names(f, base), ['b', 'n'])
    await t.rejects(f.rename(`${base}/n`, `${base}/n/e/n`), { code: 'FLINK_FILE_SYSTEM' })
  })

  test('takes paths with spaces, percent signs and other letters', async (t, f, base) => {
    const path = f.scheme === 'file' && base.startsWith('file:') ? 'a%20%C3%BC%25' : 'a ü%'
    await write(f, `${base}/${path}`, '1')
    t.same(await names(f, base), [path])
    t.equal(await read(f, (await f.list(base))[0]!.path), '1')
  })

  test('refuses paths that are relative or of another scheme', async (t, f) => {
    for (const path of ['a/b', '', 'other:///x']) {
      await t.rejects(f.getFileStatus(path), { code: 'FLINK_FILE_SYSTEM' })
    }
  })

  const persisted = async (f: FileSystem, base: string) => {
    const writer = f.createResumableWriter()
    const stream = await writer.open(`${base}/out/part-0`)
    await stream.write(bytes('first '))
    const state = JSON.parse(JSON.stringify(await stream.persist()))
    return { writer, stream, state }
  }

  test('ResumableWriter shows a file only after commit, which is idempotent', async (t, f, base) => {
    const { writer, stream } = await persisted(f, base)
    await stream.write(bytes('second'))
    t.equal(stream.positionBytes, 12n)
    const state = JSON.parse(JSON.stringify(await stream.closeForCommit()))
    t.equal(await f.exists(`${base}/out/part-0`), false)

    await writer.commit(state)
    await f.createResumableWriter().commit(state)

    t.equal(await read(f, `${base}/out/part-0`), 'first second')
    t.same(await names(f, `${base}/out`), ['part-0'])
    await writer.cleanup(state)
    t.ok(await f.exists(`${base}/out/part-0`))
  })

  test('ResumableWriter goes on where it was last persisted', async (t, f, base) => {
    const { stream, state } = await persisted(f, base)
    await stream.write(bytes('lost with the process'))
    await stream.closeForCommit()

    const writer = f.createResumableWriter()
    const recovered: RecoverableOutputStream = await writer.recover(state)
    t.equal(recovered.positionBytes, 6n)
    await recovered.write(bytes('again'))
    await writer.commit(await recovered.closeForCommit())

    t.equal(await read(f, `${base}/out/part-0`), 'first again')
  })

  test('ResumableWriter commits no more than was persisted', async (t, f, base) => {
    const { writer, stream, state } = await persisted(f, base)
    await stream.write(bytes('too much'))
    await stream.closeForCommit()
    await writer.commit(state)
    t.equal(await read(f, `${base}/out/part-0`), 'first ')
  })

  test('ResumableWriter discard and cleanup leave nothing', async (t, f, base) => {
    const first = await persisted(f, base)
    await first.stream.discard()
    const second = await persisted(f, base)
    await second.stream.closeForCommit()
    await second.writer.cleanup(second.state)
    await second.writer.cleanup(second.state)

    t.same(await names(f, `${base}/out`), [])
    await t.rejects(second.writer.commit(second.state), notFound)
    await t.rejects(second.writer.recover(second.state), notFound)
  })

  test('ResumableWriter refuses a state that is not its own, or that lost bytes', async (t, f, base) => {
    const { writer, stream, state } = await persisted(f, base)
    await stream.closeForCommit()
    const code = 'FLINK_FILE_SYSTEM'
    for (const bad of [{}, { ...state, positionBytes: -1 }, { ...state, temp: 1 }]) {
      await t.rejects(writer.recover(bad), { code })
    }
    const longer = { ...state, positionBytes: 7 }
    await t.rejects(writer.recover(longer), { code, message: /6 bytes, but 7 were persisted/ })
    await t.rejects(writer.commit(longer), { code })
  })
}

contract('LocalFileSystem', (t) => ({
  fileSystem: new LocalFileSystem(new SeededRandom(1)),
  base: t.testdir(),
}))
contract('LocalFileSystem (URIs)', (t) => ({
  fileSystem: new LocalFileSystem(new SeededRandom(1)),
  base: `file://${t.testdir()}`,
}))
const memory = () =>
  new InMemoryFileSystem({ clock: new ManualClock(7), random: new SeededRandom(1) })
contract('InMemoryFileSystem', () => ({ fileSystem: memory(), base: 'memory:///base' }))
contract('InMemoryFileSystem (plain paths)', () => {
  const options = { clock: new ManualClock(7), random: new SeededRandom(1), scheme: 'file' }
  return { fileSystem: new InMemoryFileSystem(options), base: '/base' }
})

t.test('InMemoryFileSystem takes times from its clock', async (t) => {
  const clock = new ManualClock(5)
  const f = new InMemoryFileSystem({ clock, random: new SeededRandom(1) })
  const stream = await f.create('memory:///a', 'exclusive')
  clock.advance(10)
  await stream.write(bytes('x'))
  t.equal((await f.getFileStatus('memory:///a')).modificationTimeMs, 15)
})

t.test('LocalFileSystem leaves out links to nowhere', async (t) => {
  const dir = t.testdir({ a: '', dead: t.fixture('symlink', 'nowhere') })
  const f = new LocalFileSystem(new SeededRandom(1))
  t.same(await names(f, dir), ['a'])
})

t.test('LocalFileSystem refuses files of other hosts', async (t) => {
  const f = new LocalFileSystem(new SeededRandom(1))
  await t.rejects(f.open('file://host/a'), { code: 'FLINK_FILE_SYSTEM' })
})

t.test('FileSystemRegistry finds by scheme and names what it knows', async (t) => {
  const local = new LocalFileSystem(new SeededRandom(1))
  const other = memory()
  const registry = new FileSystemRegistry([local, other])

  t.equal(registry.forPath('/a'), local)
  t.equal(registry.forPath('FILE:///a'), local)
  t.equal(registry.forPath('memory:///a'), other)
  t.equal(new FileSystemRegistry([local, other], 'memory').forPath('/a'), other)
  t.throws(() => registry.forPath('s3://bucket/a'), {
    code: 'FLINK_UNSUPPORTED_FILE_SYSTEM',
    message: "No file system serves the scheme 's3' of s3://bucket/a; known are 'file', 'memory'",
  })
})

t.test('resolveUserPath makes relative paths absolute and leaves URIs', async (t) => {
  t.equal(resolveUserPath('a/../b', '/home/u'), join('/home/u', 'b'))
  t.equal(resolveUserPath('/a', '/home/u'), '/a')
  t.equal(resolveUserPath('memory:///a', '/home/u'), 'memory:///a')
})
