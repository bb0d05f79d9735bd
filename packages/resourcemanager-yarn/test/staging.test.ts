import {
  Configuration,
  FileSystemRegistry,
  FLINK_TS_VERSION,
  InMemoryFileSystem,
  noopLogger,
  parseYamlConfiguration,
  SeededRandom,
  userMessage,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import fc from 'fast-check'
import t from 'tap'
import { clusterConfiguration, renderConfiguration } from '../dist/staging/cluster-configuration.js'
import { type CachedContent, ContentCache } from '../dist/staging/content-cache.js'
import { StagedFiles } from '../dist/staging/staged-files.js'
import { StagingArea } from '../dist/staging/staging-area.js'
import { StagingError } from '../dist/staging/staging-error.js'
import { FaultyFiles } from './support/faulty-files.js'
import { HOME, NODE, namesIn, put, STAGING, textOf, yarnPlace } from './support/yarn-place.js'

const ID = 'application_1700000000000_0001'
const CONFIGURATION = { code: 'FLINK_YARN_CONFIGURATION' }

t.test('clusterConfiguration leaves out what is of the client alone', async (t) => {
  const client = Configuration.fromMap({
    'execution.target': 'yarn-per-job',
    'execution.attached': 'true',
    'env.log.dir': '/var/log',
    'env.hadoop.conf.dir': '/etc/hadoop',
    'security.cluster.secret-file': '/home/ann/secret',
    'yarn.ship-files': 'a;b',
    'yarn.staging-directory': 'hdfs:///x',
    'jobmanager.rpc.address': 'localhost',
    'jobmanager.rpc.port': '6123',
    'rest.port': '8081',
    'rest.bind-port': '50100-50200',
    'rest.address': '127.0.0.1',
    'rest.bind-address': '0.0.0.0',
    'taskmanager.host': '::1',
    'taskmanager.bind-host': 'eth0',
    'security.rest.authentication.enabled': 'false',
    'resourcemanager.driver': 'standalone',
    'state.backend.type': 'lsm',
  })
  const facts = { applicationId: ID, attempts: 2, nameNodes: ['a:1', 'b:2'] }
  t.same(clusterConfiguration(client, facts).toMap(), {
    'high-availability.cluster-id': ID,
    'resourcemanager.driver': 'yarn',
    'rest.bind-address': '0.0.0.0',
    'rest.bind-port': '50100-50200',
    'security.rest.authentication.enabled': 'true',
    'state.backend.type': 'lsm',
    'taskmanager.bind-host': 'eth0',
    'webhdfs.namenodes': 'a:1;b:2',
    'yarn.application-attempts': '2',
    'yarn.application.id': ID,
    'yarn.staging-directory': 'hdfs:///x',
  })
  t.ok(client.contains('execution.target'), 'the given one stays as it is')
})

t.test('renderConfiguration is read back as it was', async (t) => {
  const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\.[a-z0-9-]{1,8}){0,4}$/)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, fc.string({ unit: 'binary' })), async (values) => {
      const text = renderConfiguration(Configuration.fromMap(values))
      t.same((await parseYamlConfiguration(text, 'x')).toMap(), { ...values })
    }),
    { numRuns: 40 },
  )
})

/** A cache in memory; `check` is asked before each operation. */
function cacheIn(check: (operation: string) => void = () => {}) {
  const clock = new ManualClock(1_000)
  const random = new SeededRandom(3)
  const hdfs = new InMemoryFileSystem({ clock, random, scheme: 'hdfs' })
  const wrapped = new FaultyFiles(hdfs, (operation, isDone) => {
    if (!isDone) check(operation)
  })
  const files = new StagedFiles(new FileSystemRegistry([wrapped]))
  const folder = 'hdfs:///c'
  const options = { folder, files, clock, random, log: noopLogger }
  return { clock, hdfs, cache: new ContentCache(options) }
}

const item = (content: () => AsyncIterable<Uint8Array>): CachedContent => ({
  name: 'node-abc',
  suffix: '.tgz',
  type: 'ARCHIVE',
  visibility: 'PRIVATE',
  content,
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

t.test('ContentCache uploads once, and what was handed out never changes', async (t) => {
  const { cache, hdfs, clock } = cacheIn()
  let uploads = 0
  const content = () => {
    uploads++
    return bytes('content')
  }
  const first = await cache.provide(item(content))
  t.match(first, { isUploaded: true, resource: { size: 7, type: 'ARCHIVE', timestamp: 1_000 } })
  clock.advance(50)
  t.same(await cache.provide(item(content)), { ...first, isUploaded: false })
  t.equal(uploads, 1)
  t.equal((await hdfs.getFileStatus(first.resource.url)).mode, 0o600)

  const { cache: raced, clock: time } = cacheIn()
  const each = await Promise.all(
    [1, 2, 3, 4].map(() => raced.provide(item(() => bytes('content')))),
  )
  time.advance(10)
  for (const { resource } of each) {
    t.equal(resource.timestamp, 1_000)
    t.equal(resource.size, 7)
  }
  const later = await raced.provide(item(() => bytes('never')))
  t.equal(later.isUploaded, false)
  t.ok(each.some(({ resource }) => resource.url === later.resource.url))
})

t.test('ContentCache takes no upload that is not whole, and removes abandoned ones', async (t) => {
  let isBroken = true
  const { cache, hdfs, clock } = cacheIn((operation) => {
    if (isBroken && /^(?:rename|delete) /.test(operation)) throw new Error('died')
  })
  await t.rejects(cache.provide(item(() => bytes('content'))), { message: 'died' })
  t.match(await namesIn(hdfs, 'hdfs:///c/node-abc'), [/\.tgz\.uploading$/])
  isBroken = false
  t.equal((await cache.provide(item(() => bytes('content')))).isUploaded, true)
  t.equal((await namesIn(hdfs, 'hdfs:///c/node-abc')).length, 2)
  clock.advance(25 * 3_600_000)
  t.equal((await cache.provide(item(() => bytes('content')))).isUploaded, false)
  t.match(await namesIn(hdfs, 'hdfs:///c/node-abc'), [/\.tgz$/])
})

t.test('StagingError says what would help', async (t) => {
  const remedies: [string, RegExp][] = [
    [
      'SafeModeException: Cannot create. Name node is in safe mode.',
      /safe mode and takes no files/,
    ],
    [
      'DSQuotaExceededException: The DiskSpace quota of /user/ann is exceeded',
      /quota of a folder above/,
    ],
    ['AccessControlException: Permission denied: user=ann', /User 'ann' may not write there/],
    [
      'IOException: could only be written to 0 of the 1 minReplication nodes',
      /no room, or no DataNode/,
    ],
    ['ECONNREFUSED connect', /Is HDFS up, with WebHDFS/],
    ['something else', /yarn\.staging-directory names another folder/],
  ]
  for (const [why, remedy] of remedies) {
    const error = new StagingError('upload', 'hdfs:///f', new Error(why), 'ann')
    t.equal(error.code, 'FLINK_YARN_STAGING')
    t.ok(error.message.startsWith('Cannot upload hdfs:///f: '), error.message)
    t.match(error.message, remedy)
    t.equal(userMessage(error), error.message, 'the cause is not repeated')
    t.ok(error.message.split('\n').length === 2)
  }
})

t.test('StagingArea is for file systems that YARN gets files from', async (t) => {
  const clock = new ManualClock()
  const random = new SeededRandom(1)
  const files = new StagedFiles(new FileSystemRegistry([]))
  const area = (base: string) =>
    new StagingArea({ base, files, userName: 'ann', clock, random, log: noopLogger })
  t.equal(area('file:///mnt/').folderOf(ID), `file:///mnt/.flink-ts/${ID}`)
  t.throws(() => area('s3://bucket/x'), CONFIGURATION)
  t.throws(() => area('/plain'), CONFIGURATION)
})

t.test('a folder that others may look into gets no secret', async (t) => {
  const { descriptor, yarn, hdfs } = await yarnPlace({
    configuration: { 'yarn.flink-ts.node-path': '/n', 'yarn.flink-ts.home-path': '/h' },
  })
  await put(hdfs, `${STAGING}/${ID}/trap`, 'x')
  await t.rejects(descriptor.deploySessionCluster(), {
    code: 'FLINK_YARN_STAGING',
    message: /Cannot make the staging folder: others may look into .* \(mode 755\)/,
  })
  t.equal(yarn.applications.size, 0)
})

t.test(
  'yarn.ship-files and yarn.ship-archives come to every container by their names',
  async (t) => {
    const { descriptor, yarn, hdfs, local } = await yarnPlace({
      configuration: {
        'yarn.flink-ts.node-path': '/n',
        'yarn.flink-ts.home-path': '/h',
        'yarn.ship-files': 'data;/etc/one.txt;hdfs:///shared/dict',
        'yarn.ship-archives': 'models.tgz',
      },
    })
    await put(local, '/home/ann/data/a.txt', 'aaa')
    await put(local, '/home/ann/data/deep/b.txt', 'b')
    await put(local, '/etc/one.txt', '1')
    await put(local, '/home/ann/data/50% of #1?.txt', 'odd')
    await put(local, '/home/ann/models.tgz', 'tgz')
    await put(hdfs, 'hdfs:///shared/dict/words', 'words')
    await descriptor.deploySessionCluster()
    await descriptor.close()
    const deployment = JSON.parse(await textOf(hdfs, `${STAGING}/${ID}/yarn-deployment.json`)) as {
      localResources: Record<string, { url: string; size: number; type: string }>
    }
    const { localResources } = deployment
    t.match(localResources, {
      'data/a.txt': { size: 3, type: 'FILE' },
      'data/deep/b.txt': { size: 1, type: 'FILE' },
      'data/50% of #1?.txt': { url: /\/50__of__1_\.txt$/, size: 3 },
      'one.txt': { size: 1, type: 'FILE' },
      'dict/words': { url: 'hdfs:///shared/dict/words', size: 5, type: 'FILE' },
      'models.tgz': { url: /models\.tgz$/, size: 3, type: 'ARCHIVE' },
    })
    t.equal(await textOf(hdfs, localResources['data/a.txt']!.url), 'aaa')
    const submitted = JSON.stringify(yarn.applications.get(ID)!.submission)
    t.match(submitted, /data\/deep\/b\.txt/)
  },
)

/** As one that is far away: uploads begin later than others end. */
class SlowFiles extends FaultyFiles {
  override async create(...given: Parameters<FaultyFiles['create']>) {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    return super.create(...given)
  }
}

t.test('an upload that fails stops the others, and nothing comes after it', async (t) => {
  let isFailed = false
  const { descriptor, hdfs, local } = await yarnPlace({
    configuration: {
      'yarn.flink-ts.node-path': '/n',
      'yarn.flink-ts.home-path': '/h',
      'yarn.ship-files': 'data',
    },
    wrap: (inner) =>
      new SlowFiles(inner, (operation) => {
        if (isFailed || !/^create .*ship.3/.test(operation)) return
        isFailed = true
        throw new Error('no space')
      }),
  })
  for (let i = 0; i < 100; i++) await put(local, `/home/ann/data/${i}.txt`, 'x')
  await t.rejects(descriptor.deploySessionCluster(), { code: 'FLINK_YARN_STAGING' })
  t.same(await namesIn(hdfs, STAGING), [])
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  t.same(await namesIn(hdfs, STAGING), [])
})

t.test('what cannot be shipped is refused', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { 'yarn.ship-files': 'nothing' },
      /there is no file or folder \/home\/ann\/nothing \(yarn\.ship-files\)/,
    ],
    [{ 'yarn.ship-files': '/x/config.yaml' }, /containers have a file config\.yaml of their own/],
    [{ 'yarn.ship-files': '/x/a.txt;/y/a.txt' }, /there are two files of the name a\.txt/],
    [
      { 'yarn.ship-files': '/bad' },
      /\/bad\/a\$b\.txt cannot be shipped: its name in containers must not/,
    ],
    [
      { 'yarn.ship-files': 's3://bucket/x' },
      /s3:\/\/bucket\/x \(yarn\.ship-files\) is in a file system from which YARN gets no files/,
    ],
    [{ 'yarn.ship-archives': '/x/a.txt' }, /is no archive: expected a file \.tar\.gz/],
  ]
  for (const [configuration, message] of cases) {
    const { descriptor, hdfs, local } = await yarnPlace({
      configuration: {
        'yarn.flink-ts.node-path': '/n',
        'yarn.flink-ts.home-path': '/h',
        ...configuration,
      },
    })
    for (const path of ['/x/config.yaml', '/x/a.txt', '/y/a.txt', '/bad/a$b.txt'])
      await put(local, path, 'x')
    const error = (await descriptor.deploySessionCluster().catch((e: Error) => e)) as Error
    t.match(error.message, message)
    t.same(await namesIn(hdfs, STAGING), [])
  }
})

t.test('yarn.provided.lib.dirs are used as they are, by everybody', async (t) => {
  const folder = 'hdfs:///apps/flink-ts'
  const configuration = { 'yarn.provided.lib.dirs': folder }
  const { descriptor, hdfs } = await yarnPlace({ configuration })
  await put(hdfs, `${folder}/flink-ts-${FLINK_TS_VERSION}.tgz`, 'tgz')
  await put(hdfs, `${folder}/flink-ts-0.0.1.tgz`, 'old')
  await put(hdfs, `${folder}/node`, 'node')
  await descriptor.deploySessionCluster()
  await descriptor.close()
  const deployment = JSON.parse(await textOf(hdfs, `${STAGING}/${ID}/yarn-deployment.json`)) as {
    localResources: unknown
  }
  t.match(deployment.localResources, {
    node: { url: `${folder}/node`, visibility: 'PUBLIC', type: 'FILE', size: 4 },
    'flink-ts': {
      url: `${folder}/flink-ts-${FLINK_TS_VERSION}.tgz`,
      visibility: 'PUBLIC',
      type: 'ARCHIVE',
    },
  })
  t.notOk(await hdfs.exists(`${STAGING}/cache`))

  const refused: [string[], number, RegExp][] = [
    [[], 0o644, /there is no folder hdfs:\/\/\/apps/],
    [
      ['flink-ts-0.0.1.tgz', 'node'],
      0o644,
      /must have flink-ts-.*; there is flink-ts-0\.0\.1\.tgz/,
    ],
    [[`flink-ts-${FLINK_TS_VERSION}.tgz`], 0o600, /can be read by its owner only/],
  ]
  for (const [names, permissions, message] of refused) {
    const other = await yarnPlace({ configuration })
    for (const name of names) {
      await (await other.hdfs.create(`${folder}/${name}`, 'exclusive', { permissions })).close()
    }
    const error = (await other.descriptor.deploySessionCluster().catch((e: Error) => e)) as Error
    t.match(error.message, message)
    t.same(await namesIn(other.hdfs, STAGING), [])
  }
})

t.test('an installation that cannot be shipped is refused with what to do', async (t) => {
  const checkout = await yarnPlace()
  await checkout.local.delete(`${HOME}/lib`, { recursive: true })
  await t.rejects(checkout.descriptor.deploySessionCluster(), {
    ...CONFIGURATION,
    message: /Run "npm run dist" and start from build\/flink-ts, or set yarn\.flink-ts\.home-path/,
  })
  const small = await yarnPlace()
  await put(small.local, NODE, 'tiny')
  await t.rejects(small.descriptor.deploySessionCluster(), {
    ...CONFIGURATION,
    message: /is no program that runs alone \(4 bytes\); set yarn\.flink-ts\.node-path/,
  })
  const onNodes = await yarnPlace({
    configuration: { 'yarn.flink-ts.node-path': '/n', 'yarn.flink-ts.home-path': '/co' },
  })
  await put(onNodes.local, '/co/node_modules/@flink-ts/entrypoint/dist/mains/x.js', 'x')
  await onNodes.descriptor.deploySessionCluster()
  await onNodes.descriptor.close()
  t.match(JSON.parse(await textOf(onNodes.hdfs, `${STAGING}/${ID}/yarn-deployment.json`)), {
    mainsPath: '/co/node_modules/@flink-ts/entrypoint/dist/mains',
  })
})
