import { noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { RequestHindrance } from '../../dist/applicationmaster/request-hindrance.js'

const HEARTBEAT_MS = 500
const SHORTAGE = /too little memory for one/
const DELAY = /no node may have as much free/

/** Three containers of 1000 MB are wanted; YARN answers every 500 ms that there is as much memory as it is told. */
function hindranceUnderTest() {
  const clock = new ManualClock()
  const told: { readonly atMs: number; readonly why: string | undefined }[] = []
  const hindrance = new RequestHindrance({
    clock,
    log: noopLogger,
    nodeLabel: undefined,
    waiting: () => [{ capability: { memoryMb: 1000, vcores: 1, others: {} }, count: 3 }],
    excludedHosts: () => [],
    onHindered: (why) => void told.push({ atMs: clock.monotonicNow() - beginMs, why }),
  })
  const beginMs = clock.monotonicNow()
  const registered = () =>
    hindrance.registered({ queue: 'q', schedulerResourceTypes: ['memory-mb', 'vcores'] })
  registered()
  const answers = async (memoryMbOf: (heartbeat: number) => number, durationMs: number) => {
    for (let heartbeat = 0; heartbeat < durationMs / HEARTBEAT_MS; heartbeat++) {
      const availableResources = { memoryMb: memoryMbOf(heartbeat), vcores: 5, others: {} }
      hindrance.answered({ allocatedContainers: [], availableResources })
      await clock.advance(HEARTBEAT_MS)
    }
  }
  return { clock, hindrance, told, answers, registered }
}

t.test('RequestHindrance', async (t) => {
  await t.test('a shortage stays known while others take and give back', async (t) => {
    const { told, answers } = hindranceUnderTest()
    // There would be room for one at every second answer, and none is given.
    await answers((heartbeat) => (heartbeat % 2 === 0 ? 400 : 1200), 120_000)
    t.match(told, [{ atMs: 10_000, why: SHORTAGE }])
    t.equal(told.length, 1, 'the figures are the same')
  })

  await t.test('what holds on becomes a delay, and is never unknown in between', async (t) => {
    const { told, answers } = hindranceUnderTest()
    await answers(() => 400, 12_000)
    await answers(() => 1200, 9_500)
    await answers(() => 400, 500)
    await answers(() => 1200, 10_000)
    t.match(told, [{ atMs: 10_000, why: SHORTAGE }])
    t.equal(told.length, 1)
    await answers(() => 1200, 500)
    t.match(told.slice(1), [{ atMs: 32_000, why: DELAY }])
    await answers(() => 400, 500)
    t.match(told.slice(2), [{ atMs: 32_500, why: SHORTAGE }])
    t.equal(told.length, 3)
  })

  await t.test('how long there is enough is counted anew by another ResourceManager', async (t) => {
    const { told, answers, registered } = hindranceUnderTest()
    await answers(() => 400, 12_000)
    await answers(() => 1200, 9_000)
    registered()
    await answers(() => 1200, 10_000)
    t.equal(told.length, 1)
    await answers(() => 1200, 500)
    t.match(told.slice(1), [{ atMs: 31_000, why: DELAY }])
  })

  await t.test('what was seen before a reset counts no more', async (t) => {
    const { hindrance, told, answers } = hindranceUnderTest()
    await answers(() => 400, 12_000)
    await answers(() => 1200, 9_500)
    hindrance.reset()
    await answers(() => 400, 10_500)
    t.match(told, [{ why: SHORTAGE }, { why: SHORTAGE }])
    await answers(() => 1200, 9_500)
    t.equal(told.length, 2)
  })

  await t.test('silence is told over a shortage, and ends with an answer', async (t) => {
    const { clock, hindrance, told, answers } = hindranceUnderTest()
    await answers(() => 400, 12_000)
    for (let second = 0; second <= 10; second++) {
      hindrance.unanswered('no connection')
      await clock.advance(1_000)
    }
    await answers(() => 1200, 10_000)
    t.match(told, [{ why: SHORTAGE }, { why: /no connection/ }, { why: undefined }])
    t.equal(told.length, 3)
    await answers(() => 1200, 500)
    t.match(told.slice(3), [{ why: DELAY }])
  })
})
