import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Configuration } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { yarnEnvironment } from '../dist/deployment/yarn-environment.js'

/** A folder with these properties in a core-site.xml. */
function hadoopFolder(t: Test, properties: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'hadoop-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const each = Object.entries(properties).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`,
  )
  writeFileSync(join(folder, 'core-site.xml'), `<configuration>${each.join('')}</configuration>`)
  return folder
}

const of = (
  values: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
) => yarnEnvironment(Configuration.fromMap(values), { HADOOP_USER_NAME: 'ann', ...environment })

t.test('yarnEnvironment reads the files that Hadoop is configured with', async (t) => {
  const folder = hadoopFolder(t, {
    'fs.defaultFS': 'hdfs://nn:8020',
    'yarn.resourcemanager.hostname': 'rm',
  })
  t.match(await of({}, { HADOOP_CONF_DIR: folder }), {
    resourceManagers: [{ address: 'rm:8088', isSecure: false }],
    schedulers: ['rm:8030'],
    userName: 'ann',
    stagingBase: 'hdfs://nn:8020/user/ann',
    nameNodes: ['nn:9870'],
  })
  t.match(await of({ 'env.yarn.conf.dir': folder, 'yarn.staging-directory': '/apps' }), {
    stagingBase: 'hdfs://nn:8020/apps/ann',
    isStagingConfigured: true,
  })
  const given = {
    'flink.hadoop.fs.defaultFS': 'hdfs://other:1',
    'flink.yarn.resourcemanager.hostname': 'rm2',
    'webhdfs.user.name': 'bob',
    'webhdfs.namenodes': 'x:1;y:2',
  }
  t.match(await of(given, { HADOOP_CONF_DIR: folder }), {
    resourceManagers: [{ address: 'rm2:8088' }],
    userName: 'bob',
    stagingBase: 'hdfs://other:1/user/bob',
    nameNodes: ['x:1', 'y:2'],
  })
})

t.test('yarnEnvironment knows several ResourceManagers and NameNodes', async (t) => {
  const folder = hadoopFolder(t, {
    'fs.defaultFS': 'hdfs://ns',
    'dfs.nameservices': 'ns',
    'dfs.ha.namenodes.ns': 'n1,n2',
    'dfs.namenode.http-address.ns.n1': 'nn1:9870',
    'dfs.namenode.http-address.ns.n2': 'nn2:9870',
    'yarn.resourcemanager.ha.enabled': 'true',
    'yarn.resourcemanager.ha.rm-ids': 'a,b',
    'yarn.resourcemanager.hostname.a': 'rma',
    'yarn.resourcemanager.webapp.address.b': 'rmb:99',
    'yarn.resourcemanager.scheduler.address.b': 'rmb:98',
  })
  t.match(await of({}, { YARN_CONF_DIR: folder }), {
    resourceManagers: [{ address: 'rma:8088' }, { address: 'rmb:99' }],
    schedulers: ['rma:8030', 'rmb:98'],
    stagingBase: 'hdfs://ns/user/ann',
    nameNodes: ['nn1:9870', 'nn2:9870'],
  })
})

t.test('yarnEnvironment needs no files where keys say everything', async (t) => {
  const keys = {
    'yarn.resourcemanager.webapp.address': 'rm1:8088;https://rm2:8090/cluster',
    'yarn.staging-directory': 'file:///mnt/shared',
  }
  t.match(await of(keys), {
    resourceManagers: [
      { address: 'rm1:8088', isSecure: false },
      { address: 'rm2:8090', isSecure: true },
    ],
    schedulers: ['rm1:8030', 'rm2:8030'],
    stagingBase: 'file:///mnt/shared/ann',
    nameNodes: [],
  })
  t.match(await of({ ...keys, 'yarn.resourcemanager.scheduler.address': 'x:1' }), {
    schedulers: ['x:1'],
  })
  const { 'yarn.staging-directory': _, ...noStaging } = keys
  t.match(await of(noStaging, { HOME: '/home/ann' }), { stagingBase: 'file:///home/ann' })
})

t.test('yarnEnvironment refuses what it cannot find or do', async (t) => {
  const configuration = { code: 'FLINK_YARN_CONFIGURATION' }
  await t.rejects(of({}), {
    ...configuration,
    message:
      /there is no Hadoop configuration; set HADOOP_CONF_DIR .* or set yarn\.resourcemanager/,
  })
  const folder = hadoopFolder(t, { 'fs.defaultFS': 'hdfs://nn' })
  await t.rejects(of({}, { HADOOP_CONF_DIR: folder }), {
    ...configuration,
    message: new RegExp(`no yarn-site\\.xml in ${folder} says where`),
  })
  await t.rejects(of({ 'yarn.resourcemanager.webapp.address': 'rm1' }), {
    ...configuration,
    message: /expected addresses such as 'host:8088'/,
  })
  const kerberos = { code: 'FLINK_KERBEROS_UNSUPPORTED', message: /not supported yet, because/ }
  await t.rejects(of({ 'security.kerberos.login.keytab': '/k' }), kerberos)
  const secure = hadoopFolder(t, { 'hadoop.security.authentication': 'kerberos' })
  await t.rejects(of({}, { HADOOP_CONF_DIR: secure }), kerberos)
})
