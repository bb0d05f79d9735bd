import { noopLogger } from '@flink-ts/core'
import { workerSpec } from '@flink-ts/testing/resource-manager-drivers'
import t, { type Test } from 'tap'
import { OFFER } from '../support/launching.js'
import { workerTasksUnderTest } from '../support/worker-tasks-under-test.js'

const WITHDRAWN = { code: 'FLINK_MESOS_REQUEST_WITHDRAWN' }
/** How long the store takes for each change. */
const CHANGE_MS = 1_000

async function requested(t: Test) {
  const world = await workerTasksUnderTest(t, noopLogger, CHANGE_MS)
  const abort = new AbortController()
  const request = () => {
    const granted = world.tasks.request(workerSpec(), abort.signal, new Set())
    granted.catch(() => {})
    return granted
  }
  return { ...world, abort, request }
}

t.test('WorkerTasks: nothing comes of a request that is withdrawn', async (t) => {
  for (const [when, ms] of [
    ['while it is counted', CHANGE_MS / 2],
    ['while it is noted', 1.5 * CHANGE_MS],
  ] as const) {
    await t.test(when, async (t) => {
      const { abort, clock, kept, request, taskId, tasks, wanted } = await requested(t)
      const granted = request()
      await clock.advance(ms)
      abort.abort()
      await clock.advance(10 * CHANGE_MS)
      await t.rejects(granted, WITHDRAWN)
      t.same(wanted, [], 'no place is looked for')
      t.same(Object.keys(kept.workers), [taskId], 'the one that there was')
      tasks.close()
      t.equal(clock.pendingTimers, 0)
    })

    await t.test(`${when}, as the term ends`, async (t) => {
      const { clock, request, tasks, wanted } = await requested(t)
      const granted = request()
      await clock.advance(ms)
      tasks.close()
      const passed = clock.advance(10 * CHANGE_MS)
      await t.rejects(Promise.race([granted, passed]), WITHDRAWN)
      await passed
      t.same(wanted, [])
      t.equal(clock.pendingTimers, 0)
    })
  }

  await t.test('while the launcher prepares: those that go with it are launched', async (t) => {
    const { abort, clock, kept, launcher, request, taskId, tasks, wanted } = await requested(t)
    const granted = request()
    const other = tasks.request(workerSpec(), new AbortController().signal, new Set())
    other.catch(() => {})
    while (wanted.length < 2) await clock.advance(100)
    launcher.prepare = () => new Promise((resolve) => void clock.schedule(1_000, resolve))
    const placed = wanted.map((taskId) => ({ taskId, resources: [], ports: {} }))
    const launch = tasks.place({ offers: [OFFER], tasks: placed })
    await clock.advance(500)
    abort.abort()
    await t.rejects(granted, WITHDRAWN)
    await clock.advance(10 * CHANGE_MS)
    const [, second] = wanted
    t.match(await launch, [{ taskId: second }])
    t.same(launcher.launched, [second])
    t.same(kept.workers, { [taskId]: 'Launched', [second!]: 'Launched' })
    tasks.close()
    t.equal(clock.pendingTimers, 0)
  })

  await t.test('while it is noted where it goes: it is not launched', async (t) => {
    const { abort, calls, clock, kept, request, taskId, tasks, wanted } = await requested(t)
    const granted = request()
    while (wanted.length === 0) await clock.advance(100)
    const placed = { taskId: wanted[0]!, resources: [], ports: {} }
    const launch = tasks.place({ offers: [OFFER], tasks: [placed] })
    await clock.advance(CHANGE_MS / 2)
    abort.abort()
    await t.rejects(granted, WITHDRAWN)
    await clock.advance(10 * CHANGE_MS)
    t.same(await launch, [])
    t.same(kept.workers, { [taskId]: 'Launched' }, 'nothing is left of it')
    t.same(calls, [], 'and no master needs to hear of it')
    tasks.close()
    t.equal(clock.pendingTimers, 0)
  })
})
