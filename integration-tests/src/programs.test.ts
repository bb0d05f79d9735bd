import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CommandResult } from './support/command.js'
import { jobIdIn } from './support/submitted-jobs.js'
import { program, TestCluster } from './support/test-cluster.js'
import { outputLines } from './support/words.js'

t.setTimeout(600_000)

const cluster = await TestCluster.start(t, { taskManagers: 1 })
const outputPath = (name: string) => join(cluster.folder, name)

/** The job fails, and everything about it fits on one screen. */
function failed(t: Test, { code, stderr }: CommandResult, ...messages: (RegExp | string)[]) {
  t.equal(code, 1)
  for (const message of messages) t.match(stderr, message)
  t.ok(stderr.split('\n').length < 50, 'on one screen')
}

t.test(
  'a program that builds another job in the tasks fails naming the first difference',
  async (t) => {
    const result = await cluster.flink('run', program('unequal-structure.ts'))
    failed(t, result, 'TraceMismatchError', 'built another job in a task than at its submission')
    failed(t, result, /doubled|Map/)
  },
)

t.test(
  'a captured value that differs fails the job naming variable, operator and line',
  async (t) => {
    const result = await cluster.flink('run', program('unequal-capture.ts'))
    failed(t, result, 'variable "factor"', '"times factor"', 'unequal-capture.ts:7')
  },
)

t.test('a program that reaches no execute() in the tasks fails', async (t) => {
  const result = await cluster.flink('run', program('never-executes.ts'))
  failed(t, result, 'never-executes.ts', /without reaching|execute\(\)/)
})

t.test(
  'a program that writes a file before execute() does so in the client, and fails in the tasks by name',
  async (t) => {
    const file = outputPath('written-before')
    const result = await cluster.flink('run', program('writes-first.ts'), file)
    failed(t, result, 'The program calls fs.writeFileSync before execute()', 'fromSubmission')
    t.equal(
      readFileSync(file, 'utf8'),
      `before execute in ${/process (\d+)/.exec(result.stdout)![1]}`,
    )
  },
)

t.test('instances of registered classes travel between task threads', async (t) => {
  const output = outputPath('class-records')
  const { code, stderr } = await cluster.flink('run', program('class-records.ts'), output)
  t.equal(code, 0, stderr)
  t.same(outputLines(output).sort(), ['k0 2550 50', 'k1 2500 50'])
})

t.test('fromSubmission, time and chance are those of the client in every task', async (t) => {
  const before = Date.now()
  const run = cluster.command('flink', [
    ...['run', program('from-submission.ts')],
    outputPath('from-submission'),
  ])
  const { code, stdout, stderr } = await run.result()
  t.equal(code, 0, stderr)
  t.match(stdout, 'printed by the program itself\n')
  t.equal(stdout.match(/printed by the program itself/g)?.length, 1)
  t.equal(cluster.logs('taskexecutor', 'out'), '', 'traces are quiet')
  const values = new Map(
    outputLines(outputPath('from-submission')).map((line) => line.split(' ') as [string, string]),
  )
  t.equal(Number(values.get('pid')), run.pid)
  t.ok(Number(values.get('now')) >= before && Number(values.get('now')) <= Date.now())
  t.match(values.get('id'), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/)
  t.ok(Number(values.get('chance')) > 0)
})

t.test('environment variables that the program reads are shipped, and shown nowhere', async (t) => {
  const environment = { FLINK_IT_SECRET: 'hunter2-secret', FLINK_IT_UNREAD: 'unread-value' }
  const args = ['run', program('reads-environment.ts'), outputPath('environment')]
  const { code, stdout, stderr } = await cluster.command('flink', args, environment).result()
  t.equal(code, 0, stderr)
  t.strictSame(outputLines(outputPath('environment')), ['secret hunter2-secret nothing'])

  const jobId = jobIdIn(stdout)
  const shown = [stdout, stderr]
  for (const name of readdirSync(cluster.logDir)) {
    shown.push(readFileSync(join(cluster.logDir, name), 'utf8'))
  }
  for (const path of ['', '/plan', '/config', '/exceptions', '/execution-result']) {
    const url = `http://127.0.0.1:${cluster.restPort}/jobs/${jobId}${path}`
    shown.push(await (await fetch(url)).text())
  }
  t.notMatch(shown.join('\n'), /hunter2|unread-value/)
})

t.test('main(args) of a program is called, and -c names another export', async (t) => {
  const file = program('with-main.ts')
  const main = await cluster.flink('run', file, outputPath('main'), 'x')
  t.equal(main.code, 0, main.stderr)
  t.strictSame(outputLines(outputPath('main')), ['main with 2 arguments'])
  const another = await cluster.flink('run', '-c', 'another', file, outputPath('another'))
  t.equal(another.code, 0, another.stderr)
  t.strictSame(outputLines(outputPath('another')), ['another with 1 arguments'])
  const gone = await cluster.flink('run', '-c', 'gone', file, outputPath('gone'))
  failed(t, gone, /gone/, /with-main\.ts/)
  t.equal(existsSync(outputPath('gone')), false)
})

t.test(
  'a program may execute several jobs, of which the later ones know what the earlier ones gave',
  async (t) => {
    const [first, second] = [outputPath('first'), outputPath('second')]
    const { code, stdout, stderr } = await cluster.flink(
      ...['run', program('two-jobs.ts'), first, second],
    )
    t.equal(code, 0, stderr)
    t.equal(stdout.match(/has finished/g)?.length, 2)
    t.strictSame(outputLines(first), ['one'])
    t.strictSame(outputLines(second), ['two after first job'])
  },
)
