/** Takes memory outside of the heap and keeps it: `fills-native MEBIBYTES`, in the first attempt only, then runs on for ever. */
import type { RuntimeContext } from '@flink-ts/core'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const mebibytes = Number(process.argv[2])

class Taking {
  readonly #taken: Buffer[] = []

  open(context: RuntimeContext): void {
    if (context.attemptNumber > 0) return
    for (let i = 0; i < mebibytes; i++) this.#taken.push(Buffer.alloc(2 ** 20, 1))
  }

  map(n: number): number {
    return n + this.#taken.length
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .setParallelism(1)
  .fromSequence(1, 2 ** 50)
  .map(new Taking())
  .name('taking')
  .filter(() => false)
  .print()
await env.execute('fills native')
