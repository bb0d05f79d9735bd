import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { createMasterDetector, parseMesosMaster } from '@flink-ts/mesos-client'
import t from 'tap'

const world = { clock: new ManualClock(), random: new SeededRandom(1) }

t.test('parseMesosMaster reads all forms', async (t) => {
  const address = (host: string, port: number, scheme?: 'http' | 'https') => ({
    host,
    port,
    scheme,
  })
  const addresses = (text: string) => (parseMesosMaster(text) as { addresses: unknown }).addresses
  t.strictSame(addresses(' m1:5050 '), [address('m1', 5050)])
  t.strictSame(addresses('m1:5050, 10.0.0.2:5051'), [
    address('m1', 5050),
    address('10.0.0.2', 5051),
  ])
  t.strictSame(addresses('https://m1:443/'), [address('m1', 443, 'https')])
  t.strictSame(addresses('HTTP://m1:1,https://m2:2'), [
    address('m1', 1, 'http'),
    address('m2', 2, 'https'),
  ])
  t.strictSame(addresses('[::1]:5050'), [address('::1', 5050)])
  t.strictSame(parseMesosMaster('file:///etc/mesos/zk'), { kind: 'file', path: '/etc/mesos/zk' })
  const zookeeper = (connectString: string, path: string, authorization?: string) => ({
    kind: 'zookeeper',
    connectString,
    path,
    authorization,
  })
  t.strictSame(
    parseMesosMaster('zk://h1:2181,h2:2182/mesos'),
    zookeeper('h1:2181,h2:2182', '/mesos'),
  )
  t.strictSame(parseMesosMaster('zk://h1/a/b/'), zookeeper('h1:2181', '/a/b'))
  t.strictSame(parseMesosMaster('zk://[::1]:1/m'), zookeeper('[::1]:1', '/m'))
  t.strictSame(
    parseMesosMaster('zk://user:p:w@x/y@h:1/mesos'),
    zookeeper('h:1', '/mesos', 'user:p:w@x/y'),
  )
})

t.test('parseMesosMaster says which part is wrong, and no password', async (t) => {
  const problems: [string, RegExp][] = [
    ['', /it is empty/],
    ['   ', /it is empty/],
    ['m1', /'m1' has no port/],
    ['http://m1', /has no port/],
    ['m1:5050,', /a host is missing/],
    ['m1:x', /'x' of 'm1:x' is no port/],
    ['m1:0', /'0' of 'm1:0' is no port/],
    ['m1:65536', /no port from 1 to 65535/],
    ['m 1:5050', /'m 1' is no name or address/],
    ['[:::1]:5050', /no name or address/],
    ['[fe80::1%eth0]:5050', /in brackets|no name or address/],
    ['1.2.3.400:5050', /no name or address/],
    ['m1:5050/path', /is no port/],
    ['::1:5050', /in brackets/],
    ['ftp://m1:5050', /'ftp:\/\/' cannot be here/],
    ['m1:5050,zk://h:1/m', /'zk:\/\/' cannot be here/],
    ['zk://h1:2181', /the path of the masters .* is missing/],
    ['zk://h1:2181/', /is missing/],
    ['zk://h1//m', /is no path/],
    ['zk:///mesos', /a host is missing/],
    ['zk://secret@h1/mesos', /not user:password/],
    ['file://relative/path', /no absolute path/],
    ['file://', /no absolute path/],
  ]
  for (const [text, words] of problems) {
    t.throws(() => parseMesosMaster(text), { code: 'FLINK_MESOS_MASTER', message: words }, text)
  }
  for (const text of ['zk://u:geheim@h1', 'zk://u:ge@heim@h:x/m', 'zk://u:gehe/im@h/']) {
    try {
      parseMesosMaster(text)
      t.fail(text)
    } catch (error) {
      t.match((error as Error).message, /u:\*\*\*@h/)
      t.notMatch((error as Error).message, /geh|heim|im@/)
    }
  }
})

t.test('createMasterDetector reads the file that names the masters', async (t) => {
  const from = (content: string) =>
    createMasterDetector({ ...world, master: 'file:///m', readFile: async () => content })
  t.equal((await from(' m1:5050,m2:5050\n')).description, 'm1:5050,m2:5050')
  t.strictSame((await from('https://m1:5050')).masters, [
    { host: 'm1', port: 5050, scheme: 'https' },
  ])
  await t.rejects(from('file:///other'), { message: /names another file/ })
  await t.rejects(from('zk://u:geheim@h'), {
    code: 'FLINK_MESOS_MASTER',
    message: /^(?!.*geheim).*file:\/\/\/m.*what the file says is wrong.*u:\*\*\*@h/,
  })
  await t.rejects(createMasterDetector({ ...world, master: 'file:///is/not/there' }), {
    code: 'FLINK_MESOS_MASTER',
    message: /the file cannot be read: ENOENT/,
  })
})

t.test(
  'createMasterDetector hands ZooKeeper the credentials, and keeps them out of what people see',
  async (t) => {
    let seen: unknown
    await t.rejects(
      createMasterDetector({
        ...world,
        master: 'zk://u:geheim@h1:1,h2:2/mesos',
        createZooKeeperClient: (options) => {
          seen = options
          throw new Error('enough')
        },
      }),
      { message: 'enough' },
    )
    t.match(seen, {
      connectString: 'h1:1,h2:2',
      authorization: [{ scheme: 'digest', auth: 'u:geheim' }],
    })
    const detector = await createMasterDetector({ ...world, master: 'zk://u:geheim@h1:1/mesos' })
    t.equal(detector.description, 'zk://h1:1/mesos')
    await detector.close()
  },
)
