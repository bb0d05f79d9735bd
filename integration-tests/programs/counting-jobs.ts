import { IntCounter, type RuntimeContext } from '@flink-ts/core'
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'

/** Two jobs, the second of which depends on how the first ended. */
class Counting {
  #seen = new IntCounter()
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  open(context: RuntimeContext) {
    this.#seen = context.getIntCounter(this.#name)
  }

  map(n: number) {
    this.#seen.add(1)
    return n
  }
}

export async function main(args: string[]) {
  const params = ParameterTool.fromArgs(args)
  const count = params.getInt('count', 10)
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.fromSequence(1, count).map(new Counting('first')).name('count').print()
  const first = await env.execute('first')
  const seen = first.getAccumulatorResult<number>('first')!
  console.log(`first saw ${seen}`)
  env
    .fromSequence(1, seen * 2)
    .map(new Counting('second'))
    .name('count')
    .print()
  const second = await env.executeAsync('second')
  const result = await second.getJobExecutionResult()
  console.log(`second saw ${result.getAccumulatorResult<number>('second')}`)
}
