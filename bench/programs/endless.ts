import { StreamExecutionEnvironment } from '@flink-ts/streaming'

/** Runs until it is cancelled and takes hardly any CPU. */
const env = StreamExecutionEnvironment.getExecutionEnvironment().setRuntimeMode('STREAMING')
const pause = new Int32Array(new SharedArrayBuffer(4))

env
  .fromSequence(1, Number.MAX_SAFE_INTEGER - 1)
  .filter(() => {
    Atomics.wait(pause, 0, 0, 20)
    return false
  })
  .print()

await env.execute('endless')
