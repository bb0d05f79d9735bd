import { join } from 'node:path'
import {
  Configuration,
  createFileSystems,
  type FileSystem,
  type FileSystemContext,
  FileSystemError,
  FileSystemRegistry,
  InMemoryFileSystem,
  LocalFileSystem,
  remotePathOf,
  resolveUserPath,
  SeededRandom,
} from '@flink-ts/core'
import { type FileSystemUnderTest, fileSystemContract, ManualClock } from '@flink-ts/core/testing'
import t, { type Test as Tap } from 'tap'

const bytes = (text: string) => new TextEncoder().encode(text)

const names = async (fileSystem: FileSystem, path: string) =>
  (await fileSystem.list(path)).map((status) => status.path.slice(path.length + 1))

function contract(name: string, setUp: (t: Tap) => FileSystemUnderTest) {
  for (const { promise, run } of fileSystemContract) {
    t.test(`${name} ${promise}`, async (t) => run(setUp(t)))
  }
  t.test(`${name} ResumableWriter refuses a file that lost bytes`, async (t) => {
    const { fileSystem, base } = setUp(t)
    const writer = fileSystem.createResumableWriter()
    const stream = await writer.open(`${base}/x`)
    await stream.write(bytes('123456'))
    const longer = { ...(await stream.closeForCommit()), positionBytes: 7 }
    const code = 'FLINK_FILE_SYSTEM'
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

t.test('a file is as old as its creation says, to the millisecond', async (t) => {
  const places: [FileSystem, string][] = [
    [new LocalFileSystem(new SeededRandom(1)), t.testdir()],
    [memory(), 'memory:///base'],
  ]
  for (const [fileSystem, base] of places) {
    for (const modificationTimeMs of [1_700_000_000_001, 1_795_336_560_846, 1_795_336_560_999]) {
      const path = `${base}/${modificationTimeMs}`
      const stream = await fileSystem.create(path, 'exclusive', { modificationTimeMs })
      await stream.write(bytes('x'))
      await stream.close()
      const status = await fileSystem.getFileStatus(path)
      t.equal(status.modificationTimeMs, modificationTimeMs, path)
    }
  }
})

t.test('LocalFileSystem says when a file is in the place of a folder', async (t) => {
  const f = new LocalFileSystem(new SeededRandom(1))
  const folder = t.testdir({ file: '' })
  for (const path of [join(folder, 'file/x'), join(folder, 'file/y/x')]) {
    await t.rejects(f.create(path, 'exclusive'), {
      code: 'FLINK_FILE_SYSTEM',
      message: /^Cannot create .*\/x: .* cannot be a folder, there is a file in its place$/,
    })
  }
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

t.test('createFileSystems loads a package when a path of its scheme is first used', async (t) => {
  const loaded: string[] = []
  const served: unknown[] = []
  const fileSystems = createFileSystems({
    configuration: Configuration.fromMap({ 'filesystem.packages': 'mem:@example/mem,s3:other-s3' }),
    clock: new ManualClock(7),
    random: new SeededRandom(1),
    async loadModule(name) {
      loaded.push(name)
      if (name === '@flink-ts/filesystem-webhdfs') return {}
      if (name !== '@example/mem') throw new Error(`no package ${name}`)
      return {
        createFileSystem: ({ scheme, clock, random }: FileSystemContext) => {
          served.push(scheme)
          return new InMemoryFileSystem({ scheme, clock, random })
        },
      }
    },
  })
  const files = fileSystems.forPath('mem:///a')
  t.strictSame(loaded, [])
  t.equal(await files.exists('mem:///a'), false)
  for (const { promise, run } of fileSystemContract) {
    await t.resolves(run({ fileSystem: files, base: `mem:///${promise.replaceAll(' ', '-')}` }))
  }
  t.strictSame(loaded, ['@example/mem'])
  t.strictSame(served, ['mem'])
  await t.rejects(fileSystems.forPath('s3://b/a').exists('s3://b/a'), {
    code: 'FLINK_FILE_SYSTEM_NOT_LOADED',
    message:
      /s3:\/\/ paths: the package other-s3 cannot be loaded: no package other-s3; install it/,
  })
  await t.rejects(fileSystems.forPath('hdfs://n/a').open('hdfs://n/a'), {
    message: /@flink-ts\/filesystem-webhdfs cannot be loaded: it exports no createFileSystem/,
  })
  t.throws(() => fileSystems.forPath('gs://b/a'), {
    message: /known are 'file', 'hdfs', 'mem', 's3'/,
  })
})

t.test('remotePathOf takes a URI apart and decodes nothing', async (t) => {
  t.same(remotePathOf('s3://b/a%20/./c/../d/', 's3'), { authority: 'b', path: '/a%20/d' })
  t.same(remotePathOf('hdfs://n:9820', 'hdfs'), { authority: 'n:9820', path: '/' })
  for (const path of ['/a', 'a', 'file:///a'])
    t.throws(() => remotePathOf(path, 's3'), FileSystemError)
})

t.test('resolveUserPath makes relative paths absolute and leaves URIs', async (t) => {
  t.equal(resolveUserPath('a/../b', '/home/u'), join('/home/u', 'b'))
  t.equal(resolveUserPath('/a', '/home/u'), '/a')
  t.equal(resolveUserPath('memory:///a', '/home/u'), 'memory:///a')
})

t.test('files and folders are made with the permissions that are asked for', async (t) => {
  const random = new SeededRandom(1)
  const memory = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const each: [FileSystem, string][] = [
    [memory, 'memory:///p'],
    [new LocalFileSystem(random), join(t.testdir(), 'p')],
  ]
  for (const [files, base] of each) {
    await files.mkdirs(`${base}/folder`, { permissions: 0o700 })
    const stream = await files.create(`${base}/folder/file`, 'exclusive', { permissions: 0o600 })
    await stream.close()
    t.equal((await files.getFileStatus(`${base}/folder`)).mode, 0o700)
    t.equal((await files.getFileStatus(`${base}/folder/file`)).mode, 0o600)
    await files.mkdirs(`${base}/folder`, { permissions: 0o777 })
    t.equal((await files.getFileStatus(`${base}/folder`)).mode, 0o700, 'it was there')
  }
})
