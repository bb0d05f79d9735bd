/**
 * Counts the words that come over a TCP connection, for as long as it lasts.
 *
 *     socket-word-count --port PORT [--hostname HOST]
 *
 * Start a server first (`nc -l PORT`) and type into it: each word gives a line with its count so far.
 */
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'

const params = ParameterTool.fromArgs(process.argv.slice(2))
const hostname = params.get('hostname', 'localhost')
const port = params.getInt('port')

const env = StreamExecutionEnvironment.getExecutionEnvironment()

env
  .socketTextStream(hostname, port)
  .name('lines')
  .flatMap((line) => line.toLowerCase().match(/[\p{L}\p{N}]+/gu))
  .name('tokenize')
  .map((word) => ({ word, count: 1 }))
  .name('ones')
  .keyBy((r) => r.word)
  .sum('count')
  .name('count')
  .map(({ word, count }) => `${word}: ${count}`)
  .name('format')
  .print()

await env.execute('Socket Word Count')
