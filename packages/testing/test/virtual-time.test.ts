import { SeededRandom } from '@flink-ts/core'
import { ProcessClock, VirtualTime } from '@flink-ts/testing'
import fc from 'fast-check'
import t from 'tap'

t.test('VirtualTime runs events by time, then in the order of their scheduling', async (t) => {
  const delays = fc.array(fc.record({ delay: fc.nat(20), cancelled: fc.boolean() }))
  await fc.assert(
    fc.asyncProperty(delays, async (events) => {
      const time = new VirtualTime()
      const ran: number[] = []
      const cancels = events.map(({ delay }, i) => time.schedule(delay, () => void ran.push(i)))
      for (const [i, { cancelled }] of events.entries()) if (cancelled) cancels[i]!()
      const outcome = await time.run()
      const expected = events
        .map(({ delay, cancelled }, i) => ({ delay, cancelled, i }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.delay - b.delay || a.i - b.i)
      t.same(
        ran,
        expected.map(({ i }) => i),
      )
      t.equal(outcome, 'IDLE')
      t.equal(time.pendingEvents, 0)
    }),
    { numRuns: 50 },
  )
})

t.test('VirtualTime runs all promise jobs of an event before the next event', async (t) => {
  const time = new VirtualTime()
  const order: string[] = []
  const awaitMuch = async () => {
    for (let i = 0; i < 100; i++) await undefined
    await new Promise<void>((resolve) => process.nextTick(resolve))
    order.push('promise jobs of the first')
  }
  time.schedule(1, () => void awaitMuch())
  time.schedule(1, () => void order.push('second'))
  await time.run()
  t.same(order, ['promise jobs of the first', 'second'])
})

t.test('VirtualTime.run ends at its condition, at its deadline, and with an error', async (t) => {
  const time = new VirtualTime()
  let count = 0
  const tick = () => {
    count++
    time.schedule(10, tick)
  }
  tick()
  t.equal(await time.run({ until: () => count === 3 }), 'CONDITION')
  t.equal(time.now(), 20)
  t.equal(await time.run({ deadlineMs: 25 }), 'DEADLINE')
  t.equal(time.now(), 25, 'time stands at the deadline')
  time.schedule(1, () => {
    throw new Error('broken')
  })
  await t.rejects(time.run(), /broken/)
  time.schedule(1, () => time.fail(new Error('failed')))
  await t.rejects(time.run(), /failed/)
  t.equal(await time.run({ deadlineMs: 100 }), 'DEADLINE', 'it can go on')
})

t.test('VirtualTime finds a livelock', async (t) => {
  const time = new VirtualTime({ maxEventsPerInstant: 100 })
  const again = () => void time.schedule(0, again)
  again()
  await t.rejects(time.run(), /livelock: more than 100 events at 0 ms/)
})

t.test('VirtualTime: errors have stacks after a run as before', async (t) => {
  const limit = Error.stackTraceLimit
  const time = new VirtualTime()
  let stack: string | undefined
  time.schedule(0, () => {
    stack = new Error('inside').stack
  })
  await time.run()
  t.equal(stack, 'Error: inside')
  t.equal(Error.stackTraceLimit, limit)
})

t.test('ProcessClock: wall clock apart, jumps, and a kill that no timer survives', async (t) => {
  const time = new VirtualTime()
  const clock = new ProcessClock(time, 1_000)
  const ran: string[] = []
  clock.schedule(5, () => void ran.push('early'))
  clock.schedule(50, () => void ran.push('late'))
  await time.run({ deadlineMs: 10 })
  clock.jump(-500)
  t.equal(clock.now(), 510)
  t.equal(clock.monotonicNow(), 10)
  t.equal(clock.pendingTimers.length, 1)
  clock.kill()
  clock.schedule(1, () => void ran.push('after the kill'))
  await time.run()
  t.same(ran, ['early'])
  t.equal(clock.pendingTimers.length, 0)
})

t.test('SeededRandom is the only chance of two equal runs', async (t) => {
  const draw = async () => {
    const time = new VirtualTime()
    const random = new SeededRandom(3)
    const order: number[] = []
    for (let i = 0; i < 50; i++) time.schedule(random.nextInt(10), () => void order.push(i))
    await time.run()
    return order
  }
  t.same(await draw(), await draw())
})
