import { StreamExecutionEnvironment } from '@flink-ts/streaming'

/** Records that hold instances of a class travel between task threads. */
class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  plus(other: Money): Money {
    return new Money(this.cents + other.cents)
  }
}

const [, , output] = process.argv
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setRuntimeMode('BATCH')
env.getConfig().registerTypeWithSerializer(Money, {
  name: 'money',
  toData: (money) => money.cents,
  fromData: (cents) => new Money(cents as number),
})
env
  .fromSequence(1, 100)
  .map((n) => ({ key: `k${n % 2}`, price: new Money(n), all: new Map([[n, [new Money(1)]]]) }))
  .keyBy((r) => r.key)
  .reduce((a, b) => ({
    key: a.key,
    price: a.price.plus(b.price),
    all: new Map([...a.all, ...b.all]),
  }))
  .keyBy((r) => r.key)
  .map(({ key, price, all }) => {
    const ones = [...all.values()].flat().reduce((a, b) => a.plus(b))
    return `${key} ${price.cents} ${ones.cents}`
  })
  .writeAsText(output!)
await env.execute('classes in records')
