import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  FileSystemRegistry,
  InMemoryFileSystem,
  LocalFileSystem,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  installationContent,
  isDistribution,
  modulesOf,
  nodeProgramProblem,
  packInstallation,
} from '@flink-ts/installation'
import t from 'tap'

const random = new SeededRandom(1)

async function packed(...args: Parameters<typeof packInstallation>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of packInstallation(...args)) chunks.push(chunk)
  return gunzipSync(Buffer.concat(chunks)).toString('latin1')
}

t.test(
  'an installation is told apart by its content, and packed without its configuration',
  async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'installation-'))
    t.teardown(() => rmSync(home, { recursive: true }))
    mkdirSync(join(home, 'lib', 'deep'), { recursive: true })
    mkdirSync(join(home, 'conf'))
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'lib', 'deep', 'a.js'), 'a')
    writeFileSync(join(home, 'bin', 'flink'), 'run', { mode: 0o755 })
    writeFileSync(join(home, 'conf', 'cluster-secret'), 'hush')
    const files = new FileSystemRegistry([new LocalFileSystem(random)])
    const before = await installationContent(files, home)
    t.same(before.parts, ['lib'])
    writeFileSync(join(home, 'conf', 'cluster-secret'), 'other')
    t.same(await installationContent(files, home), before)
    writeFileSync(join(home, 'lib', 'deep', 'b.js'), '')
    const after = await installationContent(files, home)
    t.not(after.hash, before.hash)

    const tar = await packed(home, after.parts)
    t.ok(/lib\/deep\/a\.js/.test(tar))
    t.notOk(/hush|other|cluster-secret|bin\/flink/.test(tar))

    const more = await installationContent(files, home, ['bin', 'lib', 'LICENSE'])
    t.same(more.parts, ['bin', 'lib'])
    t.not(more.hash, after.hash)
    const below = await packed(home, more.parts, 'flink-ts')
    t.ok(/flink-ts\/lib\/deep\/a\.js/.test(below))
    t.ok(/flink-ts\/bin\/flink\0+000755/.test(below), 'programs stay executable')
    t.notOk(/\0lib\//.test(below))
  },
)

t.test('what vanishes while it is packed is told to whoever packs', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'installation-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const noise = new SeededRandom(3)
  const vanishing = () => {
    mkdirSync(join(home, 'lib'), { recursive: true })
    for (let i = 0; i < 100; i++) {
      writeFileSync(join(home, 'lib', `${i}.js`), noise.hex(20_000))
    }
  }
  vanishing()
  const packing = packInstallation(home, ['lib'])
  t.ok(((await packing.next()).value as Uint8Array).length > 0)
  rmSync(join(home, 'lib'), { recursive: true })
  // Whoever takes what comes is slow: the archive finds out in between.
  await new Promise((resolve) => setTimeout(resolve, 20))
  await t.rejects(
    async () => {
      for await (const _ of packing);
    },
    { code: 'ENOENT' },
  )

  await t.rejects(packInstallation(home, ['lib']).next(), { code: 'ENOENT' })

  vanishing()
  const dropped = packInstallation(home, ['lib'])
  await dropped.next()
  await dropped.return(undefined)
  await until(() => openFilesBelow(home) === 0)
  t.pass('whoever has enough leaves no file open')
})

function openFilesBelow(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      // Closed by now.
      return false
    }
  }).length
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('modulesOf knows assembled installations from checkouts', async (t) => {
  const local = new InMemoryFileSystem({ clock: new ManualClock(), random, scheme: 'file' })
  const files = new FileSystemRegistry([local])
  const main = '@flink-ts/entrypoint/dist/mains/task-manager.js'
  for (const path of [`/dist/lib/node_modules/${main}`, `/checkout/node_modules/${main}`]) {
    await (await local.create(path, 'exclusive')).close()
  }
  t.ok(await isDistribution(files, '/dist'))
  t.notOk(await isDistribution(files, '/checkout'))
  t.equal(await modulesOf(files, '/dist'), '/dist/lib/node_modules')
  t.equal(await modulesOf(files, '/checkout'), '/checkout/node_modules')
  t.equal(await modulesOf(files, '/elsewhere'), '/elsewhere/lib/node_modules')
})

t.test('nodeProgramProblem refuses what needs libraries beside it', async (t) => {
  t.match(nodeProgramProblem('/n', 4n), /^\/n is no program that runs alone \(4 bytes\)$/)
  t.equal(nodeProgramProblem('/n', 90_000_000), undefined)
})
