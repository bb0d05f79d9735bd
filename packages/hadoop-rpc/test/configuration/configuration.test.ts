import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  defaultFileSystem,
  type LoadHadoopConfigurationOptions,
  loadHadoopConfiguration,
  nameNodeWebAddresses,
  resourceManagerSchedulerAddresses,
  resourceManagerWebAddresses,
} from '@flink-ts/hadoop-rpc/configuration'
import fc from 'fast-check'
import t from 'tap'
import { failureOf } from '../recording/failure-of.js'

const xml = (properties: Record<string, string>) =>
  `<?xml version="1.0"?>\n<configuration>\n${Object.entries(properties)
    .map(([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`)
    .join('\n')}\n</configuration>\n`

/** Files in memory; every folder of one of them is there. */
function load(
  files: Record<string, string>,
  options: LoadHadoopConfigurationOptions = { environment: { HADOOP_CONF_DIR: '/c' } },
) {
  return loadHadoopConfiguration({
    systemProperties: { 'user.name': 'somebody' },
    ...options,
    files: {
      read: async (path) => files[path],
      isFolder: async (path) => Object.keys(files).some((name) => name.startsWith(`${path}/`)),
    },
  })
}

const withOverrides = (overrides: Record<string, string>) => load({}, { overrides })

t.test('loadHadoopConfiguration works without files', async (t) => {
  const conf = await loadHadoopConfiguration()
  t.same(conf.folders, [])
  t.equal(conf.get('fs.defaultFS'), 'file:///')
  t.equal(conf.get('no.such.key'), undefined)
  t.notOk(conf.has('fs.defaultFS'))
  t.ok(conf.get('hadoop.tmp.dir')?.startsWith('/tmp/hadoop-'))
  t.same(resourceManagerWebAddresses(conf), [])
  t.same(resourceManagerSchedulerAddresses(conf), [])
  t.equal(defaultFileSystem(conf), 'file:///')
})

t.test('loadHadoopConfiguration reads real files', async (t) => {
  const folder = t.testdir({
    'core-site.xml': xml({ 'fs.defaultFS': 'hdfs://host:9820' }),
    'yarn-site.xml': `\uFEFF${xml({ a: '&lt;ä&gt;' })}`,
  })
  const conf = await loadHadoopConfiguration({ environment: { HADOOP_CONF_DIR: folder } })
  t.same(conf.folders, [folder])
  t.equal(conf.get('fs.defaultFS'), 'hdfs://host:9820')
  t.equal(conf.get('a'), '<ä>')
  mkdirSync(join(folder, 'hdfs-site.xml'))
  t.match(await failureOf(loadHadoopConfiguration({ environment: { YARN_CONF_DIR: folder } })), {
    code: 'FLINK_HADOOP_CONFIGURATION',
    file: join(folder, 'hdfs-site.xml'),
    message: /cannot be read: EISDIR/,
  })
  writeFileSync(join(folder, 'x'), '')
  for (const missing of [join(folder, 'none'), join(folder, 'x'), join(folder, 'x', 'y')]) {
    t.match(
      await failureOf(loadHadoopConfiguration({ environment: { HADOOP_CONF_DIR: missing } })),
      {
        message: `HADOOP_CONF_DIR is ${missing}, and there is no such folder: it should be the folder of core-site.xml and yarn-site.xml`,
      },
    )
  }
})

t.test('loadHadoopConfiguration takes each file from the first folder that has it', async (t) => {
  const files = {
    '/h/core-site.xml': xml({ a: 'h' }),
    '/y/core-site.xml': xml({ a: 'y', b: 'y' }),
    '/y/yarn-site.xml': xml({ c: 'y' }),
    '/home/etc/hadoop/core-site.xml': xml({ a: 'home' }),
  }
  const environment = { HADOOP_CONF_DIR: '/h', YARN_CONF_DIR: '/y', HADOOP_HOME: '/home' }
  const both = await load(files, { environment })
  t.same(both.folders, ['/h', '/y'])
  t.same(
    ['a', 'b', 'c'].map((name) => both.get(name)),
    ['h', undefined, 'y'],
  )
  const home = await load(files, { environment: { HADOOP_HOME: '/home' } })
  t.same(home.folders, ['/home/etc/hadoop'])
  t.equal(home.get('a'), 'home')
  t.same((await load(files, { environment: { HADOOP_HOME: '/none' } })).folders, [])
})

t.test(
  'loadHadoopConfiguration lets later files and overrides win, but for final properties',
  async (t) => {
    const conf = await load(
      {
        '/c/core-site.xml': `<configuration>
        <property><name>a</name><value>1</value><final>true</final></property>
        <property name="b" value="1" final="true"/>
        <property><name> c </name><value>
          1
        </value></property>
        <property><name>d</name><value>1</value><source>x</source></property>
        <property><name>e</name></property>
        <configuration><property><name>f</name><value></value></property></configuration>
        <!-- <property/> -->
      </configuration>`,
        '/c/yarn-site.xml': xml({ a: '2', b: '2', c: '2' }),
      },
      { environment: { HADOOP_CONF_DIR: '/c' }, overrides: { a: '3', d: '3' } },
    )
    t.same(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => conf.get(name)),
      ['3', '1', '2', '3', undefined, ''],
    )
  },
)

t.test('HadoopConfiguration knows names of former times', async (t) => {
  const conf = await load({ '/c/core-site.xml': xml({ 'fs.default.name': 'hdfs://old:1' }) })
  t.equal(conf.get('fs.defaultFS'), 'hdfs://old:1')
  t.equal(conf.get('fs.default.name'), 'hdfs://old:1')
  t.ok(conf.has('fs.defaultFS'))
})

t.test('HadoopConfiguration#get expands variables', async (t) => {
  const conf = await load(
    {},
    {
      environment: { HOME: '/home/x', EMPTY: '' },
      systemProperties: { 'user.name': 'somebody', b: 'system' },
      overrides: {
        a: '$'.concat('{b}/$'.concat('{user.name}/$', '{c}')),
        b: 'conf',
        c: '$'.concat('{d}'),
        d: 'end',
        env: '$'.concat(
          '{env.HOME} $',
          '{env.NONE-x} $',
          '{env.EMPTY-x} $',
          '{env.EMPTY:-x} $',
          '{env.NONE}',
        ),
        self: 'x$'.concat('{self}'),
        ping: '$'.concat('{pong}'),
        pong: '$'.concat('{ping}'),
        nested: '$'.concat('{$', '{c}}'),
      },
    },
  )
  t.equal(conf.get('a'), 'system/somebody/end')
  t.equal(conf.get('env'), '/home/x x  x $'.concat('{env.NONE}'))
  for (const name of ['self', 'ping']) {
    t.throws(() => conf.get(name), {
      code: 'FLINK_HADOOP_CONFIGURATION',
      message: /refers to itself/,
    })
  }
})

t.test('HadoopConfiguration#get ends, whatever refers to what', async (t) => {
  const name = fc.constantFrom('a', 'b', 'c')
  const value = fc
    .array(
      fc.oneof(
        name.map((n) => '$'.concat(`{${n}}`)),
        fc.constant('x'),
      ),
      { maxLength: 4 },
    )
    .map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(fc.record({ a: value, b: value, c: value }), async (overrides) => {
      const conf = await withOverrides(overrides)
      try {
        t.notMatch(conf.get('a'), /[$]/)
      } catch (error) {
        t.match(error, { code: 'FLINK_HADOOP_CONFIGURATION' })
      }
    }),
  )
})

t.test('Damaged files are errors with file, line and column', async (t) => {
  const cases: readonly [string, RegExp][] = [
    [
      '<configuration>\n  <property>\n</configuration>',
      /^\/c\/core-site.xml:3:\d+: This is no XML: /,
    ],
    ['', /^\/c\/core-site.xml:1:1: This is no XML: /],
    ['<html/>', /^\/c\/core-site.xml:1:1: <configuration> is expected, not <html>/],
    [
      '<configuration>\n  <proprety/></configuration>',
      /xml:2:3: <property> is expected, not <proprety>/,
    ],
    [
      '<configuration>\n\n <property><value>1</value></property></configuration>',
      /xml:3:2: A property has no <name>/,
    ],
    ['<configuration><xi:include/></configuration>', /xml:1:16: <xi:include> has no href/],
    [
      '<configuration><xi:include href="http://x/y"/></configuration>',
      /Only files can be included/,
    ],
    [
      '<configuration><xi:include href="none.xml"/></configuration>',
      /The included file \/c\/none.xml is not there/,
    ],
    [
      '<configuration><xi:include href="core-site.xml"/></configuration>',
      /more than 10 levels deep/,
    ],
  ]
  for (const [text, message] of cases) {
    const error = await failureOf(load({ '/c/core-site.xml': text }))
    t.match(error, {
      code: 'FLINK_HADOOP_CONFIGURATION',
      file: '/c/core-site.xml',
      message,
      line: Number,
    })
  }
})

t.test('Files may include others', async (t) => {
  const conf = await load({
    '/c/core-site.xml': `<configuration xmlns:xi="http://www.w3.org/2001/XInclude">
      <xi:include href="more/a.xml"/>
      <xi:include href="file:///d/b.xml"/>
      <xi:include href="none.xml"><xi:fallback><property><name>c</name><value>3</value></property></xi:fallback></xi:include>
      <xi:include href="none.xml"><xi:fallback/></xi:include>
    </configuration>`,
    '/c/more/a.xml': xml({ a: '1' }),
    '/d/b.xml': xml({ b: '2' }),
  })
  t.same(
    ['a', 'b', 'c'].map((name) => conf.get(name)),
    ['1', '2', '3'],
  )
})

t.test(
  'resourceManagerWebAddresses and resourceManagerSchedulerAddresses of one ResourceManager',
  async (t) => {
    const byHost = await withOverrides({ 'yarn.resourcemanager.hostname': 'rm' })
    t.same(resourceManagerWebAddresses(byHost), [{ address: 'rm:8088', isSecure: false }])
    t.same(resourceManagerSchedulerAddresses(byHost), ['rm:8030'])
    const byAddress = await withOverrides({
      'yarn.resourcemanager.hostname': 'rm',
      'yarn.resourcemanager.webapp.address': '$'.concat('{yarn.resourcemanager.hostname}:1'),
      'yarn.resourcemanager.scheduler.address': 'other',
      'yarn.resourcemanager.ha.rm-ids': 'rm1,rm2',
    })
    t.same(resourceManagerWebAddresses(byAddress), [{ address: 'rm:1', isSecure: false }])
    t.same(resourceManagerSchedulerAddresses(byAddress), ['other:8030'])
    const secure = await withOverrides({
      'yarn.resourcemanager.hostname': 'rm',
      'yarn.http.policy': 'HTTPS_ONLY',
    })
    t.same(resourceManagerWebAddresses(secure), [{ address: 'rm:8090', isSecure: true }])
  },
)

t.test(
  'resourceManagerWebAddresses and resourceManagerSchedulerAddresses of several ResourceManagers',
  async (t) => {
    const ha = {
      'yarn.resourcemanager.ha.enabled': 'true',
      'yarn.resourcemanager.ha.rm-ids': 'rm1, rm2',
      'yarn.resourcemanager.hostname.rm1': 'one',
      'yarn.resourcemanager.webapp.address.rm2': 'two:9088',
      'yarn.resourcemanager.scheduler.address.rm2': 'two',
    }
    const conf = await withOverrides(ha)
    t.same(resourceManagerWebAddresses(conf), [
      { address: 'one:8088', isSecure: false },
      { address: 'two:9088', isSecure: false },
    ])
    t.same(resourceManagerSchedulerAddresses(conf), ['one:8030', 'two:8030'])
    const missing = await withOverrides({ ...ha, 'yarn.resourcemanager.ha.rm-ids': 'rm1,rm3' })
    t.throws(() => resourceManagerWebAddresses(missing), {
      message:
        'ResourceManager rm3 of yarn.resourcemanager.ha.rm-ids has no address: neither yarn.resourcemanager.webapp.address.rm3 nor yarn.resourcemanager.hostname.rm3 is set',
    })
    const none = await withOverrides({ 'yarn.resourcemanager.ha.enabled': 'true' })
    t.throws(() => resourceManagerWebAddresses(none), { message: /names no ResourceManager/ })
  },
)

t.test('defaultFileSystem takes former forms', async (t) => {
  const of = async (value: string) =>
    defaultFileSystem(await withOverrides({ 'fs.defaultFS': value }))
  t.equal(await of('hdfs://ns'), 'hdfs://ns')
  t.equal(await of('host:9820'), 'hdfs://host:9820')
  t.equal(await of('local'), 'file:///')
  t.equal(await of('/'), 'file:///')
})

t.test('nameNodeWebAddresses of one NameNode', async (t) => {
  const of = async (overrides: Record<string, string>, name: string) =>
    nameNodeWebAddresses(await withOverrides(overrides), name)
  const fs = { 'fs.defaultFS': 'hdfs://host:9820' }
  t.same(await of(fs, 'host:9820'), [{ address: 'host:9870', isSecure: false }])
  const http = { ...fs, 'dfs.namenode.http-address': '0.0.0.0:1234' }
  t.same(await of(http, 'host:9820'), [{ address: 'host:1234', isSecure: false }])
  t.same(await of(http, 'foreign:9820'), [{ address: 'foreign:9870', isSecure: false }])
  t.same(await of({ ...fs, 'dfs.http.policy': 'HTTPS_ONLY' }, 'host:9820'), [
    { address: 'host:9871', isSecure: true },
  ])
  const service = { 'dfs.nameservices': 'ns', 'dfs.namenode.rpc-address.ns': 'name:9820' }
  t.same(await of(service, 'ns'), [{ address: 'name:9870', isSecure: false }])
  t.same(await of({ ...service, 'dfs.namenode.http-address.ns': 'web:1' }, 'ns'), [
    { address: 'web:1', isSecure: false },
  ])
})

t.test('nameNodeWebAddresses of a nameservice with several NameNodes', async (t) => {
  const ha = {
    'dfs.nameservices': 'ns',
    'dfs.ha.namenodes.ns': 'nn1,nn2',
    'dfs.namenode.http-address.ns.nn1': 'one:1',
    'dfs.namenode.rpc-address.ns.nn2': 'two:9820',
  }
  t.same(nameNodeWebAddresses(await withOverrides(ha), 'ns'), [
    { address: 'one:1', isSecure: false },
    { address: 'two:9870', isSecure: false },
  ])
  const missing = await withOverrides({ ...ha, 'dfs.ha.namenodes.ns': 'nn3' })
  t.throws(() => nameNodeWebAddresses(missing, 'ns'), {
    message: 'NameNode nn3 of ns has no address: dfs.namenode.http-address.ns.nn3 is missing',
  })
})
