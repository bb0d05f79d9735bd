import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '@flink-ts/core'

const SYLLABLES = ['ka', 'lo', 'mé', 'ßu', 'ni', 'da', 'Ré', 'ÖL', 'wa', 'x9', 'то', '漢']
const SEPARATORS = [' ', ' ', ' ', ', ', '. ', ' — ', "'", '\t']

/** Lines of words of several scripts, some words often and most seldom; the same for the same seed. */
export function generateText(seed: number, lines: number): string {
  const random = new SeededRandom(seed)
  const syllable = () => SYLLABLES[random.nextInt(SYLLABLES.length)]!
  const text: string[] = []
  for (let line = 0; line < lines; line++) {
    let words = ''
    for (let n = random.nextInt(12); n > 0; n--) {
      const length = 1 + random.nextInt(1 + random.nextInt(4))
      for (let i = 0; i < length; i++) words += syllable()
      words += SEPARATORS[random.nextInt(SEPARATORS.length)]
    }
    text.push(words)
  }
  return `${text.join('\n')}\n`
}

/** How often each word occurs, by sorting. */
export function countWords(text: string): Map<string, number> {
  const words = text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .sort()
  const counts = new Map<string, number>()
  for (let from = 0; from < words.length; ) {
    let to = from
    while (to < words.length && words[to] === words[from]) to++
    counts.set(words[from]!, to - from)
    from = to
  }
  return counts
}

/** The sorted lines that WordCount has to write in batch mode. */
export function finalCounts(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([word, count]) => `${word}\t${count}`).sort()
}

/** The sorted lines that WordCount has to write in streaming mode: each count on the way. */
export function runningCounts(counts: ReadonlyMap<string, number>): string[] {
  return [...counts]
    .flatMap(([word, count]) => Array.from({ length: count }, (_, i) => `${word}\t${i + 1}`))
    .sort()
}

/** The sorted lines of an output: a file, or the files of a folder. */
export function outputLines(path: string): string[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path).map((name) => join(path, name))
    : [path]
  return files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line !== '')
    .sort()
}
