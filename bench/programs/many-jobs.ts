import { StreamExecutionEnvironment } from '@flink-ts/streaming'

// Submits so many jobs of one task each, which run until they are cancelled and take hardly any CPU.
const jobs = Number(process.argv[2])

for (let i = 0; i < jobs; i++) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.setRuntimeMode('STREAMING')
  env.setParallelism(1)
  env
    .fromSequence(1, Number.MAX_SAFE_INTEGER - 1)
    .filter(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      return false
    })
    .print()
  await env.executeAsync(`job ${i}`)
}
