import {
  AccumulatorRegistry,
  accumulatorValue,
  type Collector,
  IntCounter,
  IntMaximum,
  type ListState,
  type RuntimeContext,
  type ValueState,
} from '@flink-ts/core'
import type { DataStream } from '@flink-ts/streaming'
import t from 'tap'
import { recorded } from '../recorded-program.js'
import { CollectingOutput, create, run } from '../testing-operator-context.js'

/** The job with one operator named `op` behind a stream of anything. */
// biome-ignore lint/suspicious/noExplicitAny: elements of any type go through
const job = (build: (s: DataStream<any>) => { name(name: string): { print(): unknown } }) =>
  recorded((env) => build(env.fromCollection<unknown>([])).name('op').print())

const emitted = async (
  build: Parameters<typeof job>[0],
  elements: unknown[],
  overrides: Parameters<typeof run>[3] = {},
) => (await run(await job(build), 'op', elements, overrides)).values

t.test('map, filter and flatMap', async (t) => {
  t.same(await emitted((s) => s.map((x: number) => x * 2), [1, 2]), [2, 4])
  t.same(await emitted((s) => s.filter((x: number) => x > 1), [1, 2, 3]), [2, 3])
  const flat = (fn: (x: string) => Iterable<string> & object) =>
    emitted((s) => s.flatMap(fn), ['a b', 'c'])
  t.same(await flat((x) => x.split(' ')), ['a', 'b', 'c'], 'arrays')
  t.same(await flat((x) => new Set(x)), ['a', ' ', 'b', 'c'], 'iterables')
  const generator = function* (x: string) {
    yield* x.split(' ')
  }
  t.same(await flat(generator), ['a', 'b', 'c'], 'generators')
  t.same(
    await emitted((s) => s.flatMap((x: string) => x.match(/\d/g)), ['a1', 'b', '23']),
    ['1', '2', '3'],
    'null is none',
  )
  t.same(
    await emitted(
      (s) =>
        s.flatMap((x: number, out) => Array.from({ length: x }).forEach(() => void out.collect(x))),
      [2, 0, 1],
    ),
    [2, 2, 1],
    'collectors',
  )
  t.same(await emitted((s) => s.map({ map: (x: number) => x + 1 }), [1]), [2], 'function objects')

  await t.rejects(
    emitted((s) => s.flatMap(((x: string) => x) as never), ['abc']),
    {
      code: 'FLINK_FUNCTION_RESULT',
      message: /'op': its flatMap function answered a string; expected an array/,
    },
    'a string is not iterated by accident',
  )
  await t.rejects(
    emitted((s) => s.filter(((x: string) => x) as never), ['abc']),
    { message: /'op': its filter function answered abc; expected true or false/ },
  )
})

t.test('operators pass timestamps, watermarks and idleness on', async (t) => {
  const output = new CollectingOutput()
  const operator = create(await job((s) => s.flatMap((x: number) => [x, x])), 'op', output)
  operator.processElement(1, 42)
  operator.processWatermark(43)
  operator.processWatermarkStatus('IDLE')
  t.same(output, { values: [1, 1], timestamps: [42, 42], watermarks: [43], statuses: ['IDLE'] })
})

t.test('a function that answers a Promise', async (t) => {
  for (const [name, build] of [
    ['map', (s) => s.map((() => Promise.reject(new Error('unseen'))) as never)],
    ['filter', (s) => s.filter((() => Promise.resolve(true)) as never)],
    ['flatMap', (s) => s.flatMap((() => Promise.resolve([])) as never)],
    ['processElement', (s) => s.process((() => Promise.resolve()) as never)],
    ['reduce', (s) => s.keyBy(() => 1).reduce((() => Promise.resolve()) as never)],
  ] as [string, Parameters<typeof job>[0]][]) {
    await t.rejects(emitted(build, [1, 2]), {
      code: 'FLINK_FUNCTION_RESULT',
      message: `Operator 'op': its ${name} function answered a Promise, which would only be waited for elsewhere; asynchronous functions are not in this release`,
    })
  }
  await t.rejects(
    job((s) => s.map((async () => 1) as never)),
    { code: 'FLINK_INVALID_PROGRAM', message: /async function for map.*not in this release/ },
    'an async one is refused when the program is built',
  )
  await t.rejects(
    job((s) => s.map(7 as never)),
    {
      message:
        /Cannot use number as the function of map: expected a function, or an object with a method 'map'/,
    },
  )
})

t.test('errors of user functions', async (t) => {
  const boom = new RangeError('boom')
  const throwing = () => {
    throw boom
  }
  const lazily = function* () {
    yield throwing()
  }
  for (const build of [
    (s) => s.map(throwing),
    (s) => s.filter(throwing),
    (s) => s.flatMap(throwing),
    (s) => s.flatMap(lazily),
    (s) => s.process(throwing),
    (s) => s.keyBy(throwing).reduce((a: unknown) => a),
    (s) => s.keyBy(() => 1).reduce(throwing),
    (s) => s.map({ map: (x: number) => x, open: throwing }),
    (s) => s.map({ map: (x: number) => x, close: async () => throwing() }),
  ] as Parameters<typeof job>[0][]) {
    await t.rejects(emitted(build, [1, 2]), {
      code: 'FLINK_USER_FUNCTION',
      message: /^Operator 'op' failed: its \w+ function threw RangeError: boom$/,
      operatorName: 'op',
      cause: boom,
    })
  }

  const output = new CollectingOutput()
  const later = new Error('behind')
  output.collect = () => {
    throw later
  }
  for (const build of [
    (s) => s.flatMap((x: number, out) => out.collect(x)),
    (s) =>
      s.process((x: number, _context, out) => {
        try {
          out.collect(x)
        } catch {
          // A function that hides what its collector throws is what this test is about.
        }
      }),
    (s) => s.flatMap((x: number) => [x]),
    (s) => s.map((x: number) => x),
  ] as Parameters<typeof job>[0][]) {
    const operator = create(await job(build), 'op', output)
    t.throws(
      () => operator.processElement(1, 0),
      later,
      'those of operators behind are not taken for the function’s own',
    )
  }
})

t.test('collectors and contexts work during their call only', async (t) => {
  const kept: Collector<number>[] = []
  const keep = (x: number, out: Collector<number>) => {
    out.collect(x)
    kept.push(out)
  }
  await emitted((s) => s.flatMap(keep), [1])
  t.throws(() => kept[0]!.collect(2), {
    code: 'FLINK_USED_OUTSIDE_CALL',
    message: /^Operator 'op' used its collector outside of the call/,
  })

  const contexts: { timestamp(): unknown }[] = []
  await emitted((s) => s.process((_x, context) => void contexts.push(context)), [1])
  t.throws(() => contexts[0]!.timestamp(), { code: 'FLINK_USED_OUTSIDE_CALL' })
})

t.test('process', async (t) => {
  const output = new CollectingOutput()
  const operator = create(
    await job((s) =>
      s
        .keyBy((x: string) => x[0]!)
        .process((x, context, out) =>
          out.collect([x, context.getCurrentKey(), context.timestamp()]),
        ),
    ),
    'op',
    output,
  )
  operator.processElement('ab', Number.NaN)
  operator.processElement('cd', 5)
  t.same(output.values, [
    ['ab', 'a', undefined],
    ['cd', 'c', 5],
  ])
})

t.test('rich functions', async (t) => {
  class Counter {
    calls: string[] = []
    private state!: ValueState<number>
    async open(context: RuntimeContext) {
      this.calls.push(
        `open ${context.operatorName} ${context.indexOfThisSubtask}/${context.numberOfParallelSubtasks}`,
      )
      this.state = context.getState<number>({ name: 'count', defaultValue: 0 })
    }
    map(value: string) {
      const count = this.state.value()! + 1
      this.state.update(count)
      return `${value}${count}`
    }
    close() {
      this.calls.push('close')
    }
  }
  const counter = new Counter()
  const counting = await job((s) => s.keyBy((x: string) => x).map(counter))
  t.same(
    (await run(counting, 'op', ['a', 'b', 'a'])).values,
    ['a1', 'b1', 'a2'],
    'have state per key',
  )
  t.same(counter.calls, ['open op 0/1', 'close'])
  t.same((await run(counting, 'op', ['a', 'b', 'a'])).values, ['a1', 'b1', 'a2'])
  t.same(counter.calls.length, 2, 'of a second subtask in the thread are copies')

  await t.rejects(run(await job((s) => s.map(new Counter())), 'op', []), {
    cause: {
      message:
        /Operator 'op' asked for keyed state 'count', but its input has no keys; use it behind keyBy/,
    },
  })
  const outside = new Counter()
  await run(await job((s) => s.keyBy((x: string) => x).map(outside)), 'op', ['a'])
  t.throws(() => outside.map('a'), { code: 'FLINK_USED_OUTSIDE_CALL', message: /state 'count'/ })

  class Collecting {
    private state!: ListState<number>
    open(context: RuntimeContext) {
      this.state = context.getListState<number>({ name: 'all' })
    }
    map([, n]: [string, number]) {
      if (n === 0) this.state.clear()
      else if (n < 0) this.state.update([...this.state.get()].reverse())
      else this.state.addAll([n, n])
      return [...this.state.get()].join('')
    }
  }
  const collecting = new Collecting()
  const elements = [
    ['a', 1],
    ['b', 5],
    ['a', 2],
    ['a', -1],
    ['b', 0],
    ['b', 6],
  ]
  t.same(
    (
      await run(
        await job((s) => s.keyBy((x: [string, number]) => x[0]).map(collecting)),
        'op',
        elements,
      )
    ).values,
    ['11', '55', '1122', '2211', '', '66'],
    'have lists per key',
  )
  t.throws(() => collecting.map(['a', 1]), { code: 'FLINK_USED_OUTSIDE_CALL', message: /'all'/ })

  class Private {
    #n = 0
    map() {
      return this.#n
    }
  }
  const hidden = await job((s) => s.map(new Private()))
  await run(hidden, 'op', [1])
  await t.rejects(run(hidden, 'op', [1]), {
    message: /Cannot copy function object Private.*#private/,
  })
})

t.test('reduce and aggregations', async (t) => {
  const elements = [
    ['a', 3, 'x'],
    ['b', 1, 'y'],
    ['a', 2, 'z'],
    ['a', 4, 'w'],
  ]
  // biome-ignore lint/suspicious/noExplicitAny: tuples
  const keyed = (s: DataStream<any>) => s.keyBy((x: [string, number, string]) => x[0])
  const streaming = (build: Parameters<typeof job>[0], of: unknown[] = elements) =>
    emitted(build, of)
  const batch = (build: Parameters<typeof job>[0]) => emitted(build, elements, { jobType: 'BATCH' })

  t.same(
    await streaming((s) => keyed(s).sum(1)),
    [
      ['a', 3, 'x'],
      ['b', 1, 'y'],
      ['a', 5, 'x'],
      ['a', 9, 'x'],
    ],
    'STREAMING: a running value per element',
  )
  t.same(
    await batch((s) => keyed(s).sum(1)),
    [
      ['a', 9, 'x'],
      ['b', 1, 'y'],
    ],
    'BATCH: each key once',
  )
  t.same(await batch((s) => keyed(s).min(1)), [
    ['a', 2, 'x'],
    ['b', 1, 'y'],
  ])
  t.same(await batch((s) => keyed(s).max(1)), [
    ['a', 4, 'x'],
    ['b', 1, 'y'],
  ])
  t.same(
    await batch((s) => keyed(s).max(2)),
    [
      ['a', 3, 'z'],
      ['b', 1, 'y'],
    ],
    'texts are ordered too',
  )
  t.same(
    await streaming((s) =>
      keyed(s).reduce((a: [string, number], b: [string, number]) => [a[0], a[1] + b[1]]),
    ),
    [
      ['a', 3, 'x'],
      ['b', 1, 'y'],
      ['a', 5],
      ['a', 9],
    ],
  )
  t.same(elements[0], ['a', 3, 'x'], 'elements are not changed')
  const objects = elements.map(([key, n]) => (n === 2 ? { n, key } : { key, n }))
  for (const jobType of ['STREAMING', 'BATCH'] as const) {
    const sums = await emitted((s) => s.keyBy((o: { key: string }) => o.key).sum('n'), objects, {
      jobType,
    })
    const all = [
      { key: 'a', n: 3 },
      { key: 'b', n: 1 },
      { key: 'a', n: 5 },
      { key: 'a', n: 9 },
    ]
    t.same(
      sums,
      jobType === 'STREAMING' ? all : [all[3], all[1]],
      'what was emitted stays as it was',
    )
    t.same(objects[0], { key: 'a', n: 3 }, 'elements are not changed')
  }
  const dates = [new Date(5), new Date(3)]
  const [, earliest] = (await streaming(
    (s) => keyed(s).min(1),
    [
      ['a', dates[0]],
      ['a', dates[1]],
    ],
  )) as [string, Date][]
  dates[1]!.setTime(9)
  t.same(earliest, ['a', new Date(3)], 'a Date that was taken over is a copy')
  await t.rejects(
    streaming((s) => keyed(s).sum(2)),
    {
      message: /^Operator '.*': Cannot take the sum of field '2': it is string; expected a number$/,
      cause: undefined,
    },
  )
})

t.test('keys that cannot be keys', async (t) => {
  const cases: [unknown, string, string][] = [
    [undefined, 'key', 'undefined'],
    [null, 'key', 'null'],
    [() => 1, 'key', 'a function'],
    [{ a: [1, undefined] }, 'key.a[1]', 'undefined'],
  ]
  for (const [key, path, what] of cases) {
    await t.rejects(
      emitted((s) => s.keyBy(() => key).reduce((a: unknown) => a), [1, 2]),
      {
        code: 'FLINK_KEY_NOT_SUPPORTED',
        operatorName: 'op',
        path,
        message: `Operator 'op': Cannot use this value as a key: ${path}: ${what}; a key is a string, number, bigint, boolean, Date, Uint8Array, or an array or plain object of these`,
      },
      what,
    )
  }
})

t.test('accumulators of a runtime context', async (t) => {
  class Gathering {
    odd = new IntCounter()
    readonly max = new IntMaximum()

    open(context: RuntimeContext) {
      this.odd = context.getIntCounter('odd')
      context.addAccumulator('max', this.max)
      t.throws(() => context.addAccumulator('max', this.max), { code: 'FLINK_ACCUMULATOR' })
      t.equal(context.getAccumulator('max'), this.max)
      t.equal(context.getIntCounter('odd'), this.odd)
      context.getLongCounter('long').add(1)
      context.getDoubleCounter('double').add(0.5)
      context.getHistogram('histogram').add(1)
    }

    map(x: number) {
      this.odd.add(x % 2)
      this.max.add(x)
      return x
    }
  }
  const accumulators = new AccumulatorRegistry()
  const gathering = await recorded((env) =>
    env.fromElements(1, 2, 3).map(new Gathering()).name('op').print(),
  )
  await run(gathering, 'op', [1, 2, 3], { accumulators })
  t.same(
    accumulators.snapshot().map((snapshot) => [snapshot.name, accumulatorValue(snapshot)]),
    [
      ['odd', 2],
      ['max', 3],
      ['long', 1n],
      ['double', 0.5],
      ['histogram', new Map([[1, 1]])],
    ],
  )
})
