import { SeededRandom } from '@flink-ts/core'
import type { StreamExecutionEnvironment } from '@flink-ts/streaming'
import t from 'tap'
import { readLines, writeFile } from './files-of-cluster.js'
import { record, withCluster } from './testing-cluster.js'

const STREAMING = { 'execution.runtime-mode': 'STREAMING' }
const BATCH = { 'execution.runtime-mode': 'BATCH' }

/** Words with a few letters beyond ASCII, between all sorts of other characters. */
function makeText(words: number): string {
  const random = new SeededRandom(42)
  let text = ''
  for (let i = 0; i < words; i++) {
    const word = ['Zeit', 'größe', 'Ёлка', 'x2', 'THE', 'the', 'naïve'][random.nextInt(7)]!
    const number = random.nextInt(3) === 0 ? '' : String(random.nextInt(40))
    text += word + number + [' ', ', ', '\n', ' -- ', '\t'][random.nextInt(5)]!
  }
  return text
}

/** Counts character by character, in another way than the program does. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  let word = ''
  for (const character of `${text.toLowerCase()} `) {
    if (/\p{L}|\p{N}/u.test(character)) word += character
    else if (word !== '') {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      word = ''
    }
  }
  return counts
}

function wordCount(env: StreamExecutionEnvironment, input: string, output: string): void {
  env
    .readTextFile(input)
    .flatMap((line: string) => line.toLowerCase().match(/[\p{L}\p{N}]+/gu))
    .map((word) => ({ word, count: 1 }))
    .keyBy((r) => r.word)
    .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
    .map(({ word, count }) => `${word}\t${count}`)
    .writeAsText(output)
}

t.test('MiniCluster: WordCount equals an independent count', async (t) => {
  const text = makeText(20_000)
  const expected = countWords(text)
  for (const numberOfTaskManagers of [1, 2]) {
    await withCluster(
      t,
      {
        numberOfTaskManagers,
        numberOfTaskSlotsPerTaskManager: 4 / numberOfTaskManagers,
      },
      async ({ cluster, files }) => {
        await writeFile(files, '/in.txt', text)
        for (const parallelism of [1, 2, 4]) {
          for (const [mode, keys] of Object.entries({ streaming: STREAMING, batch: BATCH })) {
            const what = `${mode}, parallelism ${parallelism}, ${numberOfTaskManagers} TaskManagers`
            const output = `/out-${mode}-${parallelism}`
            const job = await cluster.submitJob(
              await record(
                (env) =>
                  wordCount(
                    env.setParallelism(parallelism),
                    'memory:///in.txt',
                    `memory://${output}`,
                  ),
                keys,
              ),
            )
            const result = await job.result()
            t.equal(result.jobName, 'test job', what)
            const lines = await readLines(files, output, { withHidden: true })
            const last = new Map(
              lines.map((line) => [line.split('\t')[0]!, Number(line.split('\t')[1])]),
            )
            t.strictSame(sorted(last), sorted(expected), what)
            const total = [...expected.values()].reduce((a, b) => a + b)
            t.equal(lines.length, mode === 'batch' ? expected.size : total, `lines: ${what}`)
          }
        }
      },
    )
  }
})

function sorted(counts: Map<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}
