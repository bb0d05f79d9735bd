import { StreamExecutionEnvironment } from '@flink-ts/streaming'

interface Order {
  readonly id: number
  readonly customer?: { readonly name: string }
}

const orders: Order[] = [{ id: 1, customer: { name: 'Ann' } }, { id: 2 }]

function nameOf(order: Order): string {
  if (order.customer === undefined) throw new RangeError(`order ${order.id} has no customer`)
  return order.customer.name
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromCollection(orders).map(nameOf).name('names').print()
await env.execute('throws')
