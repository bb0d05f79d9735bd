import { FileSystemRegistry, keyGroupRangeForOperator, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { type InternalTimer, OperatorServices } from '@flink-ts/runtime'
import {
  assignKeyGroups,
  HeapKeyedStateBackend,
  type KeyedStateHandle,
  type OpenStateHandle,
  openStateHandle,
  StateStreams,
  storeKeyedSnapshot,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'

const MAX_PARALLELISM = 16
const fileSystems = new FileSystemRegistry([])
const open: OpenStateHandle = (handle) => openStateHandle(fileSystems, handle)
const streams = new StateStreams({
  fileSystems,
  random: new SeededRandom(1),
  location: { directory: 'none:///', sharedDirectory: 'none:///' },
  inlineThresholdBytes: Number.POSITIVE_INFINITY,
})

type Domain = 'event' | 'clock'

/** The timers of one subtask, with what they do: set each other. */
function subtask(
  index: number,
  parallelism: number,
  clock: ManualClock,
  { interruptibleTimers = false } = {},
) {
  const mails: (() => void | Promise<void>)[] = []
  const fired: string[] = []
  /** What the output waits for. */
  const unavailable: { promise: Promise<void> | undefined } = { promise: undefined }
  const keyGroupRange = keyGroupRangeForOperator(MAX_PARALLELISM, parallelism, index)
  const backend = new HeapKeyedStateBackend({
    maxParallelism: MAX_PARALLELISM,
    keyGroupRange,
    clock,
    operator: { operatorId: 'o', operatorName: 'timers', subtaskIndex: index },
  })
  const services = new OperatorServices({
    ...{ clock, interruptibleTimers },
    mailbox: { execute: (action) => void mails.push(action) },
    output: {
      collect() {},
      emitWatermark() {},
      emitWatermarkStatus() {},
      whenAvailable: () => unavailable.promise,
    },
    createKeyedState: () => backend,
    createOperatorState: () => t.fail('no operator state is needed') as never,
  })
  const log = (domain: Domain, { key, timestamp, namespace }: InternalTimer<unknown>) => {
    t.equal(text(backend.currentKey), text(key), 'state is that of the key of the timer')
    fired.push(`${domain} ${timestamp} ${text(key, namespace)}`)
  }
  const timers = () =>
    services.timerService<unknown>('test', {
      onEventTime: (timer) => log('event', timer),
      onProcessingTime: (timer) => log('clock', timer),
    })
  const runMails = async () => {
    clock.advance(0)
    for (let mail = mails.shift(); mail !== undefined; mail = mails.shift()) {
      await mail()
      clock.advance(0)
    }
  }
  return { backend, services, timers, fired, runMails, mails, unavailable }
}

// Few, so that timers meet.
const key = fc.constantFrom<unknown>('a', 'b', 3, 3n, true, ['x', 1], { id: 7 }, new Date(5))
const namespace = fc.constantFrom<unknown>(undefined, undefined, undefined, 'w1', { start: 1 })
const domain = fc.constantFrom<Domain>('event', 'clock')
const time = fc.integer({ min: 0, max: 12 })
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('register' as const), key, namespace, domain, time }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('delete' as const), key, namespace, domain, time }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('watermark' as const), time }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      time: fc.integer({ min: 0, max: 5 }),
    }),
  },
)

/** What should be there: timers by what tells them apart, in the order of registration. */
class Model {
  readonly timers = new Map<string, { domain: Domain; timestamp: number }>()

  register(domain: Domain, timestamp: number, of: string): void {
    const id = `${domain} ${timestamp} ${of}`
    if (!this.timers.has(id)) this.timers.set(id, { domain, timestamp })
  }

  delete(domain: Domain, timestamp: number, of: string): void {
    this.timers.delete(`${domain} ${timestamp} ${of}`)
  }

  fire(domain: Domain, now: number): string[] {
    const due = [...this.timers].filter(([, x]) => x.domain === domain && x.timestamp <= now)
    for (const [id] of due) this.timers.delete(id)
    // A stable sort: those of one timestamp as they were registered.
    return due.sort(([, a], [, b]) => a.timestamp - b.timestamp).map(([id]) => id)
  }
}

t.test('InternalTimerService: fires what a model of it fires, also after restores', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { maxLength: 150, size: 'max' }),
      fc.array(command, { maxLength: 10 }),
      fc.integer({ min: 1, max: 4 }),
      async (commands, later, parallelism) => {
        const clock = new ManualClock()
        const model = new Model()
        const first = subtask(0, 1, clock)
        const service = first.timers()
        let watermark = Number.MIN_SAFE_INTEGER
        for (const c of commands) {
          switch (c.type) {
            case 'register':
            case 'delete': {
              first.backend.setCurrentKey(c.key)
              model[c.type](c.domain, c.time, text(c.key, c.namespace))
              const isEvent = c.domain === 'event'
              if (c.type === 'delete' && isEvent) service.deleteEventTimeTimer(c.namespace, c.time)
              else if (c.type === 'delete') service.deleteProcessingTimeTimer(c.namespace, c.time)
              else if (isEvent) service.registerEventTimeTimer(c.namespace, c.time)
              else service.registerProcessingTimeTimer(c.namespace, c.time)
              break
            }
            case 'snapshot':
              first.backend.snapshot(1n).release()
              break
            case 'watermark':
              service.advanceWatermark(c.time)
              if (c.time > watermark) {
                watermark = c.time
                t.same(first.fired.splice(0), model.fire('event', c.time))
              }
              break
            case 'advance':
              clock.advance(c.time)
              await first.runMails()
              t.same(first.fired.splice(0), model.fire('clock', clock.now()))
          }
        }
        // Before it has fired what is due at once.
        const snapshot = first.backend.snapshot(1n)
        const expected = new Set(model.timers.keys())
        t.equal(service.numberOfTimers, expected.size)
        for (const c of later) {
          if (c.type !== 'register') continue
          first.backend.setCurrentKey(c.key)
          service.registerEventTimeTimer(c.namespace, c.time)
        }
        service.advanceWatermark(1_000)
        const handle = await storeKeyedSnapshot(snapshot, streams, async () => 1)
        await first.services.close()
        t.equal(clock.pendingTimers, 0)
        t.equal(handle === undefined, expected.size === 0)
        t.same(await restored(handle === undefined ? [] : [handle], parallelism, clock), expected)
      },
    ),
    { numRuns: 60, seed: 7 },
  )
})

/** What all timers of restored subtasks do in the end. */
async function restored(handles: KeyedStateHandle[], parallelism: number, clock: ManualClock) {
  const fired = new Set<string>()
  const sizes = { parallelism, maxParallelism: MAX_PARALLELISM }
  for (let index = 0; index < parallelism; index++) {
    const part = subtask(index, parallelism, clock)
    const parts = assignKeyGroups(handles, sizes)[index]!
    await part.services.restore(1n, { keyed: { parts, open } })
    const service = part.timers()
    await part.runMails()
    clock.advance(100)
    await part.runMails()
    service.advanceWatermark(100)
    for (const line of part.fired) {
      t.notOk(fired.has(line), `${line} fires once`)
      fired.add(line)
    }
    await part.services.close()
  }
  return fired
}

t.test('InternalTimerService: timers are found and deleted wherever they are', async (t) => {
  const clock = new ManualClock()
  const { timers, backend, fired, services } = subtask(0, 1, clock)
  const service = timers()
  const random = new SeededRandom(3)
  const left = new Map<number, number>()
  for (let i = 0; i < 2_000; i++) {
    const at = random.nextInt(50)
    backend.setCurrentKey(i)
    service.registerEventTimeTimer(undefined, at)
    left.set(i, at)
  }
  for (const [i, at] of [...left]) {
    if (random.nextInt(3) === 0) continue
    backend.setCurrentKey(i)
    service.deleteEventTimeTimer(undefined, at)
    left.delete(i)
  }
  const snapshot = backend.snapshot(1n)
  service.advanceWatermark(50)
  const expected = [...left]
    .sort(([, a], [, b]) => a - b)
    .map(([i, at]) => `event ${at} ${text(i, undefined)}`)
  t.strictSame(fired, expected, 'in the order of time, then of registration')
  const handle = await storeKeyedSnapshot(snapshot, streams, async () => 1)
  t.strictSame(await restored([handle!], 3, clock), new Set(expected), 'and so they are stored')
  await services.close()
})

t.test(
  'InternalTimerService: timers that are due wait for an output that cannot take more',
  async (t) => {
    const clock = new ManualClock()
    const { timers, backend, fired, runMails, services, unavailable } = subtask(0, 1, clock)
    const service = timers()
    for (let i = 0; i < 600; i++) {
      backend.setCurrentKey(i)
      service.registerProcessingTimeTimer(undefined, 10)
    }
    let open = () => {}
    unavailable.promise = new Promise<void>((resolve) => {
      open = resolve
    })
    clock.advance(10)
    await runMails()
    const first = fired.length
    t.ok(first > 0 && first < 600, 'one turn fires some of them')
    backend.setCurrentKey('late')
    service.registerProcessingTimeTimer(undefined, 5)
    await runMails()
    t.equal(fired.length, first, 'nothing overtakes them')
    unavailable.promise = undefined
    open()
    await new Promise(setImmediate)
    await runMails()
    t.equal(fired.length, 601)
    t.match(fired[first], /"late"/, 'in the order of their times')

    backend.setCurrentKey('last')
    for (const at of [20, 30]) service.registerProcessingTimeTimer(undefined, at)
    clock.advance(10)
    await runMails()
    await services.close()
    clock.advance(100)
    await runMails()
    t.equal(fired.length, 602, 'closed: none')
    t.equal(clock.pendingTimers, 0)
  },
)

t.test('InternalTimerService: timers of one watermark fire in turns, if told so', async (t) => {
  const clock = new ManualClock()
  const { timers, backend, fired, mails, services, unavailable } = subtask(0, 1, clock, {
    interruptibleTimers: true,
  })
  const service = timers()
  for (let i = 0; i < 1200; i++) {
    backend.setCurrentKey(i)
    service.registerEventTimeTimer(undefined, 10 + (i % 2))
  }
  const wentOn: number[] = []
  for (const at of [10, 11]) service.advanceWatermark(at, () => wentOn.push(at))
  t.equal(fired.length, 512)
  t.same(wentOn, [], 'the watermark waits for its timers')
  t.ok(services.whenFired(), 'and so does what comes next')
  const snapshot = backend.snapshot(1n)
  const whenFired = services.whenFired()!
  mails.shift()!()
  t.same(wentOn, [10], 'one by one')
  t.equal(mails.length, 1)
  let open = () => {}
  unavailable.promise = new Promise<void>((resolve) => {
    open = resolve
  })
  mails.shift()!()
  t.equal(mails.length, 0, 'not while the output takes no more')
  unavailable.promise = undefined
  open()
  await new Promise(setImmediate)
  while (mails.length > 0) mails.shift()!()
  t.same(wentOn, [10, 11])
  t.equal(fired.length, 1200)
  await whenFired
  t.equal(services.whenFired(), undefined)
  const handle = await storeKeyedSnapshot(snapshot, streams, async () => 1)
  t.equal((await restored([handle!], 2, clock)).size, 1200 - 512, 'a checkpoint has the others')

  for (let i = 0; i < 600; i++) {
    backend.setCurrentKey(i)
    service.registerEventTimeTimer(undefined, 20)
  }
  service.advanceWatermark(20, () => wentOn.push(20))
  services.finishTimers()
  t.same(wentOn, [10, 11, 20], 'an operator that finishes waits for none')
  t.equal(fired.length, 1800)
  for (const mail of mails) void mail()
  t.equal(fired.length, 1800)
  await services.close()
})

/** Tells keys and namespaces apart. */
function text(...parts: unknown[]): string {
  return JSON.stringify(parts, (_, part) => (typeof part === 'bigint' ? `${part}n` : part))
}
