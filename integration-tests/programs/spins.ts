import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromElements(1, 2, 3)
  .map((n: number): number => {
    // Line 9 and 10 are where the thread is found.
    for (;;) {
      if (n > 5) return n
    }
  })
  .name('spin')
  .print()
await env.execute('spins for ever')
