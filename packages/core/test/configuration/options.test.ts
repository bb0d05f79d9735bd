import { readFileSync } from 'node:fs'
import {
  allOptions,
  Configuration,
  checkConfiguration,
  findKnownKey,
  KEYS_WITHOUT_EFFECT,
  nearestName,
  RestartStrategyOptions,
  RestOptions,
  RpcOptions,
  renderConfigurationPage,
  SlotOptions,
} from '@flink-ts/core'
import t from 'tap'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const check = (values: Record<string, string>) => checkConfiguration(Configuration.fromMap(values))

t.test('docs/configuration.md is what the option definitions say', async (t) => {
  t.equal(read('../../../../docs/configuration.md'), renderConfigurationPage())
})

t.test('every option has a description and a key of its own', async (t) => {
  const keys = allOptions().map((option) => option.key)
  t.same(keys, [...new Set(keys)])
  for (const option of allOptions()) {
    t.match(option.description, /^[^ ].*\.$/s, option.key)
    if (option.defaultValue === undefined) continue
    const { type, defaultValue } = option
    t.same(type.parse(type.format(defaultValue)), defaultValue, `default of ${option.key}`)
  }
})

t.test('every key of Flink is known, one way or the other', async (t) => {
  const keys = read('../../test/fixtures/flink-keys.txt').trim().split('\n')
  t.ok(keys.length > 450)
  t.same(
    keys.filter((key) => findKnownKey(key) === undefined),
    [],
  )
})

t.test('no key stands twice among the keys without effect', async (t) => {
  const keys = KEYS_WITHOUT_EFFECT.flatMap((group) => group.keys)
  t.same(
    keys.filter((key, i) => keys.indexOf(key) !== i),
    [],
  )
})

t.test('options have the defaults of Flink', async (t) => {
  const configuration = new Configuration()
  t.equal(configuration.get(SlotOptions.REQUEST_TIMEOUT), 300_000)
  t.equal(configuration.get(RpcOptions.FRAMESIZE), 10_485_760)
  t.equal(configuration.get(RestOptions.PORT), 8081)
  t.equal(configuration.get(RestartStrategyOptions.RESTART_STRATEGY), undefined)
})

t.test('RestOptions.ADDRESS falls back to the address of the JobManager', async (t) => {
  const configuration = Configuration.fromMap({ 'jobmanager.rpc.address': 'jm' })
  t.equal(configuration.get(RestOptions.ADDRESS), 'jm')
  t.same(checkConfiguration(configuration), [])
})

t.test('checkConfiguration warns of an unknown key with the nearest name', async (t) => {
  t.same(check({ 'rest.prot': '1', 'my.own.key': 'x' }), [
    { severity: 'warning', key: 'my.own.key', message: "Unknown configuration key 'my.own.key'" },
    {
      severity: 'warning',
      key: 'rest.prot',
      message: "Unknown configuration key 'rest.prot'; did you mean 'rest.port'?",
    },
  ])
})

t.test('checkConfiguration says why a known key has no effect', async (t) => {
  const notices = check({
    'env.java.opts.all': '-Xmx1g',
    'metrics.reporter.prom.port': '9249',
    'akka.log.lifecycle.events': 'true',
  })
  t.same(
    notices.map(({ severity, key }) => [severity, key]),
    [
      ['info', 'akka.log.lifecycle.events'],
      ['info', 'env.java.opts.all'],
      ['info', 'metrics.reporter.prom.port'],
    ],
  )
  t.equal(
    notices[1]!.message,
    "Configuration key 'env.java.opts.all' has no effect: it configures the Java virtual machine, which is not used",
  )
})

t.test('checkConfiguration names the successor of a deprecated key', async (t) => {
  t.match(check({ 'restart-strategy': 'none' }), [
    { severity: 'info', message: /deprecated; use 'restart-strategy\.type'/ },
  ])
})

t.test('checkConfiguration reports all bad values at once', async (t) => {
  const notices = check({ 'rest.port': 'x', 'heartbeat.interval': '-1', 'rest.address': 'h' })
  t.same(
    notices.map(({ severity, key }) => [severity, key]),
    [
      ['error', 'heartbeat.interval'],
      ['error', 'rest.port'],
    ],
  )
})

t.test('checkConfiguration refuses what contradicts itself or must not be ignored', async (t) => {
  t.match(check({ 'heartbeat.interval': '10 s', 'heartbeat.timeout': '10 s' }), [
    { severity: 'error', message: /must be longer than 'heartbeat.interval' \(10 s\)/ },
  ])
  t.match(check({ 'high-availability': 'kubernetes' })[0], {
    severity: 'error',
    message:
      "'high-availability.type' cannot be kubernetes: high availability on Kubernetes is not in this release",
  })
  t.match(check({ 'high-availability': 'zookeeper' })[0], {
    severity: 'error',
    key: 'high-availability.zookeeper.quorum',
  })
  t.notMatch(
    check({
      'high-availability.type': 'ZooKeeper',
      'high-availability.zookeeper.quorum': 'a:2181',
    })[0],
    { severity: 'error' },
  )
  t.match(check({ 'security.ssl.rest.enabled': 'true' })[0], { severity: 'error' })
  t.same(
    check({ 'high-availability': 'NONE' }).map((notice) => notice.severity),
    ['info'],
  )
})

t.test('nearestName finds slips and leaves strangers alone', async (t) => {
  const names = ['parallelism.default', 'rest.port', 'rest.address']
  t.equal(nearestName('paralelism.defualt', names), 'parallelism.default')
  t.equal(nearestName('rset.port', names), 'rest.port')
  t.equal(nearestName('something.else', names), undefined)
  t.equal(nearestName('', names), undefined)
})
