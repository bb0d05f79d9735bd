/**
 * Whether memory is independent of the size of the input: WordCount reads 20 MB and 200 MB of the same words, each on
 * a cluster of its own, and no process may need more than 1.1 times as much for the larger one. It takes some minutes:
 * `node integration-tests/dist-test/memory-check.js [streaming|batch|limits]`.
 *
 * `limits`, which is part of `batch` also: whether a TaskManager whose slots are all full, of state on the heap and then of managed memory, keeps
 * to `taskmanager.memory.process.size`.
 */
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isAlive, peakResidentKb } from './support/processes.js'
import { PROJECT_FOLDER, program, TestCluster } from './support/test-cluster.js'
import { generateText } from './support/words.js'

const WORD_COUNT = join(PROJECT_FOLDER, 'packages/examples/src/wordcount.ts')
const AGGREGATION = join(PROJECT_FOLDER, 'bench/programs/batch-aggregation.ts')
const MB = 1024 * 1024
const SMALL_MB = 20
const LARGE_MB = 200
const ALLOWED = 1.1
const SAMPLE_MS = 100

t.setTimeout(900_000)

/** Repeats one text until the file is as large as wanted, so that the words stay the same. */
function writeInput(path: string, megabytes: number): void {
  const text = Buffer.from(generateText(1, 20_000))
  const file = openSync(path, 'w')
  for (let size = 0; size < megabytes * MB; size += text.length) writeSync(file, text)
  closeSync(file)
}

/** Peak memory of each process in kB after a run over that much input. */
async function peaks(t: Test, megabytes: number, mode: string): Promise<Record<string, number>> {
  const cluster = await TestCluster.start(t, { taskManagers: 2, slots: 1 })
  const input = join(cluster.folder, 'input.txt')
  const output = join(cluster.folder, 'output')
  writeInput(input, megabytes)
  const started = performance.now()
  const command = cluster.command('flink', [
    ...['run', '-p', '2', WORD_COUNT],
    ...['--input', input, '--output', output, '--execution-mode', mode],
  ])
  let client = 0
  const sampling = setInterval(() => {
    if (isAlive(command.pid)) client = Math.max(client, peakResidentKb(command.pid))
  }, SAMPLE_MS)
  const { code, stderr } = await command.result()
  clearInterval(sampling)
  t.equal(code, 0, stderr)
  t.ok(statSync(output).size > 0)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const taskManagers = cluster.pids('taskexecutor').map(peakResidentKb)
  const result = {
    client,
    jobManager: peakResidentKb(cluster.jobManagerPid),
    taskManager: Math.max(...taskManagers),
  }
  t.comment(`${megabytes} MB, ${mode}: ${seconds} s, ${JSON.stringify(result)} kB`)
  await cluster.script('stop-cluster.sh')
  for (const path of [input, output]) rmSync(path, { recursive: true, force: true })
  return result
}

function ratiosOf(large: Record<string, number>, small: Record<string, number>) {
  return Object.entries(large).map(([process, kb]) => [process, kb / small[process]!] as const)
}

const [, , asked] = process.argv

for (const mode of ['streaming', 'batch'].filter((mode) => asked === undefined || mode === asked)) {
  t.test(
    `WordCount (${mode}) needs no more memory for ${LARGE_MB} MB than for ${SMALL_MB} MB`,
    async (t) => {
      const small = await peaks(t, SMALL_MB, mode)
      let ratios = ratiosOf(await peaks(t, LARGE_MB, mode), small)
      if (ratios.some(([, ratio]) => ratio > ALLOWED)) {
        t.comment(
          'measured again: the collector is sometimes late, but what grows does so each time',
        )
        ratios = ratiosOf(await peaks(t, LARGE_MB, mode), small)
      }
      for (const [process, ratio] of ratios) {
        t.ok(ratio <= ALLOWED, `${process}: ${ratio.toFixed(3)} times as much`)
      }
    },
  )
}

if (asked !== 'streaming') {
  t.test('a TaskManager with full slots keeps to its process size', async (t) => {
    const processMb = 1728
    const cluster = await TestCluster.start(t, {
      taskManagers: 1,
      configuration: {
        'taskmanager.memory.process.size': `${processMb}m`,
        'restart-strategy.type': 'none',
      },
    })
    const [pid] = cluster.pids('taskexecutor')
    const check = (what: string) => {
      const peakMb = peakResidentKb(pid!) / 1024
      t.comment(`${what}: VmHWM ${Math.round(peakMb)} MB of ${processMb} MB`)
      t.ok(peakMb <= processMb, what)
    }
    for (const kind of ['value', 'list', 'hot']) {
      const { code, stderr } = await cluster.flink('run', program('fills-memory.ts'), kind, '2')
      t.equal(code, 1)
      t.match(stderr, /ran out of memory/)
      check(`state (${kind}) until the heap is out`)
    }
    const counts = join(cluster.folder, 'counts')
    mkdirSync(counts)
    const { code, stderr } = await cluster.flink(
      ...['run', AGGREGATION, '--elements', '16000000', '--keys', '8000000'],
      ...['--parallelism', '2', '--counts', counts],
    )
    t.equal(code, 0, stderr)
    t.match(cluster.logs('taskexecutor', 'log'), /did not fit into managed memory/)
    check('an aggregation that fills managed memory')
    t.equal(isAlive(pid!), true)
  })
}
