/** Run as a process by the tests: what its first argument says. */
import { writeSync } from 'node:fs'
import { Types } from '@flink-ts/core'
import { SlotSharingGroup, StreamExecutionEnvironment } from '@flink-ts/streaming'

class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }

  toString(): string {
    return `${this.cents} cents`
  }
}

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
  case 'resources':
    numbers
      .slotSharingGroup(
        SlotSharingGroup.newBuilder('large')
          .setCpuCores(3)
          .setTaskHeapMemoryMB(5_000)
          .setManagedMemoryMB(700)
          .build(),
      )
      .print()
      .slotSharingGroup('default')
    await env.execute()
    break
  case 'types':
    env.getConfig().registerTypeWithSerializer(Money, {
      name: 'money',
      toData: (money) => money.cents,
      fromData: (cents) => new Money(cents as number),
    })
    numbers
      .map((n) => ({ key: `k${n % 2}`, price: new Money(n) }))
      .keyBy((r) => r.key)
      .reduce((a, b) => ({ key: a.key, price: new Money(a.price.cents + b.price.cents) }))
      .map(({ key, price }) => ({ key, text: `${price}` }))
      .returns(Types.object({ key: Types.string, text: Types.string }))
      .keyBy((r) => r.key)
      .map((r) => `${r.key}: ${r.text}`)
      .returns(Types.string)
      .rebalance()
      .print()
    await env.execute()
    break
  case 'mismatch':
    numbers
      .map((n) => ({ n: n === 3 ? 0.5 : n }))
      .name('halves')
      .returns(Types.object({ n: Types.int }))
      .rebalance()
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
