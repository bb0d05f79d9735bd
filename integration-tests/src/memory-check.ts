/**
 * Whether memory is independent of the size of the input: WordCount reads 20 MB and 200 MB of the same words, each on
 * a cluster of its own, and no process may need more than 1.1 times as much for the larger one. It takes some minutes:
 * `node integration-tests/dist-test/memory-check.js [streaming|batch]`.
 */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isAlive, peakResidentKb } from './support/processes.js'
import { PROJECT_FOLDER, TestCluster } from './support/test-cluster.js'
import { generateText } from './support/words.js'

const WORD_COUNT = join(PROJECT_FOLDER, 'packages/examples/src/wordcount.ts')
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

for (const mode of process.argv[2] === undefined ? ['streaming', 'batch'] : [process.argv[2]]) {
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
