import { ManualClock } from '@flink-ts/core/testing'
import { MainThreadExecutor } from '@flink-ts/rpc'
import t from 'tap'

function createExecutor() {
  const clock = new ManualClock()
  const fatal: unknown[] = []
  const executor = new MainThreadExecutor({
    name: 'test',
    clock,
    onFatalError: (error) => fatal.push(error),
  })
  return { clock, fatal, executor }
}

t.test('MainThreadExecutor runs actions in order and never before execute returns', async (t) => {
  const { executor } = createExecutor()
  const seen: string[] = []

  executor.execute(() => {
    seen.push('a')
    executor.execute(() => void seen.push('from a'))
  })
  executor.execute(() => void seen.push('b'))
  seen.push('caller')
  await executor.call(() => seen.push('call'))

  t.same(seen, ['caller', 'a', 'b', 'call', 'from a'])
})

t.test('MainThreadExecutor hands results and errors of call to its caller only', async (t) => {
  const { executor, fatal } = createExecutor()

  t.equal(await executor.call(async () => 5), 5)
  await t.rejects(
    executor.call(() => {
      throw new Error('sync')
    }),
    { message: 'sync' },
  )
  await t.rejects(
    executor.call(async () => {
      throw new Error('async')
    }),
    { message: 'async' },
  )
  t.same(fatal, [])
})

t.test(
  'MainThreadExecutor passes what an action throws to the fatal-error handler and goes on',
  async (t) => {
    const { executor, fatal } = createExecutor()

    executor.execute(() => {
      throw new Error('sync')
    })
    executor.execute(async () => {
      throw new Error('async')
    })
    t.equal(await executor.call(() => 'alive'), 'alive')

    t.same(
      fatal.map((error) => (error as Error).message),
      ['sync', 'async'],
    )
  },
)

t.test('MainThreadExecutor runs scheduled actions in their turn unless cancelled', async (t) => {
  const { executor, clock } = createExecutor()
  const seen: string[] = []
  executor.schedule(20, () => void seen.push('late'))
  executor.schedule(10, () => void seen.push('early'))
  const cancel = executor.schedule(10, () => void seen.push('cancelled when due'))
  executor.schedule(5, () => void seen.push('cancelled before'))()

  clock.advance(20)
  cancel()
  await executor.call(() => {})

  t.same(seen, ['early', 'late'])
  t.equal(clock.pendingTimers, 0)
})

t.test(
  'MainThreadExecutor drops actions, cancels timers and rejects calls when closed',
  async (t) => {
    const { executor, clock } = createExecutor()
    const seen: string[] = []
    executor.execute(() => executor.close())
    executor.execute(() => void seen.push('after close'))
    executor.schedule(10, () => void seen.push('timer'))
    const waiting = executor.call(() => seen.push('call'))

    await t.rejects(waiting, { code: 'FLINK_RPC_ENDPOINT_CLOSED' })
    await t.rejects(
      executor.call(() => {}),
      { code: 'FLINK_RPC_ENDPOINT_CLOSED' },
    )
    executor.execute(() => void seen.push('execute'))
    executor.schedule(1, () => void seen.push('schedule'))
    clock.advance(100)
    await Promise.resolve()

    t.same(seen, [])
    t.equal(clock.pendingTimers, 0)
    t.ok(executor.isClosed)
  },
)
