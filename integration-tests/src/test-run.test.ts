import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Command } from './support/command.js'
import { userEnvironment } from './support/flink-configuration.js'

t.setTimeout(600_000)

const SCRIPTS = new URL('../../scripts/testing/', import.meta.url)

interface Failure {
  readonly path: readonly string[]
  readonly diagnosis: readonly string[]
}

const { FailureReader, failureLines } = (await import(new URL('failures.mjs', SCRIPTS).href)) as {
  FailureReader: new () => { line(line: string): void; readonly failures: readonly Failure[] }
  failureLines(failures: readonly Failure[]): string[]
}
const { RunSummary } = (await import(new URL('run-summary.mjs', SCRIPTS).href)) as {
  RunSummary: new (
    reader?: InstanceType<typeof FailureReader>,
  ) => { line(line: string): void; closing(status: number | null): string[] }
}
const { NAMED, planOf, testFiles } = (await import(new URL('plan.mjs', SCRIPTS).href)) as {
  planOf(files: readonly string[]): Readonly<Record<'oneAtATime' | 'beside' | 'alone', string[]>>
  testFiles(): string[]
  NAMED: readonly string[]
}

function closing(output: string): string[] {
  const reader = new FailureReader()
  for (const line of output.split('\n')) reader.line(line)
  return failureLines(reader.failures)
}

/** Runs files with these texts as `npm test` does. */
function runFiles(t: Test, texts: Readonly<Record<string, string>>) {
  const folder = t.testdir(
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, `import t from 'tap'\n${text}`]),
    ),
  )
  const files = Object.keys(texts).map((name) => join(folder, name))
  const runner = new URL('run-files.mjs', SCRIPTS).pathname
  const isOfRunner = (name: string) => name.startsWith('TAP') || name.startsWith('_TAPJS')
  const names = Object.keys(process.env).filter(isOfRunner)
  const environment = userEnvironment(Object.fromEntries(names.map((name) => [name, undefined])))
  return new Command(process.execPath, [runner, ...files], { environment }).result()
}

t.test(
  'a run of files: what failed is told with its path and diagnosis, file by file',
  async (t) => {
    const { code, stdout } = await runFiles(t, {
      'a.test.js':
        "t.ok(true); t.test('not now', { skip: 'why' }); t.equal(3, 4, 'as expected', { todo: 'x' })",
      'b.test.js': `
      t.test('outer', async (t) => {
        await t.test('inner', async (t) => {
          t.ok(true)
          t.equal(1, 2, 'one is two')
        })
        const lines = (n) => Array.from({ length: n }, (_, i) => 'line ' + i * n).join('\\n')
        t.equal(lines(90), lines(80), 'long')
      })`,
      'c.test.js': "t.test('throws', async () => { throw new Error('so it is') })",
      'd.test.js':
        "t.setTimeout(500); setInterval(() => {}, 100); t.test('hangs', () => new Promise(() => {}))",
      'e.test.js': "t.ok(true); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)",
    })
    t.not(code, 0)
    t.match(stdout, /^# \{ total: \d+, pass: \d+, fail: \d+/m)
    const lines = closing(stdout)
    const files = lines.filter((line) => !line.startsWith(' '))
    t.strictSame(
      files.map((file) => file.slice(-9)),
      ['b', 'c', 'd', 'e'].map((name) => `${name}.test.js`),
    )
    const paths = lines.filter((line) => /^ {2}\S/.test(line))
    t.strictSame(paths.slice(0, 4), [
      '  outer > inner > one is two',
      '  outer > long',
      '  throws > so it is',
      '  hangs > timeout!',
    ])
    const text = lines.join('\n')
    t.match(text, /-2\n\s*\+1/)
    t.notMatch(text, 'as expected')
    t.match(text, /… \d+ more lines above/)
    const between = lines.slice(lines.indexOf(paths[1]!) + 1, lines.indexOf(files[1]!))
    t.equal(between.length, 41, 'forty lines of a diagnosis')
    t.match(lines.slice(lines.indexOf(files[3]!)).join('\n'), /SIGKILL/)
  },
)

t.test('a run of files that are all well has nothing to tell', async (t) => {
  const { code, stdout } = await runFiles(t, { 'a.test.js': 't.ok(true)', 'b.test.js': 't.ok(1)' })
  t.equal(code, 0, stdout)
  t.match(stdout, /^# \{ total: 2, pass: 2 \}/m)
  t.strictSame(closing(stdout), [])
})

t.test('what a test prints may look like TAP', async (t) => {
  const printed = ['  ok 3', '  # Subtest: x', '  not ok 4 - y', `${' '.repeat(12)}# Subtest: z`]
  const { code, stdout } = await runFiles(t, {
    'a.test.js': `
      console.log(${JSON.stringify(printed.join('\n'))})
      t.equal(1, 2, 'one is two')`,
  })
  t.not(code, 0)
  for (const line of printed) t.ok(stdout.includes(line), line)
  const paths = closing(stdout).filter((line) => /^ {2}\S/.test(line))
  t.strictSame(paths, ['  one is two'])
})

t.test('a list of failures that cannot be made does not end the run, which says so', async (t) => {
  const lines = ['ok 1 - a # SKIP not here', 'broken', '# { total: 3, pass: 1, fail: 1, skip: 1 }']
  const summary = new RunSummary({
    failures: [{ path: ['b.test.js', 'b'], diagnosis: [] }],
    line(line) {
      if (line === 'broken') throw new RangeError('Invalid array length')
    },
  })
  for (const line of lines) summary.line(line)
  const told = summary.closing(1)
  t.strictSame(told.slice(0, 4), ['skipped: ok 1 - a # SKIP not here', '', 'Failed:', 'b.test.js'])
  t.match(told.at(-2), /^The list of what failed is not complete.*RangeError: Invalid array length/)
  t.equal(told.at(-1), '1 passed, 1 failed, 1 skipped')
  t.equal(new RunSummary().closing(null).at(-1), '0 passed, 1 failed, 0 skipped')
})

t.test('the plan has every file once, and names none that is gone', (t) => {
  const files = testFiles()
  const { oneAtATime, beside, alone } = planOf(files)
  t.strictSame([...oneAtATime, ...beside, ...alone].sort(), files.toSorted())
  for (const file of NAMED) t.ok(files.includes(file), file)
  t.ok(alone.includes('integration-tests/dist-test/yarn-clusters.test.js'))
  t.ok(oneAtATime.includes('integration-tests/dist-test/crash-points.test.js'))
  t.ok(beside.includes('integration-tests/dist-test/test-run.test.js'))
  t.end()
})
