import type { Collector, RuntimeContext, ValueState } from '@flink-ts/core'
import type { OperatorContext, RecordedJob, TwoInputStreamOperator } from '@flink-ts/runtime'
import type { DataStream, StreamExecutionEnvironment } from '@flink-ts/streaming'
import t from 'tap'
import { edgeTexts, factoryOf, recorded, vertexNames } from '../recorded-program.js'
import { CollectingOutput, operatorContext } from '../testing-operator-context.js'

interface Order {
  readonly user: string
  readonly price: number
}
interface Rate {
  readonly user: string
  readonly discount: number
}

type Build = (
  orders: DataStream<Order>,
  rates: DataStream<Rate>,
) => { name(name: string): { print(): unknown } }

const sources = (env: StreamExecutionEnvironment) =>
  [
    env.fromCollection<Order>([]).name('orders'),
    env.fromCollection<Rate>([]).name('rates'),
  ] as const

/** The job with one operator named `op` behind two streams. */
const job = (build: Build): Promise<RecordedJob> =>
  recorded((env) =>
    build(...sources(env))
      .name('op')
      .print(),
  )

async function opened(build: Build, context: Partial<OperatorContext> = {}) {
  const output = new CollectingOutput()
  const operator = factoryOf(await job(build), 'op').createOperator(
    operatorContext(output, { operatorName: 'op', ...context }),
  ) as TwoInputStreamOperator
  await operator.open()
  return { operator, output }
}

const order = (user: string, price: number): Order => ({ user, price })
const rate = (user: string, discount: number): Rate => ({ user, discount })

t.test('ConnectedStreams.map, flatMap and process call the function of the input', async (t) => {
  const builds: [name: string, build: Build][] = [
    [
      'map with functions',
      (a, b) =>
        a.connect(b).map(
          (o) => `o${o.price}`,
          (r) => `r${r.discount}`,
        ),
    ],
    [
      'map with an object',
      (a, b) =>
        a.connect(b).map({
          map1: (o) => `o${o.price}`,
          map2: (r) => `r${r.discount}`,
        }),
    ],
    [
      'flatMap, by answer and by collector',
      (a, b) =>
        a.connect(b).flatMap<string>(
          (o) => [`o${o.price}`],
          (r, out) => out.collect(`r${r.discount}`),
        ),
    ],
    [
      'process',
      (a, b) =>
        a.connect(b).process<string>({
          processElement1: (o, _context, out) => out.collect(`o${o.price}`),
          processElement2: (r, _context, out) => out.collect(`r${r.discount}`),
        }),
    ],
  ]
  for (const [name, build] of builds) {
    const { operator, output } = await opened(build)
    operator.processElement1(order('a', 1), 5)
    operator.processElement2(rate('a', 2), Number.NaN)
    operator.processElement1(order('a', 3), 7)
    t.same(output.values, ['o1', 'r2', 'o3'], name)
    t.same(output.timestamps, [5, Number.NaN, 7], name)
  }
})

/** Applies the user's last rate to their orders. */
class Discounts {
  private rate!: ValueState<number>
  private orders = 0

  open(context: RuntimeContext) {
    this.rate = context.getState({ name: 'rate' })
  }
  processElement1(o: Order, context: { getCurrentKey(): string }, out: Collector<string>) {
    this.orders++
    out.collect(`${context.getCurrentKey()} ${o.price - (this.rate.value() ?? 0)} #${this.orders}`)
  }
  processElement2(r: Rate) {
    this.rate.update(r.discount)
  }
}

t.test('ConnectedStreams with keys: both functions share the state of the key', async (t) => {
  const byUser: Build[] = [
    (a, b) =>
      a
        .connect(b)
        .keyBy(
          (o) => o.user,
          (r) => r.user,
        )
        .process(new Discounts()),
    (a, b) =>
      a
        .keyBy((o) => o.user)
        .connect(b.keyBy((r) => r.user))
        .process(new Discounts()),
  ]
  for (const build of byUser) {
    const { operator, output } = await opened(build)
    operator.processElement1(order('ann', 10), Number.NaN)
    operator.processElement2(rate('ann', 1), Number.NaN)
    operator.processElement2(rate('bob', 2), Number.NaN)
    operator.processElement1(order('ann', 10), Number.NaN)
    operator.processElement1(order('bob', 10), Number.NaN)
    t.same(output.values, ['ann 10 #1', 'ann 9 #2', 'bob 8 #3'])
  }
  const only = (a: DataStream<Order>, b: DataStream<Rate>) =>
    a
      .keyBy((o) => o.user)
      .connect(b)
      .map({
        open: (context: RuntimeContext) => void context.getState({ name: 'x' }),
        map1: (o) => o.price,
        map2: (r) => r.discount,
      })
  await t.rejects(
    opened(only),
    { message: /has no keys/ },
    'one stream with keys is not enough for state',
  )
})

t.test('each subtask has an object of its own', async (t) => {
  const made = await job((a, b) =>
    a
      .connect(b)
      .keyBy(
        (o) => o.user,
        (r) => r.user,
      )
      .process(new Discounts()),
  )
  const values: unknown[] = []
  for (let subtask = 0; subtask < 2; subtask++) {
    const output = new CollectingOutput()
    const operator = factoryOf(made, 'op').createOperator(
      operatorContext(output),
    ) as TwoInputStreamOperator
    await operator.open()
    operator.processElement1(order('ann', 1), Number.NaN)
    values.push(...output.values)
  }
  t.same(values, ['ann 1 #1', 'ann 1 #1'])
})

t.test('errors name the function of the input', async (t) => {
  const boom = new RangeError('boom')
  const throws = (): never => {
    throw boom
  }
  for (const build of [
    (a, b) => a.connect(b).map(throws, throws),
    (a, b) => a.connect(b).flatMap(throws, throws),
    (a, b) => a.connect(b).process({ processElement1: throws, processElement2: throws }),
  ] as Build[]) {
    const { operator } = await opened(build)
    t.throws(() => operator.processElement1(order('a', 1), 0), {
      code: 'FLINK_USER_FUNCTION',
      message: /^Operator 'op' failed: its \w+1 function threw RangeError: boom$/,
      cause: boom,
    })
    t.throws(() => operator.processElement2(rate('a', 1), 0), { message: /its \w+2 function/ })
  }
  const { operator } = await opened((a, b) =>
    a.connect(b).map((() => Promise.resolve(1)) as never, () => 1),
  )
  t.throws(() => operator.processElement1(order('a', 1), 0), { code: 'FLINK_FUNCTION_RESULT' })
  await t.rejects(
    job((a, b) => a.connect(b).map({ map1: () => 1 } as never)),
    { code: 'FLINK_INVALID_PROGRAM', message: /an object with a method 'map2'/ },
  )
  await t.rejects(
    job((a, b) => a.connect(b).map((async () => 1) as never, () => 1)),
    { code: 'FLINK_INVALID_PROGRAM', message: /async function for map/ },
  )
  const keyed = await opened((a, b) =>
    a
      .connect(b)
      .keyBy(
        () => undefined as never,
        (r) => r.user,
      )
      .process(new Discounts() as never),
  )
  t.throws(() => keyed.operator.processElement1(order('a', 1), 0), { message: /'op'.*undefined/ })
})

t.test('the watermark of two inputs is the least, idle inputs are left out', async (t) => {
  const { operator, output } = await opened((a, b) =>
    a.connect(b).map(
      () => 1,
      () => 2,
    ),
  )
  operator.processWatermark1(10)
  t.same(output.watermarks, [])
  operator.processWatermark2(4)
  operator.processWatermark2(7)
  t.same(output.watermarks, [4, 7])
  operator.processWatermarkStatus2('IDLE')
  t.same(output.watermarks, [4, 7, 10])
  operator.processWatermark1(12)
  operator.processWatermarkStatus1('IDLE')
  t.same(output.watermarks, [4, 7, 10, 12])
  t.same(output.statuses, ['IDLE'])
  operator.processWatermarkStatus2('ACTIVE')
  t.same(output.statuses, ['IDLE', 'ACTIVE'])
})

t.test('the JobGraph of connected streams', async (t) => {
  const keyed = await recorded((env) => {
    const [orders, rates] = sources(env)
    orders
      .connect(rates.union(env.fromCollection<Rate>([]).name('more rates')))
      .keyBy(
        (o) => o.user,
        (r) => r.user,
      )
      .process(new Discounts())
      .print()
  })
  t.same(vertexNames(keyed), [
    'Source: orders',
    'Source: rates',
    'Source: more rates',
    'Co-Keyed-Process -> Sink: Print to Std. Out',
  ])
  t.same(
    edgeTexts(keyed).map((text, i) => `${text} ${keyed.jobGraph.edges[i]!.targetInputIndex}`),
    [
      'Source: orders =HASH=> Co-Keyed-Process -> Sink: Print to Std. Out 0',
      'Source: rates =HASH=> Co-Keyed-Process -> Sink: Print to Std. Out 1',
      'Source: more rates =HASH=> Co-Keyed-Process -> Sink: Print to Std. Out 1',
    ],
  )
  t.ok(keyed.structure.some((line) => /'Source: rates'.*#0: HASH into input 2$/.test(line)))

  const withItself = await recorded((env) => {
    const [orders] = sources(env)
    orders
      .connect(orders.broadcast())
      .map(
        (o) => o.price,
        (o) => o.price,
      )
      .print()
  })
  const { edges } = withItself.jobGraph
  t.same(
    edges.map((e) => [e.partitioner, e.targetInputIndex]),
    [
      ['FORWARD', 0],
      ['BROADCAST', 1],
    ],
    'a stream may be connected with itself',
  )
  t.not(edges[0]!.id, edges[1]!.id)
})

t.test('ConnectedStreams.transform takes an operator of one’s own', async (t) => {
  const { operator, output } = await opened((a, b) =>
    a.connect(b).transform('mine', ({ output }) => ({
      open() {},
      finish() {},
      close() {},
      processElement1: (value: unknown, timestamp: number) => output.collect(value, timestamp),
      processElement2() {},
      processWatermark1() {},
      processWatermark2() {},
      processWatermarkStatus1() {},
      processWatermarkStatus2() {},
      nextSelection: () => 'FIRST',
    })),
  )
  t.equal(operator.nextSelection!(), 'FIRST')
  operator.processElement1('x', 1)
  t.same(output.values, ['x'])
})

t.test('getConfig().enableObjectReuse() goes with the job', async (t) => {
  const reuse = async (set: (env: StreamExecutionEnvironment) => unknown) => {
    const { jobGraph } = await recorded((env) => {
      set(env)
      env.fromElements(1).print()
    })
    return jobGraph.configuration['pipeline.object-reuse']
  }
  t.equal(await reuse((env) => env.getConfig().enableObjectReuse()), 'true')
  t.equal(await reuse((env) => env.getConfig().enableObjectReuse().disableObjectReuse()), 'false')
  t.equal(await reuse(() => {}), undefined)
})
