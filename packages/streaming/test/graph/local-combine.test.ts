import type { StreamExecutionEnvironment } from '@flink-ts/streaming'
import fc from 'fast-check'
import t from 'tap'
import { edgeTexts, recorded, vertexNames } from '../recorded-program.js'
import { run } from '../testing-operator-context.js'

const BATCH = { 'execution.runtime-mode': 'BATCH' }
const NAME = 'Combine for Keyed Aggregation'

interface Count {
  readonly word: string
  readonly n: number
}

const counts = (env: StreamExecutionEnvironment) =>
  env
    .fromCollection<Count>([])
    .name('counts')
    .map((count) => count)

function sums(env: StreamExecutionEnvironment): void {
  counts(env)
    .keyBy((count) => count.word)
    .sum('n')
    .print()
}

t.test('withLocalCombiners', async (t) => {
  await t.test('a sum of a batch job is combined in front of its exchange', async (t) => {
    const job = await recorded(sums, BATCH)
    t.same(vertexNames(job), [
      `Source: counts -> Map -> ${NAME}`,
      'Keyed Aggregation -> Sink: Print to Std. Out',
    ])
    t.same(edgeTexts(job), [`${vertexNames(job)[0]} =HASH=> ${vertexNames(job)[1]}`])
    t.notMatch(JSON.stringify(job.executionPlan), NAME, 'the plan shows what the program says')
  })

  await t.test('each stream of a union is combined by itself', async (t) => {
    const job = await recorded((env) => {
      const all = counts(env).union(counts(env))
      all
        .keyBy((count) => count.word)
        .max('n')
        .print()
    }, BATCH)
    t.equal(vertexNames(job).filter((name) => name.endsWith(NAME)).length, 2)
  })

  type Case = [why: string, program: typeof sums, settings: Record<string, string>]
  const cases: Case[] = [
    ['a streaming job emits a sum for every element', sums, {}],
    [
      'a task of its own would only cost',
      sums,
      { ...BATCH, 'pipeline.operator-chaining.enabled': 'false' },
    ],
    [
      'an operator that runs alone is left alone',
      (env) =>
        counts(env)
          .disableChaining()
          .keyBy((count) => count.word)
          .sum('n')
          .print(),
      BATCH,
    ],
    [
      'functions of the user need not be associative',
      (env) =>
        counts(env)
          .keyBy((count) => count.word)
          .reduce((a, b) => ({ word: a.word, n: a.n - b.n }))
          .print(),
      BATCH,
    ],
  ]
  for (const [why, program, settings] of cases) {
    const names = vertexNames(await recorded(program, settings))
    t.notOk(
      names.some((name) => name.includes('Combine for')),
      why,
    )
  }
})

t.test('LocalCombineOperator', async (t) => {
  const job = await recorded(sums, BATCH)
  const combine = async (elements: readonly Count[]) =>
    (await run(job, NAME, elements, { jobType: 'BATCH' })).values as Count[]
  const totals = (elements: readonly Count[]) => {
    const sums = new Map<string, number>()
    for (const { word, n } of elements) sums.set(word, (sums.get(word) ?? 0) + n)
    return sums
  }

  await t.test('puts elements of a key together and leaves the given ones alone', async (t) => {
    const elements = ['a', 'b', 'a', 'a'].map((word, n) => ({ word, n }))
    t.same(await combine(elements), [
      { word: 'a', n: 5 },
      { word: 'b', n: 1 },
    ])
    t.same(elements[0], { word: 'a', n: 0 })
  })

  await t.test('loses nothing, whatever the number of keys', async (t) => {
    const words = fc.array(fc.nat({ max: 200_000 }), { minLength: 1, maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(words, fc.nat({ max: 3000 }), async (seeds, repeat) => {
        const elements = seeds.flatMap((seed) =>
          Array.from({ length: repeat }, (_, i) => ({ word: `w${(seed * i) % 90_001}`, n: i })),
        )
        t.same(totals(await combine(elements)), totals(elements))
      }),
      { numRuns: 8 },
    )
  })

  await t.test('keeps a bounded number of keys, and lets pass what hardly repeats', async (t) => {
    const elements = Array.from({ length: 400_000 }, (_, i) => ({ word: `w${i}`, n: 1 }))
    const given = new Set<unknown>(elements)
    const output = await combine(elements)
    t.equal(output.length, elements.length)
    const passed = output.filter((value) => given.has(value)).length
    t.ok(passed > elements.length * 0.8, `${passed} of ${elements.length} passed as they are`)
    t.ok(passed < elements.length, 'it was tried')
  })

  await t.test('keeps few large values', async (t) => {
    const large = 'x'.repeat(2 ** 20)
    const elements = Array.from({ length: 20 }, (_, i) => ({ word: `${i % 10}`, n: 1, large }))
    const output = await combine(elements)
    t.ok(output.length > 10, `${output.length} elements: it did not keep all ten megabytes`)
    t.same(totals(output), totals(elements))
  })
})
