/**
 * Counts the words of a text: a word is a run of letters and digits, in lower case.
 *
 *     wordcount --input PATH [--output PATH] [--execution-mode streaming|batch]
 *
 * In streaming mode (the default) each word that is read gives a line with its count so far, in batch mode
 * each word gives one line with its final count: the word, a tab and the count. Without --output the lines
 * are printed.
 */
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'

const params = ParameterTool.fromArgs(process.argv.slice(2))
const input = params.getRequired('input')
const mode = params.get('execution-mode', 'streaming').toUpperCase()

const env = StreamExecutionEnvironment.getExecutionEnvironment()
if (mode !== 'STREAMING' && mode !== 'BATCH') {
  throw new Error(`Cannot use --execution-mode ${mode.toLowerCase()}: expected streaming or batch`)
}
env.setRuntimeMode(mode)

const counts = env
  .readTextFile(input)
  .name('lines')
  .flatMap((line) => line.toLowerCase().match(/[\p{L}\p{N}]+/gu))
  .name('tokenize')
  .map((word) => ({ word, count: 1 }))
  .name('ones')
  .keyBy((r) => r.word)
  .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
  .name('count')
  .map(({ word, count }) => `${word}\t${count}`)
  .name('format')

if (params.has('output')) counts.writeAsText(params.getRequired('output')).name('counts')
else counts.print()

await env.execute('WordCount')
