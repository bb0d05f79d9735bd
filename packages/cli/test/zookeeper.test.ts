import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Configuration } from '@flink-ts/core'
import t from 'tap'
import { DAEMONS, type DaemonSettings } from '../dist/daemon/daemon-settings.js'
import { clientAddressOf, parseZooCfg, readZooCfg } from '../dist/daemon/zookeeper/zoo-cfg.js'
import { prepareZooKeeperPeer } from '../dist/daemon/zookeeper/zookeeper-peer.js'
import { folderWith } from './support/run-command.js'

const CONF = fileURLToPath(new URL('../../../conf/zoo.cfg', import.meta.url))

function settingsIn(folder: string, environment: Record<string, string>): DaemonSettings {
  return {
    configuration: new Configuration(),
    configDir: folder,
    logDir: join(folder, 'log'),
    pidDir: join(folder, 'pids'),
    identString: 'tester',
    hostName: 'here',
    mainsDir: folder,
    logFilesMax: 3,
    environment,
  }
}

/** A folder that has what is looked for in a ZooKeeper, and a Java that does nothing. */
function fakeHome(folder: string): Record<string, string> {
  mkdirSync(join(folder, 'zk', 'lib'), { recursive: true })
  mkdirSync(join(folder, 'java', 'bin'), { recursive: true })
  writeFileSync(join(folder, 'zk', 'lib', 'zookeeper-3.9.5.jar'), '')
  writeFileSync(join(folder, 'java', 'bin', 'java'), '#!/bin/sh\n', { mode: 0o755 })
  return { ZOOKEEPER_HOME: join(folder, 'zk'), JAVA_HOME: join(folder, 'java') }
}

t.test('parseZooCfg: properties, servers and what is missing', async (t) => {
  const shipped = await readZooCfg(CONF)
  t.same(shipped.peers, [{ id: 1, host: 'localhost', address: 'localhost:2888:3888' }])
  t.same(Object.fromEntries(shipped.properties), {
    tickTime: '2000',
    initLimit: '10',
    syncLimit: '5',
    clientPort: '2181',
    'admin.enableServer': 'false',
  })
  const { properties, peers } = parseZooCfg(
    [
      '# comment',
      ' tickTime = 500 ',
      'dataDir=/a b/c',
      'server.1=zk-1',
      'server.02 = zk-2:1:2:observer;2183',
      'server.3=[::1]:5:6;127.0.0.2:2184',
    ].join('\r\n'),
    'zoo.cfg',
  )
  t.equal(properties.get('tickTime'), '500')
  t.equal(properties.get('dataDir'), '/a b/c')
  t.same(peers, [
    { id: 1, host: 'zk-1', address: 'zk-1:2888:3888' },
    { id: 2, host: 'zk-2', address: 'zk-2:1:2:observer;2183' },
    { id: 3, host: '[::1]', address: '[::1]:5:6;127.0.0.2:2184' },
  ])
  const cfg = { file: '', properties, peers }
  t.same(clientAddressOf(cfg, peers[0]), { host: '127.0.0.1', port: 2181 })
  t.same(clientAddressOf(cfg, peers[1]), { host: '127.0.0.1', port: 2183 })
  t.same(clientAddressOf(cfg, peers[2]), { host: '127.0.0.2', port: 2184 })
})

t.test('parseZooCfg: what is wrong is told with its line', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['tickTime', /zoo.cfg, line 1: 'tickTime' is no property/],
    ['\nserver.1=a:b', /line 2: 'a:b' is no server/],
    ['server.1=', /line 1: '' is no server/],
    ['server.1=a\nserver.1=b', /line 2: there is a server.1 already/],
  ]
  for (const [text, message] of cases) t.throws(() => parseZooCfg(text, 'zoo.cfg'), { message })
  await t.rejects(readZooCfg('/no/zoo.cfg'), { message: /Cannot read \/no\/zoo.cfg: ENOENT/ })
})

t.test('prepareZooKeeperPeer: number, configuration and command of a server', async (t) => {
  const folder = folderWith(t)
  const dataDir = join(folder, 'data')
  const environment = { ...fakeHome(folder), SERVER_JVMFLAGS: ' -Xmx64m  -Da=b' }
  const cfg = parseZooCfg(`dataDir=${dataDir}\nserver.1=a\nserver.2=b:1:2\n`, 'zoo.cfg')
  const { program, words } = prepareZooKeeperPeer(cfg, 2, settingsIn(folder, environment))
  t.equal(program, join(folder, 'java', 'bin', 'java'))
  const file = join(dataDir, 'flink-zoo.cfg')
  const classPath = `${join(folder, 'zk', 'conf')}:${join(folder, 'zk', 'lib', '*')}`
  t.same(words, ['-Xmx64m', '-Da=b', '-cp', classPath, DAEMONS.zookeeper, file])
  t.equal(readFileSync(join(dataDir, 'myid'), 'utf8'), '2\n')
  t.same(readFileSync(file, 'utf8').trim().split('\n').sort(), [
    'clientPort=2181',
    `dataDir=${dataDir}`,
    'initLimit=10',
    'server.1=a:2888:3888',
    'server.2=b:1:2',
    'syncLimit=5',
    'tickTime=2000',
  ])
  prepareZooKeeperPeer(cfg, 2, settingsIn(folder, environment))
  t.throws(() => prepareZooKeeperPeer(cfg, 1, settingsIn(folder, environment)), {
    code: 'FLINK_ZOOKEEPER_PEER',
    message: /of server 2, not 1/,
  })
  t.throws(() => prepareZooKeeperPeer(cfg, 3, settingsIn(folder, environment)), {
    code: 'FLINK_ZOOKEEPER_PEER',
    message: /no line server.3= in zoo.cfg; there are 1, 2/,
  })
})

t.test(
  'prepareZooKeeperPeer: without ZooKeeper, or without Java, it says what to set',
  async (t) => {
    const folder = folderWith(t)
    const environment = fakeHome(folder)
    const cfg = parseZooCfg(`dataDir=${join(folder, 'data')}`, 'zoo.cfg')
    const prepare = (own: Record<string, string>) => () =>
      prepareZooKeeperPeer(cfg, 1, settingsIn(folder, own))
    t.throws(prepare({ JAVA_HOME: environment['JAVA_HOME']! }), {
      code: 'FLINK_ZOOKEEPER_HOME',
      message:
        /^ZOOKEEPER_HOME is not set: flink-ts has no ZooKeeper of its own; .* set ZOOKEEPER_HOME/,
    })
    t.throws(prepare({ ...environment, ZOOKEEPER_HOME: folder }), {
      code: 'FLINK_ZOOKEEPER_HOME',
      message: /There is no ZooKeeper in .*lib/,
    })
    t.throws(prepare({ ...environment, JAVA_HOME: folder }), {
      code: 'FLINK_JAVA',
      message: /which ZooKeeper needs: .*; install Java 11 or later, or set JAVA_HOME/,
    })
  },
)
