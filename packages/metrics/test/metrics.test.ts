import type { LogFields, Logger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  emptyIOMetrics,
  fillScopeFormat,
  MeterView,
  MetricRegistry,
  SimpleCounter,
  SlidingWindowHistogram,
  sanitizeName,
  sumIOMetrics,
} from '@flink-ts/metrics'
import fc from 'fast-check'
import t from 'tap'

function recordingLogger() {
  const warnings: LogFields[] = []
  const logger: Logger = {
    error() {},
    warn: (_message, fields = {}) => void warnings.push(fields),
    info() {},
    debug() {},
    child: () => logger,
  }
  return { logger, warnings }
}

function setUp() {
  const { logger, warnings } = recordingLogger()
  const clock = new ManualClock()
  return { clock, warnings, registry: new MetricRegistry({ clock, log: logger }) }
}

t.test('SimpleCounter counts up and down', async (t) => {
  const counter = new SimpleCounter()
  counter.inc()
  counter.inc(5)
  counter.dec(2)
  counter.dec()
  t.equal(counter.count, 3)
})

t.test('MeterView gives events per second over the last minute', async (t) => {
  const clock = new ManualClock()
  const meter = new MeterView(clock)
  t.equal(meter.getRate(), 0)

  for (let second = 0; second < 60; second++) {
    meter.markEvent(10)
    clock.advance(1000)
    meter.getRate()
  }
  t.equal(meter.getRate(), 10)

  clock.advance(30_000)
  t.equal(meter.getRate(), 5)
  clock.advance(30_000)
  t.equal(meter.getRate(), 0)
  t.equal(meter.count, 600)
})

t.test('MeterView gives the mean since somebody asked if that is longer ago', async (t) => {
  const clock = new ManualClock()
  const counter = new SimpleCounter()
  const meter = new MeterView(clock, counter)
  counter.inc(1200)
  clock.advance(120_000)
  t.equal(meter.getRate(), 10)
})

t.test('SlidingWindowHistogram describes the latest values', async (t) => {
  const histogram = new SlidingWindowHistogram(100)
  const none = histogram.getStatistics()
  t.match(none, { size: 0, min: 0, max: 0, mean: 0, stdDev: 0 })
  t.equal(none.getQuantile(0.5), 0)

  for (let i = -50; i <= 100; i++) histogram.update(i)

  const statistics = histogram.getStatistics()
  t.equal(histogram.count, 151)
  t.match(statistics, { size: 100, min: 1, max: 100, mean: 50.5 })
  t.equal(statistics.getQuantile(0.5), 50.5)
  t.equal(statistics.getQuantile(1), 100)
  t.equal(Math.round(statistics.stdDev * 100), 2901)
})

t.test('SlidingWindowHistogram quantiles are ordered and within the values', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const histogram = new SlidingWindowHistogram(16)
      for (const value of values) histogram.update(value)
      const { min, max, getQuantile } = histogram.getStatistics()
      const [a, b] = [getQuantile(0.25), getQuantile(0.75)]
      return min <= a && a <= b && b <= max && min === Math.min(...values.slice(-16))
    }),
  )
})

t.test('MetricRegistry snapshots all kinds of metrics by identifier', async (t) => {
  const { registry, clock } = setUp()
  const task = registry.createGroup('<host>.taskmanager.<tm_id>.<subtask_index>', {
    host: 'my.host',
    tm_id: 'tm 1',
    subtask_index: '0',
  })
  const operator = task.addGroup('Flat Map')
  const meter = task.meter('numRecordsInPerSecond')
  task.counter('numRecordsIn').inc(7)
  operator.gauge('currentInputWatermark', () => -1)
  operator.gauge('state', { getValue: () => true })
  operator.gauge('none', () => undefined)
  operator.histogram('latency').update(4)
  meter.markEvent(20)
  clock.advance(10_000)

  t.match(registry.snapshot(task), {
    numRecordsIn: 7,
    numRecordsInPerSecond: 2,
    'Flat_Map.currentInputWatermark': -1,
    'Flat_Map.state': 'true',
    'Flat_Map.latency_median': 4,
    'Flat_Map.latency_p999': 4,
  })
  t.notOk('Flat_Map.none' in registry.snapshot(task))
  t.equal(registry.snapshot()['my_host.taskmanager.tm_1.0.numRecordsIn'], 7)
  t.equal(registry.snapshot(operator)['currentInputWatermark'], -1)
  t.equal(task.metricIdentifier('x'), 'my_host.taskmanager.tm_1.0.x')
})

t.test('MetricGroup keeps the first metric of a name and warns', async (t) => {
  const { registry, warnings } = setUp()
  const group = registry.createGroup('jm')
  group.counter('a').inc(1)
  group.counter('a').inc(10)

  t.same(registry.snapshot(group), { a: 1 })
  t.same(warnings, [{ metric: 'jm.a' }])
  group.addGroup('g')
  group.counter('g')
  t.equal(warnings.length, 2)
})

t.test('MetricGroup addGroup gives the same group for the same name', async (t) => {
  const { registry } = setUp()
  const group = registry.createGroup('tm')
  group.addGroup('channel', '3').counter('a').inc()
  group.addGroup('channel', '3').counter('b').inc()

  t.same(registry.snapshot(group), { 'channel.3.a': 1, 'channel.3.b': 1 })
  t.same(group.addGroup('channel', '3').variables, { channel: '3' })
  t.same(group.addGroup('channel').variables, {})
})

t.test('MetricGroup close forgets its metrics, and later ones are not registered', async (t) => {
  const { registry, warnings } = setUp()
  const group = registry.createGroup('tm')
  const child = group.addGroup('op')
  const counter = child.counter('n')
  child.close()
  t.same(registry.snapshot(), {})
  group.addGroup('op').counter('n').inc(2)
  t.same(registry.snapshot(), { 'tm.op.n': 2 })

  group.close()
  group.close()
  counter.inc()
  child.counter('m')
  group.addGroup('late').counter('x')

  t.same(registry.snapshot(), {})
  t.same(registry.snapshot(group), {})
  t.same(warnings, [])
  registry.close()
})

t.test('MetricRegistry leaves out a gauge that throws', async (t) => {
  const { registry } = setUp()
  const group = registry.createGroup('tm')
  group.gauge('bad', () => {
    throw new Error('user code')
  })
  group.counter('good')
  t.same(registry.snapshot(group), { good: 0 })
})

t.test('sanitizeName replaces what could be taken for syntax', async (t) => {
  t.equal(sanitizeName('Source: a -> b, (c)', 'group'), 'Source__a_-__b___c_')
  t.equal(sanitizeName('Status.JVM.Memory', 'metric'), 'Status.JVM.Memory')
  t.equal(sanitizeName('a.b', 'group'), 'a_b')
  t.equal(sanitizeName('x'.repeat(200), 'group').length, 80)
  t.equal(sanitizeName('größe', 'group'), 'größe')
})

t.test('fillScopeFormat fills variables and leaves unknown ones', async (t) => {
  const parts = fillScopeFormat('<host>.x.<nope>.<toString>', { host: 'a.b' })
  t.same(parts, ['a_b', 'x', '<nope>', '<toString>'])
})

t.test('sumIOMetrics adds up', async (t) => {
  const one = { ...emptyIOMetrics(), numRecordsIn: 2, accumulatedBusyMs: 5 }
  t.same(sumIOMetrics([one, one]), {
    ...emptyIOMetrics(),
    numRecordsIn: 4,
    accumulatedBusyMs: 10,
  })
})
