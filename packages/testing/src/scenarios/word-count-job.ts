import assert from 'node:assert/strict'
import type { Random } from '@flink-ts/core'
import type { SimulatedProgram } from '../simulation/cluster/record-program.js'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'

const INPUT = '/in/text'
const WORDS = 'the of and a to in that it is was for on are as with his they at be this from'.split(
  ' ',
)

/** Configuration of a batch job whose tasks all run at the same time. */
export const PIPELINED: Readonly<Record<string, string>> = {
  'execution.batch-shuffle-mode': 'ALL_EXCHANGES_PIPELINED',
}

/** A WordCount job over a text of the seed, and what must come out of it. */
export interface WordCountJob {
  readonly program: SimulatedProgram
  /** @throws AssertionError if the job's output is not what an independent count says */
  check(cluster: SimulatedCluster): Promise<void>
}

/** Puts a text into the cluster's files and makes the job that counts its words into the folder `output`. */
export async function wordCountJob(
  cluster: SimulatedCluster,
  random: Random,
  options: { parallelism?: number; lines?: number; output?: string } = {},
): Promise<WordCountJob> {
  const { parallelism = 4, lines = 300, output = '/out' } = options
  const input = `${INPUT}${output}`
  const text = Array.from({ length: lines }, () =>
    Array.from({ length: 1 + random.nextInt(12) }, () => randomWord(random)).join(' '),
  )
  await cluster.writeFile(input, `${text.join('\n')}\n`)
  return {
    program: (env) => {
      env.setParallelism(parallelism).setRuntimeMode('BATCH')
      env
        .readTextFile(input)
        .flatMap((line) => line.split(' '))
        .map((word) => ({ word, count: 1 }))
        .keyBy((r) => r.word)
        .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
        .map(({ word, count }) => `${word}\t${count}`)
        .writeAsText(output, { mode: 'overwrite' })
      return env.execute('WordCount')
    },
    async check(checked) {
      const actual = (await checked.readLines(output)).sort()
      assert.deepEqual(actual, countWords(text), 'the output equals an independent count')
    },
  }
}

function countWords(text: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const word of text.join(' ').split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${word}\t${count}`).sort()
}

/** Some words are frequent, as in any text. */
function randomWord(random: Random): string {
  const index = Math.floor(random.next() ** 3 * 60)
  return WORDS[index] ?? `word${index}`
}
