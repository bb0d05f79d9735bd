import { IntCounter, ListAccumulator, type RuntimeContext } from '@flink-ts/core'
import { ParameterTool, StreamExecutionEnvironment } from '@flink-ts/streaming'

/** By a clock that is not frozen while main() runs. */
function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

class Gathering {
  #odd = new IntCounter()
  readonly #squares = new ListAccumulator<number>()

  open(context: RuntimeContext) {
    this.#odd = context.getIntCounter('odd')
    context.addAccumulator('squares', this.#squares)
  }

  map(n: number) {
    this.#odd.add(n % 2)
    this.#squares.add(n * n)
    return n
  }
}

/** Ends as `--mode` says. */
export async function main(args: string[]) {
  const params = ParameterTool.fromArgs(args)
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  const numbers = env.fromSequence(1, 5)
  switch (params.get('mode', 'gathers')) {
    case 'gathers':
      numbers.map(new Gathering()).print()
      await env.execute('gathers')
      return
    case 'fails':
      numbers
        .map((n) => {
          throw new RangeError(`no ${n}`)
        })
        .print()
      await env.execute('fails')
      return
    case 'throws':
      throw new RangeError('main is wrong')
    case 'nothing':
      return
    case 'exits':
      process.exit(0)
      return
    case 'twice':
      numbers.print()
      await env.execute('first')
      env.fromElements(1).print()
      await env.execute('second')
      return
    case 'endless':
      env
        .fromSequence(1, 2 ** 50)
        .filter(() => false)
        .print()
      await env.execute('endless')
      return
    case 'spins': {
      numbers
        .map((n) => {
          if (n === 1) spin(8000)
          return n
        })
        .print()
      const client = await env.executeAsync('spins')
      spin(8000)
      await client.getJobExecutionResult()
      return
    }
    case 'spinsForEver':
      for (;;) spin(1000)
  }
}
