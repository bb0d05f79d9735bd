import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleProgram, endCompiler } from '@flink-ts/client/bundling'
import { runProgram } from '@flink-ts/client/submission'
import { Configuration, SeededRandom, SystemClock } from '@flink-ts/core'
import type { ProgramDescriptor, RecordedJob } from '@flink-ts/runtime/program'
import t, { type Test } from 'tap'

interface Submission {
  readonly job: RecordedJob
  readonly program: ProgramDescriptor
}

/** Runs a program whose jobs end at once; answers what was submitted. */
async function run(
  t: Test,
  source: string,
  options: { name?: string; entryPoint?: string; args?: string[] } = {},
): Promise<Submission[]> {
  const folder = t.testdir()
  const name = options.name ?? 'program.ts'
  writeFileSync(join(folder, name), source)
  const submissions: Submission[] = []
  await runProgram({
    bundle: await bundleProgram(name, folder),
    entryPoint: options.entryPoint,
    args: options.args ?? [],
    configuration: new Configuration(),
    clock: new SystemClock(),
    random: new SeededRandom(1),
    submit: async (job, program) => {
      submissions.push({ job, program })
      const { jobId, name: jobName } = job.jobGraph
      return {
        jobId,
        status: async () => 'FINISHED',
        cancel: async () => {},
        accumulators: async () => [],
        savepoint: async () => '',
        result: async () => ({ jobId, jobName, netRuntimeMs: 7, accumulators: [] }),
      }
    },
  })
  return submissions
}

const JOB = `
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
async function job(name: string, factor = 1) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.fromElements(1, 2).map((n) => n * factor).print()
  return env.execute(name)
}
`

t.test('a program of top-level statements is run and its job submitted', async (t) => {
  const [submission, ...more] = await run(t, `${JOB} await job('top')`)

  t.equal(submission?.job.jobGraph.name, 'top')
  t.equal(submission?.program.programName, 'program.ts')
  t.equal(submission?.program.executeIndex, 0)
  t.strictSame(more, [])
})

t.test('an exported main is called with the arguments', async (t) => {
  const source = `${JOB} export const main = (args: string[]) => job(args.join('+'))`

  const [submission] = await run(t, source, { args: ['a', 'b'] })

  t.equal(submission?.job.jobGraph.name, 'a+b')
  t.equal(submission?.program.entryPoint, 'main')
  t.strictSame(submission?.program.args, ['a', 'b'])
})

t.test('-c calls another export, and names those there are if it is missing', async (t) => {
  const source = `${JOB} export const other = () => job('other'); export const main = () => job('main')`

  const [submission] = await run(t, source, { entryPoint: 'other' })

  t.equal(submission?.job.jobGraph.name, 'other')
  await t.rejects(run(t, source, { entryPoint: 'nope' }), { message: /nope.*other/s })
})

t.test('a guard that calls an exported main runs it once', async (t) => {
  const source = `${JOB}
    import { pathToFileURL } from 'node:url'
    export const main = () => job('guarded')
    if (import.meta.url === pathToFileURL(process.argv[1]!).href) await main()`

  const submissions = await run(t, source)

  t.strictSame(
    submissions.map(({ job }) => job.jobGraph.name),
    ['guarded'],
  )
})

t.test('each execute() is a job of its own, with the results before', async (t) => {
  const submissions = await run(t, `${JOB} await job('one'); await job('two')`)

  t.strictSame(
    submissions.map(({ job }) => job.jobGraph.name),
    ['one', 'two'],
  )
  t.equal(submissions[1]?.program.executeIndex, 1)
  t.match(submissions[1]?.program.earlierResults, [{ jobName: 'one', netRuntimeMs: 7 }])
})

t.test('only the environment variables that the program reads are sent', async (t) => {
  process.env['FLINK_TS_TEST_READ'] = 'yes'
  process.env['FLINK_TS_TEST_SECRET'] = 'secret'
  t.teardown(() => {
    delete process.env['FLINK_TS_TEST_READ']
    delete process.env['FLINK_TS_TEST_SECRET']
  })

  const [submission] = await run(t, `${JOB} await job(process.env['FLINK_TS_TEST_READ']!)`)

  t.equal(submission?.job.jobGraph.name, 'yes')
  t.equal(submission?.program.environment['FLINK_TS_TEST_READ'], 'yes')
  t.notMatch(JSON.stringify(submission?.program), /secret/i)
})

t.test('values that functions captured are described with their place in the source', async (t) => {
  const [submission] = await run(t, `${JOB} await job('captures', 42)`)

  const captured = Object.values(submission!.program.captures).flat()
  t.match(
    captured.find(({ variables }) => 'factor' in variables),
    { location: /program\.ts:5/, variables: { factor: '42' } },
  )
})

t.test('time stands still up to execute(), and is real in the process afterwards', async (t) => {
  const [submission] = await run(
    t,
    `${JOB} const a = Date.now(); for (let i = 0; i < 1e6; i++) Math.sqrt(i); await job(String(Date.now() - a))`,
  )

  t.equal(submission?.job.jobGraph.name, '0')
  const before = Date.now()
  while (Date.now() === before);
  t.ok(Date.now() > before)
})

t.test('a program that executes nothing is an error', async (t) => {
  await t.rejects(run(t, 'export const x = 1'), { message: /contains no execute\(\) calls/ })
})

t.test('bundleProgram() names file, line and column of a syntax error', async (t) => {
  await t.rejects(run(t, 'const a = 1\nconst = 2\n', { name: 'broken.ts' }), {
    message: /broken\.ts cannot be built:[\s\S]*broken\.ts:2:7: [\s\S]*const = 2/,
    code: 'FLINK_PROGRAM_BUNDLE',
  })
})

t.test('bundleProgram() names an import that is not there', async (t) => {
  await t.rejects(run(t, "import './nowhere.js'"), { message: /program\.ts:1:8: .*nowhere\.js/ })
})

t.test(
  'bundleProgram() compiles several at a time, endCompiler() leaves no process behind',
  async (t) => {
    const names = ['a.ts', 'b.ts', 'broken.ts', 'c.ts']
    const folder = t.testdir({
      ...Object.fromEntries(names.map((name) => [name, `export const x = '${name}'`])),
      'broken.ts': 'const = 2',
    })
    let hasWaited = false
    setImmediate(() => {
      hasWaited = true
    })
    const bundles = await Promise.allSettled(names.map((name) => bundleProgram(name, folder)))
    t.ok(hasWaited, 'this process does something else meanwhile')
    const codes = bundles.map((each) =>
      each.status === 'fulfilled'
        ? /'(\w\.ts)'|"(\w\.ts)"/.exec(`${Buffer.from(each.value.code)}`)?.[0]
        : each.reason.code,
    )
    t.same(codes, ['"a.ts"', '"b.ts"', 'FLINK_PROGRAM_BUNDLE', '"c.ts"'])
    const children = () =>
      readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
        .split(' ')
        .filter((pid) => pid !== '')
        .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
        .filter((words) => words.includes('esbuild'))
    await endCompiler()
    const until = Date.now() + 10_000
    while (children().length > 0 && Date.now() < until) await new Promise(setImmediate)
    t.same(children(), [])
    await bundleProgram('a.ts', folder)
    await endCompiler()
  },
)

t.test('bundleProgram() refuses what is missing or no program', async (t) => {
  const folder = t.testdir({ 'notes.txt': 'x', folder: {} })

  await t.rejects(bundleProgram('none.ts', folder), { message: /does not exist: none\.ts/ })
  await t.rejects(bundleProgram('notes.txt', folder), { message: /notes\.txt is no program/ })
  await t.rejects(bundleProgram('folder', folder), { message: /folder is no program/ })
})

t.test(
  'bundleProgram() puts what a program imports into one module, and leaves the cluster’s packages out',
  async (t) => {
    const folder = t.testdir({
      'helper.ts': 'export const helper: number = 41',
      'program.ts':
        "import { helper } from './helper.js'\nimport { Types } from '@flink-ts/core'\nexport const main = () => [helper, Types]",
    })

    const { code } = await bundleProgram('program.ts', folder)

    const text = Buffer.from(code).toString()
    t.match(text, /helper = 41/)
    t.match(text, /from ['"]@flink-ts\/core['"]/)
    t.match(text, /sourceMappingURL=data:/)
  },
)
