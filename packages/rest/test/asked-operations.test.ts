import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { AskedOperations } from '../dist/server/asked-operations.js'
import { startServer } from './start-server.js'

const TRIGGER_ID = 'e'.repeat(32)

/** Whether a promise has been resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

t.test('AskedOperations waits for who asked lately, until told, and not for ever', async (t) => {
  const clock = new ManualClock()
  const operations = new AskedOperations(clock)
  t.ok(await isDone(operations.whenAllAreTold()), 'nobody asked')

  operations.told('a', false)
  operations.told('b', false)
  const told = operations.whenAllAreTold()
  operations.told('a', true)
  t.notOk(await isDone(told), 'b asks')
  operations.told('b', true)
  t.ok(await isDone(told))

  operations.told('c', false)
  const left = operations.whenAllAreTold()
  clock.advance(2499)
  t.notOk(await isDone(left))
  clock.advance(1)
  t.ok(await isDone(left), 'c does not ask again')

  operations.told('d', false)
  clock.advance(2501)
  t.ok(await isDone(operations.whenAllAreTold()), 'd has not asked for long')
  operations.told('e', true)
  t.ok(await isDone(operations.whenAllAreTold()), 'over at once')
})

t.test(
  'RestServerEndpoint.close: who waits for a savepoint that ends the cluster is told',
  async (t) => {
    let status: 'IN_PROGRESS' | 'COMPLETED' = 'IN_PROGRESS'
    let asks = 0
    let asked = () => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const { server, client } = await startServer(t, {
      dispatcher: {
        requestTriggeredOperation: () => {
          if (++asks === 2) asked()
          return { status, ...(status === 'COMPLETED' && { location: '/savepoint' }) }
        },
      },
    })
    const savepoint = client.savepoint('1'.repeat(32), TRIGGER_ID)
    await isAsked
    const closed = server.close()
    status = 'COMPLETED'
    t.equal(await savepoint, '/savepoint')
    await closed
  },
)
