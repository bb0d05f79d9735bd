/**
 * Counts words of lines that are made in memory: no file, no parsing beyond the split.
 *
 *     word-count --lines N --parallelism P --mode streaming|batch --counts FOLDER
 */
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'
import { zipfLines } from '../text/zipf-lines.mjs'
import { CountingSink } from './counting-sink.js'

/** Lines that differ; they come again and again. */
const DIFFERENT = 100_000

const params = ParameterTool.fromArgs(process.argv.slice(2))
const lines = params.getInt('lines')
const parallelism = params.getInt('parallelism')
const batch = params.getRequired('mode') === 'batch'

// Made by the first record of each task thread, not while the program is traced.
let table: string[] | undefined

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setParallelism(parallelism).setRuntimeMode(batch ? 'BATCH' : 'STREAMING')
env
  .fromSequence(0, lines - 1)
  .map((i) => {
    table ??= zipfLines(DIFFERENT)
    return table[i % DIFFERENT]!
  })
  .name('lines')
  // biome-ignore lint/suspicious/useIterableCallbackReturn: what it answers goes into `out`
  .flatMap((line, out) => {
    let from = 0
    for (let to = line.indexOf(' '); to >= 0; to = line.indexOf(' ', from)) {
      out.collect({ word: line.slice(from, to), count: 1 })
      from = to + 1
    }
    out.collect({ word: line.slice(from), count: 1 })
  })
  .name('split')
  .keyBy((r) => r.word)
  .sum('count')
  .name('sum')
  .sinkTo(new CountingSink(params.getRequired('counts')))
  .name('discard')
await env.execute('word count')
