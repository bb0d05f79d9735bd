import type { ResourceId } from '@flink-ts/core'
import type { ResourceEventHandler, ResourceManagerDriver, WorkerHandle } from '@flink-ts/runtime'
import {
  DriverClock,
  DriverStore,
  type DriverUnderFaults,
  MortalProcess,
  RecordedEvents,
  RequestedWorker,
  runDriverFaults,
  settle,
  WorkerDemand,
  workerSpec,
} from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'

/** Grants at once; what it does wrong is the test's. */
class TestDriver implements ResourceManagerDriver {
  readonly name = 'test'
  readonly canStartWorkers = true
  readonly running = new Set<string>()
  handler: ResourceEventHandler | undefined
  grants = true
  terms = 0
  /** Of the next worker. */
  nextId = () => `worker-${++this.#count}`
  #count = 0

  async initialize(handler: ResourceEventHandler): Promise<void> {
    this.terms++
    this.handler = handler
    handler.onPreviousAttemptWorkersRecovered([...this.running].map(handleOf))
  }

  async requestResource(
    _: unknown,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<WorkerHandle> {
    if (!this.grants) {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('withdrawn'))),
      )
    }
    const id = this.nextId()
    this.running.add(id)
    return handleOf(id)
  }

  releaseResource({ resourceId }: WorkerHandle): void {
    this.running.delete(resourceId)
  }

  end(id: string): void {
    this.running.delete(id)
    this.handler?.onWorkerTerminated(id as ResourceId, 'it failed')
  }

  async deregisterApplication(): Promise<void> {}
  async terminate(): Promise<void> {}
}

function handleOf(id: string): WorkerHandle {
  return { resourceId: id as ResourceId }
}

t.test('DriverClock', async (t) => {
  const clock = new DriverClock()
  const startMs = clock.now()
  const happened: string[] = []
  clock.schedule(20, () => void happened.push(`second at ${clock.now() - startMs}`))
  clock.schedule(10, () => {
    void Promise.resolve().then(() => happened.push('what the first one awaited'))
  })
  const cancel = clock.schedule(15, () => void happened.push('cancelled'))
  cancel()
  t.equal(clock.pendingTimers, 2)
  await clock.advance(19)
  t.same(happened, ['what the first one awaited'])
  await clock.advance(1)
  t.same(happened, ['what the first one awaited', 'second at 20'], 'a moment belongs to its action')
  await clock.advance(1_000)
  t.equal(clock.monotonicNow() - startMs, 1_020, 'time passes also if nothing happens')
  clock.wallOffsetMs = -5_000
  t.equal(clock.now() - startMs, -3_980)
  t.equal(clock.monotonicNow() - startMs, 1_020, 'what is measured does not jump')
})

t.test('DriverStore', async (t) => {
  const bytes = (text: string) => Buffer.from(text)

  await t.test('changes need the version that they are based on', async (t) => {
    const kept = new DriverStore()
    const store = kept.lead()
    const version = await store.create('a', bytes('1'))
    await t.rejects(store.create('a', bytes('2')), { code: 'FLINK_HA_ENTRY_EXISTS' })
    await t.rejects(store.replace('b', bytes('2'), version), { code: 'FLINK_HA_ENTRY_MISSING' })
    await t.rejects(store.replace('a', bytes('2'), version + 1), { code: 'FLINK_HA_ENTRY_VERSION' })
    const next = await store.replace('a', bytes('2'), version)
    t.equal(kept.text('a'), '2')
    t.equal(await store.versionOf('a'), next)
    await t.rejects(store.remove('a', version), { code: 'FLINK_HA_ENTRY_VERSION' })
    await store.remove('a', next)
    t.same(await store.names(), [])
    t.equal(kept.text('a'), undefined)
  })

  await t.test('writes of a term that is over are refused, reads are not', async (t) => {
    const kept = new DriverStore()
    const former = kept.lead()
    kept.lead()
    await t.rejects(former.create('a', bytes('1')), { code: 'FLINK_LEADERSHIP_LOST' })
    t.same(await former.names(), [])
    const present = kept.lead()
    kept.loseLeadership()
    await t.rejects(present.create('a', bytes('1')), { code: 'FLINK_LEADERSHIP_LOST' })
  })

  await t.test('outcomes get lost of operations that happened, or did not', async (t) => {
    const kept = new DriverStore()
    const store = kept.lead()
    const lost = { code: 'FLINK_COORDINATION_CONNECTION_LOST' }
    kept.outcomesToLose = 1
    await t.rejects(store.create('a', bytes('1')), lost)
    t.equal(kept.text('a'), '1')
    kept.outcomesToLose = 1
    kept.happens = () => false
    await t.rejects(store.create('b', bytes('1')), lost)
    t.equal(kept.text('b'), undefined)
    t.same(kept.operations, ['create a'])
    t.same(await store.names(), ['a'], 'and then all is well')
  })
})

t.test('MortalProcess', async (t) => {
  await t.test('dies before or after any step, and nobody hears of it', async (t) => {
    for (const lastStep of [0, 1, 2, 3, 4]) {
      const kept = new DriverStore()
      const mortal = new MortalProcess()
      mortal.lastStep = lastStep
      const store = mortal.store(kept.lead())
      let heard = 0
      void (async () => {
        const version = await store.create('a', Buffer.from('1'))
        heard++
        await store.replace('a', Buffer.from('2'), version)
        heard++
      })()
      await new DriverClock().advance(1)
      t.equal(mortal.isAlive, false, `${lastStep}`)
      t.equal(mortal.steps.length, lastStep)
      t.equal(kept.text('a'), [undefined, undefined, '1', '1', '2'][lastStep])
      t.equal(heard, [0, 0, 0, 1, 1][lastStep])
    }
  })

  await t.test('hears nothing and does nothing any more', async (t) => {
    const clock = new DriverClock()
    const mortal = new MortalProcess()
    const events = new RecordedEvents(() => mortal.isAlive)
    const heard: string[] = []
    const listener = mortal.ifAlive((text: string) => void heard.push(text))
    listener('alive')
    events.handler.onWorkerTerminated('w1' as ResourceId, 'why')
    mortal.clock(clock).schedule(10, () => void heard.push('its timer'))
    mortal.die()
    mortal.clock(clock).schedule(10, () => void heard.push('a timer of a dead process'))
    t.equal(clock.pendingTimers, 0)
    listener('dead')
    events.handler.onWorkerTerminated('w2' as ResourceId, 'why')
    await clock.advance(100)
    t.same(heard, ['alive'])
    t.same(events.terminated, [['w1', 'why']])
  })
})

t.test('RequestedWorker: the answer, as far as it has come', async (t) => {
  const driver = new TestDriver()
  const granted = new RequestedWorker(driver, workerSpec())
  t.equal(granted.id, '')
  await new DriverClock().advance(1)
  t.equal(granted.id, 'worker-1')
  driver.grants = false
  const abort = new AbortController()
  const withdrawn = new RequestedWorker(driver, workerSpec(), { signal: abort.signal })
  abort.abort()
  await new DriverClock().advance(1)
  t.match(withdrawn.error, { message: 'withdrawn' })
})

t.test('WorkerDemand', async (t) => {
  const open = async (options: { readonly watches?: boolean; readonly waits?: boolean } = {}) => {
    const clock = new DriverClock()
    const driver = new TestDriver()
    const demand = new WorkerDemand({
      clock,
      ...(options.watches ? { isRunning: (id: string) => driver.running.has(id) } : {}),
      ...(options.waits ? { waitsForDriver: true } : {}),
    })
    const term = { driver, store: new DriverStore().lead() }
    await demand.lead(term)
    const pass = (ms: number) => settle({ clock, demand }, ms)
    return { clock, driver, demand, term, pass }
  }

  await t.test('asks for what is missing, gives back what is too much', async (t) => {
    const { driver, demand, pass } = await open()
    demand.needed = 3
    await pass(500)
    t.same(demand.held, ['worker-1', 'worker-2', 'worker-3'])
    driver.end('worker-2')
    await pass(500)
    t.same(demand.held, ['worker-1', 'worker-3', 'worker-4'])
    demand.needed = 1
    await pass(500)
    t.same([...driver.running], ['worker-4'])
    demand.check([...driver.running])
  })

  await t.test('withdraws requests before it gives workers back', async (t) => {
    const { driver, demand, pass } = await open()
    demand.needed = 1
    await pass(500)
    driver.grants = false
    demand.needed = 3
    await pass(500)
    demand.needed = 1
    await pass(500)
    t.same(demand.held, ['worker-1'])
    driver.grants = true
    await pass(500)
    t.same([...driver.running], ['worker-1'], 'nothing more was wanted')
  })

  await t.test('may wait until the driver has begun', async (t) => {
    const { demand, driver, term } = await open({ waits: true })
    const leading = demand.lead(term)
    demand.needed = 1
    demand.reconcile()
    t.equal(driver.running.size, 0)
    await leading
    demand.reconcile()
    t.equal(driver.running.size, 1)
  })

  await t.test('a term begins with what the driver finds', async (t) => {
    const { driver, demand, term, pass } = await open()
    demand.needed = 2
    await pass(500)
    await demand.stopLeading()
    demand.reconcile()
    t.equal(driver.running.size, 2, 'who does not lead asks for nothing')
    driver.running.delete('worker-1')
    await demand.lead(term)
    t.same(demand.held, ['worker-2'])
    demand.abandon()
    driver.end('worker-2')
    t.same(demand.held, ['worker-2'], 'nobody hears of it')
    t.equal(driver.terms, 2)
  })

  await t.test('releases who is silent for 50 seconds', async (t) => {
    const { driver, demand, pass } = await open({ watches: true })
    demand.needed = 1
    await pass(500)
    driver.running.delete('worker-1')
    await pass(50_000)
    t.same(demand.held, ['worker-1'])
    await pass(1_500)
    t.same(demand.held, ['worker-2'])
  })

  await t.test('notes ends told twice, and grants of what has ended or is there', async (t) => {
    const { driver, demand, pass } = await open()
    demand.needed = 1
    await pass(500)
    driver.end('worker-1')
    driver.end('worker-1')
    t.same(demand.problems, ['worker-1 ended twice'])
    driver.nextId = () => 'worker-1'
    demand.needed = 2
    await pass(500)
    t.same(demand.problems.slice(1), [
      'worker-1 granted after its end',
      'worker-1 granted after its end',
      'worker-1 granted twice',
    ])
    driver.handler?.onError(new Error('the session is lost'))
    t.equal(demand.problems.at(-1), 'the session is lost')
    t.throws(() => demand.check([...driver.running]), { code: 'ERR_ASSERTION' })
  })

  await t.test('the ends of former leaders may be told again', async (t) => {
    const { driver, demand, term, pass } = await open()
    demand.needed = 1
    await pass(500)
    driver.end('worker-1')
    await demand.stopLeading()
    demand.forgetEnds()
    await demand.lead(term)
    driver.end('worker-1')
    t.same(demand.problems, [])
  })
})

t.test('runDriverFaults', async (t) => {
  type Kind = 'end' | 'lose' | 'leadership'

  class UnderFaults implements DriverUnderFaults<Kind> {
    readonly clock = new DriverClock()
    readonly demand = new WorkerDemand({ clock: this.clock })
    readonly driver = new TestDriver()
    readonly calls: string[] = []

    async begin(): Promise<void> {
      this.calls.push('begin')
      await this.demand.lead({ driver: this.driver, store: new DriverStore().lead() })
    }

    async apply({ kind, number }: { readonly kind: Kind; readonly number: number }): Promise<void> {
      this.calls.push(kind)
      const ids = [...this.driver.running]
      const id = ids[number % ids.length]!
      if (kind === 'end') this.driver.end(id)
      // The driver has a defect: nobody is told.
      else if (kind === 'lose') this.driver.running.delete(id)
      else {
        await this.demand.stopLeading()
        await this.begin()
      }
    }

    async heal(): Promise<void> {
      this.calls.push('heal')
      await settle(this, 1_000)
    }

    running(): readonly string[] {
      return [...this.driver.running]
    }

    check(held: readonly string[]): void {
      this.calls.push(`check ${held.length}`)
    }

    async close(): Promise<void> {
      this.calls.push('close')
    }
  }

  await t.test('one fault after the other, then all is as it is needed', async (t) => {
    const under = new UnderFaults()
    const startMs = under.clock.now()
    await runDriverFaults(under, [
      { kind: 'demand', number: 17, afterMs: 10_000 },
      { kind: 'end', number: 3, afterMs: 600 },
      { kind: 'leadership', number: 0, afterMs: 0 },
    ])
    t.same(under.calls, ['begin', 'end', 'leadership', 'begin', 'heal', 'check 5', 'close'])
    t.equal(under.clock.now() - startMs, 12_000)
  })

  await t.test('finds what the driver does not tell, and closes all the same', async (t) => {
    const under = new UnderFaults()
    await t.rejects(
      runDriverFaults(under, [
        { kind: 'demand', number: 2, afterMs: 1_000 },
        { kind: 'lose', number: 0, afterMs: 60_000 },
      ]),
      { code: 'ERR_ASSERTION', message: /just those run that are held/ },
    )
    t.equal(under.calls.at(-1), 'close')
  })
})
