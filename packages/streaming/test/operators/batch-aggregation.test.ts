import { tmpdir } from 'node:os'
import { type RuntimeContext, SystemRandom, type ValueState } from '@flink-ts/core'
import { LocalSpillFiles, type OperatorContext, type SpillFiles } from '@flink-ts/runtime'
import type { DataStream, SingleOutputStreamOperator } from '@flink-ts/streaming'
import fc from 'fast-check'
import t from 'tap'
import { recorded } from '../recorded-program.js'
import { CollectingOutput, create, managedMemory, run } from '../testing-operator-context.js'

const KB = 1024
const MB = 1024 * KB

// biome-ignore lint/suspicious/noExplicitAny: elements of any type go through
type Build = (s: DataStream<any>) => SingleOutputStreamOperator<any>

const job = (build: Build) =>
  recorded((env) => {
    env.setRuntimeMode('BATCH')
    build(env.fromCollection<unknown>([])).name('op').print()
  })

/** Spill files that count. */
function countingFiles() {
  const files = new LocalSpillFiles([tmpdir()], new SystemRandom())
  const counts = { created: 0, open: 0, bytes: 0 }
  const spillFiles: SpillFiles = {
    create() {
      const file = files.create()
      let isOpen = true
      counts.created++
      counts.open++
      return {
        append(bytes) {
          counts.bytes += bytes.length
          return file.append(bytes)
        },
        read: (offset, target) => file.read(offset, target),
        close() {
          if (isOpen) counts.open--
          isOpen = false
          file.close()
        },
      }
    },
  }
  return { spillFiles, counts }
}

function world(shareBytes: number) {
  const memory = managedMemory(shareBytes)
  const { spillFiles, counts } = countingFiles()
  const overrides: Partial<OperatorContext> = {
    jobType: 'BATCH',
    managedMemory: memory,
    spillFiles,
  }
  return { overrides, memory, counts }
}

type Sum = { word: string; n: number }

t.test('keys of four times the managed memory: each key once, with its right sum', async (t) => {
  const share = MB
  const { overrides, memory, counts } = world(share)
  const output = new CollectingOutput()
  const operator = create(
    await job((s) => s.keyBy((r: Sum) => r.word).sum('n')),
    'op',
    output,
    overrides,
  )
  await operator.open()
  const keys = 20_000
  let peak = 0
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < keys; i++) {
      const key = round === 1 ? keys - 1 - i : i
      operator.processElement({ word: `word number ${key}`, n: key + round }, Number.NaN)
      if (i % 100 === 0) peak = Math.max(peak, memory.usedBytes)
    }
  }
  await operator.finish()
  const found = new Map((output.values as Sum[]).map(({ word, n }) => [word, n]))
  t.equal(output.values.length, keys, 'no key twice')
  for (let i = 0; i < keys; i++) {
    if (found.get(`word number ${i}`) !== 3 * i + 3)
      t.fail(`word ${i}: ${found.get(`word number ${i}`)}`)
  }
  t.ok(peak > share / 2 && peak <= share, `it makes use of its memory: ${peak}`)
  t.ok(counts.bytes > 0)
  await operator.close()
  t.equal(counts.open, 0, 'no file stays')
})

t.test('what fits into managed memory is not written to files', async (t) => {
  const { overrides, counts } = world(8 * MB)
  const elements = Array.from({ length: 50_000 }, (_, i) => ({ word: `w${i % 20_000}`, n: 1 }))
  const { values } = await run(
    await job((s) => s.keyBy((r: Sum) => r.word).sum('n')),
    'op',
    elements,
    overrides,
  )
  t.equal(values.length, 20_000)
  t.equal(counts.created, 0)
})

t.test('an aggregation that spills answers what one in memory does', async (t) => {
  const key = fc.oneof(
    fc.integer({ min: -20, max: 60 }),
    fc.string({ maxLength: 3 }),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(5) }),
    fc.tuple(fc.constantFrom('a', 'b'), fc.nat(3)),
    fc.record({ x: fc.boolean(), y: fc.nat(2) }),
    fc.constantFrom(Number.NaN, -0, 0, '__proto__', '\ud800'),
  )
  const text = fc.oneof(
    { weight: 10, arbitrary: fc.string({ maxLength: 300, size: 'max' }) },
    { weight: 1, arbitrary: fc.nat(90_000).map((length) => 'x'.repeat(length)) },
  )
  const element = fc.record({ key, text, n: fc.nat(100) })
  type Element = { key: unknown; text: string; n: number }
  const longest = (a: string, b: string) =>
    a.length > b.length || (a.length === b.length && a > b) ? a : b
  const reduce = await job((s) =>
    s
      .keyBy((r: Element) => r.key as string)
      .reduce((a: Element, b: Element) => ({
        ...{ key: a.key, n: a.n + b.n },
        text: longest(a.text, b.text),
      })),
  )
  const digest = (values: unknown[]) =>
    (values as Element[])
      .map(({ key, text, n }) => `${describe(key)} ${n} ${JSON.stringify(text)}`)
      .toSorted()
  let spills = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(element, { minLength: 50, maxLength: 300, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      async (distinct, repeat) => {
        const elements = Array.from({ length: repeat }, () => distinct).flat()
        const { overrides, counts } = world(350 * KB)
        const { values } = await run(reduce, 'op', elements, overrides)
        if (counts.created > 0) spills++
        const model = world(1024 * MB)
        const expected = await run(reduce, 'op', elements, model.overrides)
        t.equal(model.counts.created, 0)
        t.equal(counts.open, 0)
        t.same(digest(values), digest(expected.values))
      },
    ),
    { numRuns: 40, seed: 7 },
  )
  t.ok(spills >= 10, `files were used in ${spills} runs`)
})

function describe(key: unknown): string {
  if (typeof key === 'bigint') return `${key}n`
  if (Object.is(key, -0)) return '0'
  if (typeof key === 'number') return String(key)
  return JSON.stringify(key)
}

t.test('partitions that do not fit either are divided again', async (t) => {
  const share = 192 * KB
  const { overrides, counts } = world(share)
  const keys = 20_000
  const elements = Array.from({ length: 2 * keys }, (_, i) => ({ word: `w${i % keys}`, n: i }))
  const reduce = await job((s) =>
    s.keyBy((r: Sum) => r.word).reduce((a: Sum, b: Sum) => ({ word: a.word, n: a.n + b.n })),
  )
  const { values } = await run(reduce, 'op', elements, overrides)
  t.equal(new Set((values as Sum[]).map(({ word }) => word)).size, keys)
  t.equal(values.length, keys)
  t.equal(
    (values as Sum[]).reduce((sum, { n }) => sum + n, 0),
    keys * (2 * keys - 1),
  )
  t.ok(counts.created > 2, `${counts.created} files`)
  t.equal(counts.open, 0)
})

t.test('values that grow until the table has no room for them', async (t) => {
  const { overrides, counts } = world(200 * KB)
  const elements = Array.from({ length: 8000 }, (_, i) => ({ key: i % 50, all: [`element ${i}`] }))
  type Element = (typeof elements)[number]
  const collect = await job((s) =>
    s
      .keyBy((r: Element) => r.key)
      .reduce((a: Element, b: Element) => ({
        ...{ key: a.key, all: a.all.concat(b.all) },
      })),
  )
  const { values } = await run(collect, 'op', elements, overrides)
  t.equal(values.length, 50)
  for (const { key, all } of values as Element[]) {
    const expected = elements.filter((e) => e.key === key).flatMap((e) => e.all)
    t.strictSame(all.toSorted(), expected.toSorted())
  }
  t.ok(counts.created > 0)
  t.equal(counts.open, 0)
})

t.test('max, and keyed state of the function, when values come back from files', async (t) => {
  const { overrides } = world(192 * KB)
  const elements = Array.from({ length: 30_000 }, (_, i) => ({ word: `w${i % 5000}`, n: i }))
  const max = await run(
    await job((s) => s.keyBy((r: Sum) => r.word).max('n')),
    'op',
    elements,
    overrides,
  )
  t.equal(max.values.length, 5000)
  t.ok((max.values as Sum[]).every(({ word, n }) => n === 25_000 + Number(word.slice(1))))

  type Called = Sum & { calls?: number }
  const calling = {
    state: undefined as ValueState<number> | undefined,
    open(context: RuntimeContext) {
      this.state = context.getState({ name: 'calls' })
    },
    reduce(a: Called, b: Called): Called {
      const calls = (this.state!.value() ?? 0) + 1
      this.state!.update(calls)
      return { word: a.word, n: a.n + b.n, calls }
    },
  }
  const again = world(192 * KB)
  const { values } = await run(
    await job((s) => s.keyBy((r: Called) => r.word).reduce(calling)),
    'op',
    elements,
    again.overrides,
  )
  t.equal(values.length, 5000)
  t.ok((values as Called[]).every(({ calls }) => calls === 5))
  t.ok(again.counts.created > 0)
})

t.test(
  'a share that is too small, and a value that never fits, name the key to raise',
  async (t) => {
    const sum = await job((s) => s.keyBy((r: Sum) => r.word).sum('n'))
    await t.rejects(run(sum, 'op', [{ word: 'a', n: 1 }], world(0).overrides), {
      code: 'FLINK_MANAGED_MEMORY_EXCEEDED',
      message: /taskmanager\.memory\.managed\.size/,
    })
    const large = { word: 'x'.repeat(300_000), n: 1 }
    await t.rejects(run(sum, 'op', [large], world(256 * KB).overrides), {
      code: 'FLINK_MANAGED_MEMORY_EXCEEDED',
    })
    const collect = await job((s) =>
      s.keyBy(() => 1).reduce((a: string[], b: string[]) => a.concat(b)),
    )
    const many = Array.from({ length: 3000 }, (_, i) => [`value ${i} ${'.'.repeat(400)}`])
    const { overrides, counts } = world(512 * KB)
    await t.rejects(run(collect, 'op', many, overrides), { code: 'FLINK_MANAGED_MEMORY_EXCEEDED' })
    t.equal(counts.open, 0, 'also then no file stays')
  },
)

t.test('what cannot be written to a file names its path', async (t) => {
  class Point {
    x = 1
  }
  const sum = await job((s) => s.keyBy((r: Sum) => r.word).sum('n'))
  const elements = Array.from({ length: 2000 }, (_, n) => ({ word: `w${n}`, n, at: new Point() }))
  await t.rejects(run(sum, 'op', elements, world(256 * KB).overrides), {
    code: 'FLINK_UNSERIALIZABLE_VALUE',
    message: /at/,
  })
})

t.test(
  'a batch aggregation declares managed memory of its own, a streaming one that of its state',
  async (t) => {
    const build = (mode: 'BATCH' | 'STREAMING') =>
      recorded((env) => {
        env.setRuntimeMode(mode)
        env
          .fromCollection([{ word: 'a', n: 1 }])
          .keyBy((r) => r.word)
          .sum('n')
          .name('op')
          .print()
      })
    const uses = async (mode: 'BATCH' | 'STREAMING') =>
      (await build(mode)).jobGraph.vertices
        .flatMap(({ operators }) => operators)
        .map(({ name, managedMemory: use }) => [name, use])
        .filter(([, use]) => use !== undefined)
    t.strictSame(await uses('BATCH'), [['op', { operatorWeight: 128 }]])
    t.strictSame(await uses('STREAMING'), [['op', { stateBackend: true }]])
  },
)
