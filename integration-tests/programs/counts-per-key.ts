/**
 * Counts numbers from 0 by their last digit and writes every count that a digit reaches: `counts-per-key --numbers N
 * --rate PER_SECOND --output DIR [--checked]`. With `--checked` a stateful operator more stands behind the counting.
 */
import {
  DataGeneratorSource,
  ParameterTool,
  RateLimiterStrategy,
  StreamExecutionEnvironment,
} from '@flink-ts/streaming'

const parameters = ParameterTool.fromArgs(process.argv.slice(2))
const rate = RateLimiterStrategy.perSecond(parameters.getInt('rate'))

const env = StreamExecutionEnvironment.getExecutionEnvironment()
const counts = env
  .fromSource(new DataGeneratorSource((n) => n, parameters.getInt('numbers'), rate), 'numbers')
  .uid('numbers')
  .map((n) => ({ digit: n % 10, count: 1 }))
  .keyBy((r) => r.digit)
  .reduce((a, b) => ({ digit: a.digit, count: a.count + b.count }))
  .uid('counts')
const checked = parameters.has('checked')
  ? counts
      .keyBy((r) => r.digit)
      .max('count')
      .uid('checked')
  : counts
checked
  .map(({ digit, count }) => `${digit} ${count}`)
  .writeAsText(parameters.getRequired('output'))
  .uid('lines')
await env.execute('counts per key')
