import {
  type ConfigOption,
  ConfigOptions,
  type ConfigOptionWithDefault,
  Configuration,
  FlinkError,
  formatDuration,
  formatMemorySize,
  formatMemorySizeForHumans,
  INFINITE_BYTES,
  isSensitiveKey,
  lastingJobId,
  parseDuration,
  parseMemorySize,
  parsePortRange,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

const interval = ConfigOptions.key('heartbeat.interval').durationType().defaultValue(10_000)
const address = ConfigOptions.key('rest.address').stringType().noDefaultValue()
const port = ConfigOptions.key('rest.port').intType({ min: 0, max: 65535 }).defaultValue(8081)
const strategy = ConfigOptions.key('restart-strategy.type')
  .enumType('none', 'fixed-delay')
  .noDefaultValue()
  .withDescription('How.')
  .withDeprecatedKeys('restart-strategy', 'restart')

t.test('parseDuration reads units, bare milliseconds and ISO-8601', async (t) => {
  const cases: [string, number][] = [
    ['10 s', 10_000],
    ['10s', 10_000],
    ['250', 250],
    ['5 min', 300_000],
    ['1 DAY', 86_400_000],
    ['2 hours', 7_200_000],
    ['500 µs', 0.5],
    ['1500000 ns', 1.5],
    ['PT30S', 30_000],
    ['PT1H2M3.5S', 3_723_500],
    ['P2D', 172_800_000],
    ['pt1m', 60_000],
    [' 7 ms ', 7],
  ]
  for (const [text, ms] of cases) t.equal(parseDuration(text), ms, text)
  for (const text of ['', 'abc', '-1 s', '10 parsecs', '1.5 s', 'P', 'PT', 'P1DT', 's', 'PT-1S']) {
    t.equal(parseDuration(text), undefined, text)
  }
})

t.test('formatDuration writes what parseDuration reads back', async (t) => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms))
  t.equal(formatDuration(300_000), '5 min')
  t.equal(formatDuration(90_000), '90 s')
  t.equal(formatDuration(0), '0 ms')
  t.equal(parseDuration(formatDuration(0.25)), 0.25)
})

t.test('parseMemorySize reads powers of 1024', async (t) => {
  const cases: [string, number][] = [
    ['1024', 1024],
    ['32kb', 32_768],
    ['32 K', 32_768],
    ['1728m', 1_811_939_328],
    ['1 gibibytes', 2 ** 30],
    ['2TB', 2 ** 41],
    ['9223372036854775807 bytes', INFINITE_BYTES],
  ]
  for (const [text, bytes] of cases) t.equal(parseMemorySize(text), bytes, text)
  for (const text of ['', '-1b', '1.5g', '12 q', 'mb', '9223372036854775808']) {
    t.equal(parseMemorySize(text), undefined, text)
  }
})

t.test('formatMemorySize writes what parseMemorySize reads back', async (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => parseMemorySize(formatMemorySize(bytes)) === bytes),
  )
  t.equal(formatMemorySize(32_768), '32 kb')
  t.equal(formatMemorySize(1_811_939_328), '1728 mb')
  t.equal(formatMemorySizeForHumans(563_714_445), '537.600mb (563714445 bytes)')
})

t.test('parsePortRange gives the ports in order and refuses nonsense', async (t) => {
  t.same(parsePortRange('50100,50200-50202'), [50100, 50200, 50201, 50202])
  t.same(parsePortRange('0'), [0])
  for (const text of ['', 'x', '70000', '5-3', '1,,2']) t.equal(parsePortRange(text), undefined)
})

t.test('Configuration gives the value, else the default, else undefined', async (t) => {
  const configuration = Configuration.fromMap({ 'heartbeat.interval': '3 s' })

  t.equal(configuration.get(interval), 3000)
  t.equal(configuration.get(port), 8081)
  t.equal(configuration.getOptional(port), undefined)
  t.equal(configuration.get(address), undefined)
  t.ok(configuration.contains(interval))
  t.notOk(configuration.contains(port))
})

t.test('Configuration reads deprecated keys in order, the main key first', async (t) => {
  const configuration = Configuration.fromMap({
    restart: 'none',
    'restart-strategy': 'FIXED_DELAY',
  })
  t.equal(configuration.get(strategy), 'fixed-delay')
  t.equal(configuration.keyInUse(strategy), 'restart-strategy')

  configuration.set(strategy, 'none')

  t.equal(configuration.get(strategy), 'none')
  t.equal(configuration.remove(strategy).get(strategy), undefined)
})

t.test(
  'Configuration refuses a bad value, naming key, value and what would be valid',
  async (t) => {
    const configuration = Configuration.fromMap({ 'rest.port': '80810' })
    try {
      configuration.get(port)
      t.fail('must throw')
    } catch (error) {
      t.ok(FlinkError.is(error))
      t.match(error, {
        code: 'FLINK_ILLEGAL_CONFIGURATION',
        key: 'rest.port',
        message:
          "Cannot use the value '80810' of configuration key 'rest.port': expected a whole number from 0 to 65535",
      })
    }
    t.throws(() => Configuration.fromMap({ restart: 'maybe' }).get(strategy), {
      message:
        "Cannot use the value 'maybe' of configuration key 'restart': expected one of none, fixed-delay",
    })
  },
)

t.test('Configuration hides sensitive values in errors and in toDisplayMap', async (t) => {
  const retries = ConfigOptions.key('s3.secret-retries').intType().defaultValue(1)
  const configuration = Configuration.fromMap({ 's3.secret-retries': 'hunter2', a: 'b' })

  t.same(configuration.toDisplayMap(), { a: 'b', 's3.secret-retries': '******' })
  const shown = (value: string) => Configuration.fromMap({ a: value }).toDisplayMap()['a']
  t.equal(shown('zk://ann:h@nter2@z1:2181,z2:2181/p'), 'zk://ann:******@z1:2181,z2:2181/p')
  t.equal(shown('a://:x@h;b://u:y@g'), 'a://:******@h;b://u:******@g')
  for (const plain of ['hdfs://h:8020/a@b', 'zk://h:1,g:2/p', 'a@b:c', 's3://bucket/u:v@w']) {
    t.equal(shown(plain), plain)
  }
  t.throws(() => configuration.get(retries), { message: /'\*{6}'/ })
  for (const key of ['x.PASSWORD', 'fs.s3.api-key', 'a.Token.b', 'sasl.jaas.config']) {
    t.ok(isSensitiveKey(key), key)
  }
  for (const key of [
    'rest.address',
    'security.cluster.secret-file',
    'mesos.flink-ts.secret-path',
  ]) {
    t.notOk(isSensitiveKey(key), key)
  }
})

t.test('Configuration clone is independent and merge lets the other one win', async (t) => {
  const base = Configuration.fromMap({ a: '1', b: '2' })
  const copy = base.clone().merge(Configuration.fromMap({ b: '3', c: '4' }))

  t.same(copy.toMap(), { a: '1', b: '3', c: '4' })
  t.same(base.toMap(), { a: '1', b: '2' })
  t.same(copy.keys(), ['a', 'b', 'c'])
})

t.test('Configuration withPrefix strips the prefix', async (t) => {
  const configuration = Configuration.fromMap({ 'a.b.c': '1', 'a.b.': '2', 'a.bc': '3' })
  t.same(configuration.withPrefix('a.b.'), { c: '1' })
})

t.test('Configuration set writes every type so that get reads it back', async (t) => {
  const check = <T>(option: ConfigOption<T>, value: T) => {
    const text = new Configuration().set(option, value)
    t.same(text.get(option), value, JSON.stringify(text.toMap()))
  }
  check(ConfigOptions.key('b').booleanType().noDefaultValue(), true)
  check(ConfigOptions.key('d').doubleType().noDefaultValue(), 0.1)
  check(ConfigOptions.key('l').longType().noDefaultValue(), Number.MAX_SAFE_INTEGER)
  check(ConfigOptions.key('m').memorySizeType().noDefaultValue(), 12_345)
  check(ConfigOptions.key('p').portRangeType().noDefaultValue(), '50100-50200')
  const list = ConfigOptions.key('list').listType().noDefaultValue()
  const map = ConfigOptions.key('map').mapType().noDefaultValue()
  const part = fc.string({ unit: fc.constantFrom('a', ';', ',', ':', "'", '"', ' ') })
  fc.assert(
    fc.property(fc.array(part), fc.dictionary(part, part), (l, m) => {
      t.same(new Configuration().set(list, l).get(list), l)
      const entries = new Map(Object.entries(m))
      t.same(new Configuration().set(map, entries).get(map), entries)
    }),
    { numRuns: 50 },
  )
})

t.test('lists and maps read what Flink writes', async (t) => {
  const list = ConfigOptions.key('l').listType().noDefaultValue()
  const map = ConfigOptions.key('m').mapType().noDefaultValue()
  const of = (key: string, value: string) => Configuration.fromMap({ [key]: value })

  t.same(of('l', 'a; \'b;c\' ;"d";;').get(list), ['a', 'b;c', 'd'])
  t.same(of('l', '').get(list), [])
  t.throws(() => of('l', "'a;b").get(list))
  t.same(
    [...of('m', 'k1:v1, k2:\'v:2\',"k3:v3",u:http://h').get(map)!],
    [
      ['k1', 'v1'],
      ['k2', 'v:2'],
      ['k3', 'v3'],
      ['u', 'http://h'],
    ],
  )
  t.throws(() => of('m', 'k1').get(map), { message: /expected entries such as/ })
})

t.test('an option without a default may be undefined, one with a default not', async (t) => {
  const withDefault: ConfigOptionWithDefault<number> = port
  const definite: number = new Configuration().get(withDefault)
  // @ts-expect-error -- no default: the value may be undefined
  const maybe: string = new Configuration().get(address)
  t.equal(definite, 8081)
  t.equal(maybe, undefined)
})

function lastingId(clusterId: string | undefined, type = 'zookeeper') {
  return lastingJobId(
    Configuration.fromMap({
      'high-availability.type': type,
      ...(clusterId === undefined ? {} : { 'high-availability.cluster-id': clusterId }),
    }),
  )
}

t.test('lastingJobId: one for each highly available cluster, the same each time', async (t) => {
  t.equal(lastingId(undefined), '0'.repeat(32))
  t.equal(lastingId('/default/'), '0'.repeat(32))
  t.match(lastingId('/orders'), /^[0-9a-f]{32}$/)
  t.equal(lastingId('orders '), lastingId('/orders'), 'as ZooKeeper takes both for one')
  t.equal(new Set(['orders', 'Orders', 'orders/2', undefined].map((id) => lastingId(id))).size, 4)
  t.equal(lastingId('orders', 'NONE'), undefined)
})
