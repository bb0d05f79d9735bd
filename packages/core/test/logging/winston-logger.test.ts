import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { formatLogLine } from '@flink-ts/core'
import { createLogger } from '@flink-ts/core/logging'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'

const timeMs = new Date(2024, 0, 2, 3, 4, 5, 6).getTime()
const entry = { timeMs, level: 'info', message: 'Job starts', bindings: {}, fields: {} } as const

t.test('formatLogLine follows the pattern of Flink, with ids and fields', async (t) => {
  const bindings = { component: 'JobMaster', jobId: 'ab12' }
  t.equal(
    formatLogLine({ ...entry, bindings, fields: { attempt: 1, name: 'a b', none: undefined } }),
    '2024-01-02 03:04:05,006 INFO  JobMaster [jobId=ab12] - Job starts attempt=1 name="a b"',
  )
  t.equal(
    formatLogLine({ ...entry, level: 'error' }),
    '2024-01-02 03:04:05,006 ERROR flink - Job starts',
  )
})

t.test('formatLogLine keeps a value from forging fields or lines', async (t) => {
  const fields = { name: 'x\n2024 ERROR y', other: 'a=b', o: { k: [1n] }, empty: '' }
  t.equal(
    formatLogLine({ ...entry, fields }).split(' - ')[1],
    'Job starts name="x\\n2024 ERROR y" other="a=b" o={ k: [ 1n ] } empty=""',
  )
})

t.test('formatLogLine shows errors with stack and causes', async (t) => {
  const error = new Error('outer', { cause: new TypeError('inner') })
  const text = formatLogLine({ ...entry, fields: { error, vertex: 'v' } })
  t.match(text, /Job starts vertex=v\nError: outer\n {4}at .*(\n.*)*\nCaused by: TypeError: inner/)
})

t.test('createLogger writes at once what its level lets through', async (t) => {
  const file = join(t.testdir(), 'sub', 'jm.log')
  const logger = createLogger({ level: 'info', file, clock: new ManualClock(timeMs) })
  t.teardown(() => logger.close())

  logger.child({ component: 'A' }).child({ jobId: 'j' }).warn('hello', { n: 1 })
  logger.debug('hidden')

  t.equal(readFileSync(file, 'utf8'), '2024-01-02 03:04:05,006 WARN  A [jobId=j] - hello n=1\n')
})

t.test('createLogger begins a new file at its size and keeps maxFiles old ones', async (t) => {
  const file = join(t.testdir(), 'tm.log')
  const logger = createLogger({ level: 'info', file, maxFiles: 2, maxFileBytes: 100 })
  for (let i = 0; i < 10; i++) logger.info(`line ${i} ${'x'.repeat(50)}`)
  await logger.close()

  t.match(readFileSync(file, 'utf8'), /line 9 /)
  t.match(readFileSync(`${file}.1`, 'utf8'), /line 8 /)
  t.match(readFileSync(`${file}.2`, 'utf8'), /line 7 /)
  t.notOk(existsSync(`${file}.3`))
})

t.test('createLogger gives each run a file of its own', async (t) => {
  const file = join(t.testdir({ 'jm.log': 'earlier run\n' }), 'jm.log')
  const logger = createLogger({ level: 'info', file })
  logger.info('now')
  await logger.close()

  t.match(readFileSync(file, 'utf8'), /- now\n$/)
  t.equal(readFileSync(`${file}.1`, 'utf8'), 'earlier run\n')
})

t.test('createLogger loses no line at exit and never writes to standard output', async (t) => {
  const file = join(t.testdir(), 'x.log')
  const script = `
    import { createLogger } from '@flink-ts/core/logging'
    const logger = createLogger({ level: 'info', file: ${JSON.stringify(file)}, console: true })
    for (let i = 0; i < 2000; i++) logger.info('line', { i })
    process.exit(0)`
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { cwd: new URL('../../', import.meta.url), maxBuffer: 1e7 },
  )
  t.equal(stdout, '')
  t.match(stderr, /line i=0\n/)
  t.match(readFileSync(file, 'utf8'), /line i=1999\n$/)
})

t.test('close is idempotent and later lines are dropped', async (t) => {
  const file = join(t.testdir(), 'x.log')
  const logger = createLogger({ level: 'info', file })
  logger.info('one')
  await Promise.all([logger.close(), logger.close()])
  logger.info('two')

  t.equal(readFileSync(file, 'utf8').split('\n').length, 2)
})

t.test('createLogger fails at once if the file cannot be opened', async (t) => {
  const dir = t.testdir({ plain: '' })
  t.throws(() => createLogger({ level: 'info', file: join(dir, 'plain', 'x.log') }))
})
