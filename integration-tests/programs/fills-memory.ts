/**
 * Fills the heap of its tasks: `value` state of ever more keys, `list` state of a thousand keys, one `hot` list, or `once`,
 * an array that is larger than the heap, in the first attempt only. A number may follow: the parallelism, else 1.
 */
import type { ListState, RuntimeContext, ValueState } from '@flink-ts/core'
import { type KeyedProcessContext, StreamExecutionEnvironment } from '@flink-ts/streaming'

const kind = process.argv[2]!
const count = kind === 'once' ? 1000 : 1e9
const parallelism = Number(process.argv[3] ?? 1)
const keys = { value: 1e9, list: 1000, hot: 1, once: 1 }[kind]!

class Fill {
  #value!: ValueState<{ i: number; text: string }>
  #list!: ListState<[number, string]>
  #allocates = false

  open(context: RuntimeContext): void {
    this.#value = context.getState({ name: 'value' })
    this.#list = context.getListState({ name: 'list' })
    this.#allocates = kind === 'once' && context.attemptNumber === 0
  }

  processElement(i: number, _context: KeyedProcessContext<number>): void {
    if (kind === 'value') this.#value.update({ i, text: `some text ${i}` })
    else this.#list.add([i, `element ${i}`])
    if (this.#allocates) new Array(64 * 2 ** 20).fill(i)
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .setRuntimeMode('STREAMING')
  .setParallelism(parallelism)
  .fromSequence(0, count)
  .keyBy((i) => i % keys)
  .process(new Fill())
  .name('fill')
  .print()
await env.execute(`fill ${kind}`)
