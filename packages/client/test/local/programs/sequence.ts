/** Run as a process by the tests: what its first argument says. */
import { writeSync } from 'node:fs'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const env = StreamExecutionEnvironment.getExecutionEnvironment()
const numbers = env.fromSequence(1, 4)

switch (process.argv[2]) {
  case 'prints':
    numbers.map((n) => n * n).print()
    console.log((await env.execute('first')).jobName)
    env.fromElements('again').print()
    await env.execute('second')
    break
  case 'fails':
    numbers
      .map((n) => {
        if (n === 3) throw new RangeError('three is refused')
        return n
      })
      .name('picky')
      .print()
    await env.execute()
    break
  case 'fails-unnoticed':
    numbers
      .map(() => {
        throw new RangeError('nobody waits')
      })
      .print()
    await env.executeAsync()
    break
  case 'loops':
    numbers
      .map((n) => {
        writeSync(1, 'running\n')
        for (;;) Math.sqrt(n)
      })
      .print()
    await env.execute()
    break
  case 'endless':
    env
      .fromSequence(1, Number.MAX_SAFE_INTEGER - 1)
      .map((n) => {
        if (n === 100_000) console.log('running')
        return n
      })
      .filter(() => false)
      .print()
    await env.execute()
    console.log('not reached')
}
