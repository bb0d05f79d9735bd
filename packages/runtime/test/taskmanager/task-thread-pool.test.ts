import type { Worker } from 'node:worker_threads'
import type { Clock } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'

interface Limits {
  readonly maxOldGenerationSizeMb: number
  readonly maxYoungGenerationSizeMb: number
}
interface Pool {
  readonly size: number
  take(limits: Limits): Worker
  expectReturn(limits: Limits): void
  close(): Promise<void>
}
// Not exported by the package.
const { TaskThreadPool } = (await import(
  new URL('../../dist/taskmanager/task-thread-pool.js', import.meta.url).href
)) as {
  TaskThreadPool: new (options: { size: number; clock: Clock; firstLimits?: Limits }) => Pool
}

const limits: Limits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 12 }
const others: Limits = { ...limits, maxOldGenerationSizeMb: 50 }

t.test(
  'TaskThreadPool gives each waiting thread away once, and makes new ones later',
  async (t) => {
    const clock = new ManualClock()
    const pool = new TaskThreadPool({ size: 2, clock, firstLimits: limits })
    t.equal(pool.size, 2, 'they wait before the first task')
    const taken = [pool.take(limits)]
    t.equal(pool.size, 1)
    taken.push(pool.take(limits))
    t.equal(pool.size, 0)
    taken.push(pool.take(limits))
    t.equal(new Set(taken).size, 3, 'a task gets a thread where none waits, too')
    clock.advance(499)
    t.equal(pool.size, 0, 'while tasks are deployed nothing is made in advance')
    clock.advance(1)
    t.equal(pool.size, 2)

    await pool.close()
    t.equal(pool.size, 0)
    clock.advance(10_000)
    t.equal(pool.size, 0)
    t.equal(clock.pendingTimers, 0)
    await Promise.all(taken.map((worker) => worker.terminate()))
  },
)

t.test('TaskThreadPool gives a task no thread with the limits of another', async (t) => {
  const clock = new ManualClock()
  const pool = new TaskThreadPool({ size: 1, clock, firstLimits: limits })
  const first = pool.take(others)
  t.match(first.resourceLimits, others)
  t.equal(pool.size, 0, 'who waits with limits that nobody has is ended')
  clock.advance(500)
  const second = pool.take(others)
  t.match(second.resourceLimits, others, 'those that wait have the limits of the latest task')
  await Promise.all([first.terminate(), second.terminate(), pool.close()])
})

t.test('TaskThreadPool of size 0 has nobody wait', async (t) => {
  const clock = new ManualClock()
  const pool = new TaskThreadPool({ size: 0, clock, firstLimits: limits })
  const worker = pool.take(limits)
  t.equal(clock.pendingTimers, 0)
  t.equal(pool.size, 0)
  await Promise.all([worker.terminate(), pool.close()])
})

t.test('TaskThreadPool has a thread wait for each task that should come back', async (t) => {
  const clock = new ManualClock()
  const pool = new TaskThreadPool({ size: 1, clock, firstLimits: limits })
  const until = async (size: number) => {
    while (pool.size !== size) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const each of [others, others, limits]) pool.expectReturn(each)
  t.equal(pool.size, 2, 'they are made one after the other')
  await until(4)
  const taken = [others, limits, others].map((each) => {
    const worker = pool.take(each)
    t.match(worker.resourceLimits, each)
    return worker
  })
  t.equal(pool.size, 0, 'each went to a task of its limits; those of others were ended')

  for (const each of [others, others, limits]) pool.expectReturn(each)
  taken.push(pool.take(limits))
  await until(2)
  clock.advance(500)
  t.equal(
    pool.size,
    3,
    'beside the one that always waits; no thread waits for a task that came before it',
  )
  clock.advance(119_500)
  t.equal(pool.size, 1, 'nobody waits for ever')
  await Promise.all([...taken.map((worker) => worker.terminate()), pool.close()])
  t.equal(clock.pendingTimers, 0)
})

t.test('TaskThreadPool ends when threads are still to be made', async (t) => {
  const pool = new TaskThreadPool({ size: 1, clock: new ManualClock(), firstLimits: limits })
  for (const each of [limits, limits, limits]) pool.expectReturn(each)
  await pool.close()
  pool.expectReturn(limits)
  t.equal(pool.size, 0)
})
