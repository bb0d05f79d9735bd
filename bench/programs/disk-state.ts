/**
 * Keyed state that is large: each key gets a value once, then keys at random get another one in place of theirs.
 *
 *     disk-state --keys N --value-bytes B --updates U --parallelism P
 */
import { randomFillSync } from 'node:crypto'
import { type RuntimeContext, Types, type ValueState } from '@flink-ts/core'
import {
  DataGeneratorSource,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  ParameterTool,
  StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import { CountingSink } from './counting-sink.js'

const params = ParameterTool.fromArgs(process.argv.slice(2))
const keys = params.getInt('keys')
const valueBytes = params.getInt('value-bytes')
const updates = params.getInt('updates')

/** Says how often it had to look for a value that must be there and was not. */
class Holder implements KeyedProcessFunction<number, number, string> {
  #state!: ValueState<{ version: number; bytes: Uint8Array }>
  #noise = Buffer.alloc(0)

  open(context: RuntimeContext) {
    const type = Types.object({ version: Types.int, bytes: Types.bytes })
    this.#state = context.getState({ name: 'held', type })
    this.#noise = randomFillSync(Buffer.alloc(valueBytes * 64))
  }

  processElement(n: number, _: KeyedProcessContext<number>) {
    const held = n < keys ? undefined : this.#state.value()
    if (n >= keys && held?.bytes.length !== valueBytes) throw new Error(`the state of ${n} is lost`)
    const at = (n % 63) * valueBytes
    const bytes = this.#noise.subarray(at, at + valueBytes)
    this.#state.update({ version: (held?.version ?? 0) + 1, bytes })
  }
}

/** Of the numbers from `keys` on: any key. */
const keyOf = (n: number) => (n < keys ? n : Math.imul(n, 0x9e3779b1) >>> 0) % keys

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setParallelism(params.getInt('parallelism')).setRuntimeMode('STREAMING')
env
  .fromSource(new DataGeneratorSource((n) => n, keys + updates), 'numbers')
  .keyBy(keyOf)
  .process(new Holder())
  .name('hold')
  .sinkTo(new CountingSink<string>(undefined))
await env.execute('disk state')
