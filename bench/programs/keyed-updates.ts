/**
 * Updates one value of a key for each record; every key comes once within `keys` records in a row.
 *
 *     keyed-updates --keys N --records N --parallelism P --progress FOLDER
 *                   [--value-bytes B]  a value is so many bytes; default: a number
 *                   [--per-second N]   pace of each source subtask behind its first `keys` records
 *                   [--slow-us N]      the sink takes so long for a record
 */
import { randomFillSync } from 'node:crypto'
import { type Collector, type RuntimeContext, Types, type ValueState } from '@flink-ts/core'
import {
  DataGeneratorSource,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  ParameterTool,
  StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import { ProgressSink } from './progress-sink.js'

const params = ParameterTool.fromArgs(process.argv.slice(2))
const keys = params.getInt('keys')
const valueBytes = params.getInt('value-bytes', 0)
const perSecond = params.getInt('per-second', 0)
/** No multiple of it is one of a round number of keys. */
const STEP = 611_953
const parallelism = params.getInt('parallelism')

/** One subtask sees the records in order: behind the first `keys` of them each key has a value. */
function checkIsNew(n: number): void {
  if (parallelism === 1 && n >= keys) throw new Error(`the state of record ${n} is lost`)
}

class Count implements KeyedProcessFunction<number, number, number> {
  #state!: ValueState<number>

  open(context: RuntimeContext) {
    this.#state = context.getState({ name: 'held', type: Types.int })
  }

  processElement(n: number, _: KeyedProcessContext<number>, out: Collector<number>) {
    const held = this.#state.value()
    if (held === undefined) checkIsNew(n)
    this.#state.update((held ?? 0) + 1)
    out.collect(n)
  }
}

class Hold implements KeyedProcessFunction<number, number, number> {
  #state!: ValueState<{ version: number; bytes: Uint8Array }>
  #noise = Buffer.alloc(0)

  open(context: RuntimeContext) {
    const type = Types.object({ version: Types.int, bytes: Types.bytes })
    this.#state = context.getState({ name: 'held', type })
    this.#noise = randomFillSync(Buffer.alloc(valueBytes * 64))
  }

  processElement(n: number, _: KeyedProcessContext<number>, out: Collector<number>) {
    const held = this.#state.value()
    if (held === undefined) checkIsNew(n)
    const at = (n % 63) * valueBytes
    const bytes = this.#noise.subarray(at, at + valueBytes)
    this.#state.update({ version: (held?.version ?? 0) + 1, bytes })
    out.collect(n)
  }
}

let passed = 0
const never = new Int32Array(new SharedArrayBuffer(4))

/** Sleeps in pieces of about 10 ms: barriers wait no longer than that. */
function paced(n: number): number {
  const piece = Math.max(1, Math.round(perSecond / 100))
  if (perSecond > 0 && n >= keys && ++passed % piece === 0) {
    Atomics.wait(never, 0, 0, (piece * 1000) / perSecond)
  }
  return n
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setParallelism(parallelism).setRuntimeMode('STREAMING')
env
  .fromSource(new DataGeneratorSource((n) => n, params.getInt('records')), 'numbers')
  .uid('numbers')
  .map(paced)
  .uid('pace')
  .keyBy((n) => (n * STEP) % keys)
  .process(valueBytes > 0 ? new Hold() : new Count())
  .uid('hold')
  .name('hold')
  .sinkTo(new ProgressSink<number>(params.getRequired('progress'), params.getInt('slow-us', 0)))
  .uid('progress')
await env.execute('keyed updates')
