import type { Clock } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  readTaskTimes,
  TASK_TIME_BYTES,
  type TaskActivity,
  TaskTime,
  TaskTimeMeter,
  type TaskTimes,
} from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'

const nothing: TaskTimes = {
  busy: 0,
  idle: 0,
  softBackPressured: 0,
  hardBackPressured: 0,
  current: undefined,
}

t.test(
  'TaskTime is read up to now while the task sleeps, by a clock of another origin',
  async (t) => {
    // Clocks of threads begin with their threads; the wall clock is one.
    const reader = new ManualClock(1_000_000)
    const writer: Clock = {
      now: () => reader.now(),
      monotonicNow: () => reader.monotonicNow() - 999_000,
      schedule: () => () => {},
    }
    const memory = new SharedArrayBuffer(8 + TASK_TIME_BYTES)
    const advance = (ms: number) => reader.advance(ms)
    const read = () => readTaskTimes(reader, memory, 8)!
    t.strictSame(read(), nothing)
    advance(50)
    const time = new TaskTime(writer, memory, 8)
    t.strictSame(read(), nothing)
    time.enter('busy')
    advance(10)
    t.strictSame(read(), { ...nothing, busy: 10, current: 'busy' })
    time.enter('idle')
    advance(5)
    time.enter('idle')
    advance(5)
    t.strictSame(read(), { ...nothing, busy: 10, idle: 10, current: 'idle' })
    t.equal(time.accumulatedMs('idle'), 10)
    time.enter('softBackPressured')
    advance(3)
    time.enter(undefined)
    advance(100)
    t.strictSame(read(), { ...nothing, busy: 10, idle: 10, softBackPressured: 3 })
  },
)

t.test(
  'TaskTime.whileBlocked counts hard backpressure, whatever the end of the wait',
  async (t) => {
    const clock = new ManualClock()
    const time = new TaskTime(clock)
    const outcomes: (boolean | Error)[] = [true, new Error('cancelled')]
    const strategy = time.whileBlocked({
      await() {
        t.equal(time.activity, 'hardBackPressured')
        clock.advance(7)
        const outcome = outcomes.shift()!
        if (outcome instanceof Error) throw outcome
        return outcome
      },
    })
    time.enter('busy')
    clock.advance(2)
    t.equal(
      strategy.await(undefined as never, () => true),
      true,
    )
    t.equal(time.activity, 'busy')
    t.throws(() => strategy.await(undefined as never, () => true), { message: 'cancelled' })
    t.equal(time.accumulatedMs('hardBackPressured'), 14)
    t.equal(time.accumulatedMs('busy'), 2)
  },
)

t.test('TaskTimeMeter: busy, idle and back-pressured time add up to a second', async (t) => {
  const activity = fc.constantFrom<TaskActivity>(
    'busy',
    'idle',
    'softBackPressured',
    'hardBackPressured',
  )
  const steps = fc.array(
    fc.record({ activity, ms: fc.integer({ min: 1, max: 8000 }), asked: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
  )
  const property = fc.property(steps, (sequence) => {
    const clock = new ManualClock()
    const memory = new ArrayBuffer(TASK_TIME_BYTES)
    const time = new TaskTime(clock, memory)
    const meter = new TaskTimeMeter()
    return sequence.every((step) => {
      time.enter(step.activity)
      clock.advance(step.ms)
      if (!step.asked) return true
      const rates = meter.update(clock.monotonicNow(), readTaskTimes(clock, memory, 0)!)
      const sum =
        rates.busyTimeMsPerSecond + rates.idleTimeMsPerSecond + rates.backPressuredTimeMsPerSecond
      const parts = Object.values(rates)
      return Math.abs(sum - 1000) < 1e-6 && parts.every((ms) => ms >= -1e-6 && ms <= 1000.000001)
    })
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test(
  'TaskTimeMeter tells of the last seconds, and nothing of a task that does not run',
  async (t) => {
    const meter = new TaskTimeMeter()
    t.equal(meter.update(0, nothing).busyTimeMsPerSecond, 0)
    const busy = { ...nothing, current: 'busy' as const }
    t.equal(meter.update(1000, { ...busy, busy: 1000 }).busyTimeMsPerSecond, 1000)
    const idle = { ...nothing, busy: 1000, current: 'idle' as const }
    t.equal(meter.update(2000, { ...idle, idle: 1000 }).busyTimeMsPerSecond, 500)
    for (let s = 2; s <= 7; s++) meter.update(1000 + s * 1000, { ...idle, idle: s * 1000 })
    t.match(meter.update(9000, { ...idle, idle: 8000 }), {
      busyTimeMsPerSecond: 0,
      idleTimeMsPerSecond: 1000,
    })
    t.match(meter.update(9100, { ...nothing, busy: 1000, idle: 8000 }), {
      busyTimeMsPerSecond: 0,
      idleTimeMsPerSecond: 0,
    })
  },
)
