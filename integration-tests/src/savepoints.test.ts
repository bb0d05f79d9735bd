import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const NUMBERS = 6_000
const KEYS = 10

const cluster = await TestCluster.start(t, {
  taskManagers: 2,
  slots: 2,
  configuration: { 'execution.checkpointing.interval': '500 ms' },
})
const folder = (name: string) => join(cluster.folder, name)

/** Words of the program that counts; all numbers within `seconds`. */
const counting = (output: string, seconds: number, ...more: string[]) => [
  program('counts-per-key.ts'),
  ...['--numbers', String(NUMBERS), '--rate', String(Math.round(NUMBERS / seconds))],
  ...['--output', folder(output), ...more],
]

/** What all files below a folder say, line by line. */
function linesOf(output: string): string[] {
  const path = folder(output)
  if (!existsSync(path)) return []
  const files = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
    : [path]
  return files
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1))
}

/** Every count that every digit reaches, once. */
const EXPECTED = Array.from(
  { length: NUMBERS },
  (_, n) => `${n % KEYS} ${1 + Math.floor(n / KEYS)}`,
)

const written = (vertices: readonly { metrics: { 'read-records': number } }[]) =>
  vertices.at(-1)!.metrics['read-records']

/** Runs detached, until so many numbers have reached the counting. */
async function running(least: number, ...words: string[]): Promise<string> {
  const jobId = await cluster.submit(...words)
  await cluster.untilStatus(jobId, 'RUNNING')
  await until(`${least} numbers are counted`, async () => {
    return written((await cluster.rest.jobDetails(jobId)).vertices) >= least
  })
  return jobId
}

/** The path in what a command printed. */
const pathIn = (stdout: string) => /(?:Path: |stored in )(\S+?)\.?\n/.exec(stdout)![1]!

t.test('flink stop, then run -s at another parallelism: every count is written once', async (t) => {
  const jobId = await running(500, '-p', '2', ...counting('stopped', 60))
  const stop = await cluster.flink('stop', '-p', folder('savepoints'), jobId)
  t.equal(stop.code, 0)
  const path = pathIn(stop.stdout)
  t.match(stop.stdout, `Suspending job "${jobId}" with a CANONICAL savepoint.\n`)
  t.match(path, new RegExp(`^${folder('savepoints')}/savepoint-${jobId.slice(0, 6)}-[0-9a-f]{12}$`))
  t.equal((await cluster.rest.jobDetails(jobId)).state, 'FINISHED')
  const before = linesOf('stopped').length
  t.ok(before >= 500 && before < NUMBERS, `${before} counts before the savepoint`)

  const again = await cluster.flink('run', '-s', path, '-p', '3', ...counting('goes-on', 1))
  t.match(again, { code: 0, stderr: /FINISHED/ })
  // The text output goes on under the new path with all of its lines.
  t.strictSame(linesOf('goes-on').sort(), [...EXPECTED].sort())
  t.equal(linesOf('stopped').length, before, 'what the stopped job has written is left alone')
  const restored = await cluster.rest.checkpoints(/JobID (\S+)/.exec(again.stdout)![1]!)
  t.match(restored.latest.restored, { is_savepoint: true, external_path: path })

  await t.test(
    'state that no operator takes is refused by name, and left out with -n',
    async (t) => {
      const wide = await running(50, ...counting('wide', 60, '--checked'))
      const { stdout } = await cluster.flink('stop', '-p', folder('savepoints'), wide)
      const words = ['-s', pathIn(stdout), ...counting('narrow', 1)]
      const refused = await cluster.flink('run', ...words)
      t.match(refused, { code: 1, stderr: /\[FLINK_RESTORE_REFUSED\].*flink run -n/s })
      t.match(refused.stderr, /checked/, 'the operator is named')
      t.strictSame(linesOf('narrow'), [])
      t.match(await cluster.flink('run', '-n', ...words), { code: 0 })
      t.strictSame([...linesOf('wide'), ...linesOf('narrow')].sort(), [...EXPECTED].sort())
    },
  )

  await t.test('flink savepoint -d removes it', async (t) => {
    const dispose = await cluster.flink('savepoint', '-d', path)
    t.match(dispose, { code: 0, stdout: `Savepoint '${path}' disposed.\n` })
    t.notOk(existsSync(path))
    const gone = await cluster.flink('run', '-s', path, ...counting('gone', 1))
    t.match(gone, { code: 1, stderr: /\[FLINK_CHECKPOINT_NOT_FOUND\]/ })
  })
})

t.test('flink savepoint, checkpoint and cancel -s; REST shows what was taken', async (t) => {
  const jobId = await running(200, '-p', '2', ...counting('cancelled', 180))
  const savepoint = await cluster.flink('savepoint', jobId, folder('savepoints'))
  t.equal(savepoint.code, 0)
  const path = pathIn(savepoint.stdout)
  const checkpoint = await cluster.flink('checkpoint', jobId)
  t.match(checkpoint, { code: 0, stdout: new RegExp(`Checkpoint \\d+ for job ${jobId} completed`) })
  const id = Number(/Checkpoint (\d+)/.exec(checkpoint.stdout)![1])

  const { latest, counts } = await cluster.rest.checkpoints(jobId)
  t.match(latest.savepoint, { status: 'COMPLETED', external_path: path, is_savepoint: true })
  t.ok(counts.completed >= 2 && counts.failed === 0)
  const details = await cluster.rest.checkpointDetails(jobId, id)
  t.match(details, { id, status: 'COMPLETED', num_subtasks: 4, num_acknowledged_subtasks: 4 })

  const unnamed = await cluster.flink('savepoint', jobId)
  t.match(unnamed.stderr, /Config key \[execution.checkpointing.savepoint-dir\] is not set/)

  const cancel = await cluster.flink('cancel', '-s', folder('savepoints'), jobId)
  t.equal(cancel.code, 0)
  const last = pathIn(cancel.stdout)
  await cluster.untilStatus(jobId, 'CANCELED')
  t.not(last, path)
  t.match((await cluster.rest.checkpoints(jobId)).latest.savepoint, { external_path: last })

  const again = await cluster.flink('run', '-s', last, '-p', '1', ...counting('after-cancel', 1))
  t.match(again, { code: 0 })
  const counted = new Set([...linesOf('cancelled'), ...linesOf('after-cancel')])
  t.strictSame([...counted].sort(), [...EXPECTED].sort())
})

t.test('flink stop --drain ends the job; a job that nobody knows cannot be stopped', async (t) => {
  const jobId = await running(200, ...counting('drained', 120))
  const stop = await cluster.flink('stop', '--drain', '-p', folder('savepoints'), jobId)
  t.match(stop, { code: 0, stdout: `Draining job "${jobId}" with a CANONICAL savepoint.\n` })
  t.equal((await cluster.rest.jobDetails(jobId)).state, 'FINISHED')
  const unknown = await cluster.flink('stop', '-p', folder('savepoints'), jobId)
  t.match(unknown, { code: 1, stderr: /Could not find Flink job/ })
})
