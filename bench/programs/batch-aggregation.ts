/**
 * Sums per key in batch mode: many keys, each a few times and far apart.
 *
 *     batch-aggregation --elements N --keys K --parallelism P --counts FOLDER
 */
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'
import { CountingSink } from './counting-sink.js'

/** A prime: successive elements go all over the keys. */
const STEP = 7_368_787

const params = ParameterTool.fromArgs(process.argv.slice(2))
const keys = params.getInt('keys')

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setParallelism(params.getInt('parallelism')).setRuntimeMode('BATCH')
env
  .fromSequence(0, params.getInt('elements') - 1)
  .map((i) => ({ key: `key ${(i * STEP) % keys}`, count: 1 }))
  .name('elements')
  .keyBy((r) => r.key)
  .sum('count')
  .name('sum')
  .sinkTo(new CountingSink(params.getRequired('counts')))
  .name('discard')
await env.execute('batch aggregation')
