import assert from 'node:assert/strict'
import type { ContainerId } from '@flink-ts/hadoop-rpc'
import type { WorkerHandle } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import { DriverUnderTest, nodes, spec } from '../support/driver-under-test.js'

/** Steps of a run; each is followed by some time. */
const STEP = fc.record({
  kind: fc.constantFrom(
    'demand',
    'endContainer',
    'crashNode',
    'returnNode',
    'crashResourceManager',
    'startResourceManager',
    'loseAnswer',
    'loseNodeAnswer',
    'surplus',
    'refuseStarts',
    'newAttempt',
    'leadership',
  ),
  number: fc.nat(1000),
  afterMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(30_000)),
})

/** What the ResourceManager of the cluster does with a driver: it holds as many workers as are needed. */
class Demand {
  readonly under: DriverUnderTest
  readonly held = new Map<string, { readonly sinceMs: number; missingSinceMs?: number }>()
  readonly requests = new Set<AbortController>()
  /** Ids whose end was told, and those that were released. */
  readonly told = new Set<string>()
  readonly released = new Set<string>()
  readonly problems: string[] = []
  needed = 0
  isLeading = false
  /** Nothing else may be asked of the driver meanwhile. */
  isInitializing = false
  mustEnd = false
  #term = 0

  constructor(under: DriverUnderTest) {
    this.under = under
  }

  async lead(): Promise<void> {
    const { under } = this
    this.#term++
    this.held.clear()
    this.isInitializing = true
    under.driver
      .initialize({
        onPreviousAttemptWorkersRecovered: (workers) => {
          for (const { resourceId } of workers) this.hold(resourceId)
        },
        onWorkerTerminated: (resourceId) => {
          if (this.told.has(resourceId)) this.problems.push(`${resourceId} ended twice`)
          this.told.add(resourceId)
          this.held.delete(resourceId)
        },
        onError: (error) => void this.problems.push(`${error.message}`),
      })
      .then(
        () => {
          this.isInitializing = false
          this.isLeading = true
        },
        () => {
          this.isInitializing = false
          this.mustEnd = true
        },
      )
    for (let ms = 0; this.isInitializing && ms < 10_000; ms += 100) await under.clock.advance(100)
  }

  /** A process whose driver could not begin ends, and YARN starts the next. */
  async nextAttempt(keep: boolean): Promise<void> {
    this.mustEnd = false
    await this.stopLeading()
    this.under.nextAttempt(keep)
    // What was told to the attempt before is nothing that the next one could know.
    this.told.clear()
    await this.lead()
  }

  async stopLeading(): Promise<void> {
    this.isLeading = false
    this.#term++
    for (const request of this.requests) request.abort()
    this.requests.clear()
    const ended = this.under.driver.terminate()
    await this.under.clock.advance(1_000)
    await ended
  }

  hold(id: string): void {
    this.held.set(id, { sinceMs: this.under.clock.now() })
  }

  /** Asks for what is missing, gives back what is too much, notices what is silent. */
  reconcile(): void {
    if (!this.isLeading) return
    const { under, held, requests } = this
    const alive = new Set<string>(under.yarn.processes)
    const now = under.clock.now()
    for (const [id, worker] of held) {
      if (alive.has(id)) delete worker.missingSinceMs
      else worker.missingSinceMs ??= now
      // As by the heartbeats of TaskManagers.
      if (now - (worker.missingSinceMs ?? now) > 50_000) this.#release(id)
    }
    while (held.size + requests.size > this.needed) {
      const [request] = requests
      if (request !== undefined) {
        request.abort()
        requests.delete(request)
      } else this.#release([...held.keys()][0]!)
    }
    while (held.size + requests.size < this.needed) this.#request()
  }

  #release(id: string): void {
    this.held.delete(id)
    this.released.add(id)
    this.under.driver.releaseResource({ resourceId: id } as WorkerHandle)
  }

  #request(): void {
    const abort = new AbortController()
    const term = this.#term
    this.requests.add(abort)
    const wanted = spec({ totalProcessBytes: (this.requests.size % 2 ? 1000 : 2000) * 1024 * 1024 })
    this.under.driver
      .requestResource(wanted, { signal: abort.signal, blockedNodes: new Set() })
      .then(
        ({ resourceId }) => {
          if (abort.signal.aborted || term !== this.#term) {
            this.under.driver.releaseResource({ resourceId })
            return
          }
          this.requests.delete(abort)
          this.hold(resourceId)
        },
        () => void this.requests.delete(abort),
      )
  }
}

async function settle(demand: Demand, ms: number): Promise<void> {
  for (let past = 0; past < ms; past += 500) {
    if (demand.mustEnd) await demand.nextAttempt(true)
    demand.reconcile()
    await demand.under.clock.advance(500)
  }
}

async function apply(demand: Demand, { kind, number }: { kind: string; number: number }) {
  const { under } = demand
  const { yarn } = under
  const node = yarn.nodes[number % yarn.nodes.length]!
  switch (kind) {
    case 'demand':
      demand.needed = number % 12
      break
    case 'endContainer': {
      const ids = yarn.processes
      if (ids.length > 0) yarn.endContainer(ids[number % ids.length] as ContainerId, 137, 'killed')
      break
    }
    case 'crashNode':
      if (node.isUp) node.crash()
      break
    case 'returnNode':
      if (!node.isUp) yarn.returnNode(node.nodeId.host)
      break
    case 'crashResourceManager':
      yarn.crashResourceManager()
      break
    case 'startResourceManager':
      if (!yarn.isUp) yarn.startResourceManager()
      break
    case 'loseAnswer':
      yarn.answersToLose += number % 3
      break
    case 'loseNodeAnswer':
      node.answersToLose += number % 3
      break
    case 'surplus':
      yarn.surplus += number % 3
      break
    case 'refuseStarts':
      node.startFailure = number % 2 ? 'no' : undefined
      break
    case 'newAttempt': {
      if (!yarn.isUp || demand.isInitializing || demand.mustEnd) break
      await demand.nextAttempt(number % 2 === 0)
      break
    }
    case 'leadership':
      if (demand.isInitializing || demand.mustEnd) break
      await demand.stopLeading()
      await demand.lead()
      break
  }
}

async function heal(demand: Demand): Promise<void> {
  const { yarn } = demand.under
  if (!yarn.isUp) yarn.startResourceManager()
  yarn.answersToLose = 0
  yarn.surplus = 0
  for (const node of yarn.nodes) {
    node.answersToLose = 0
    node.startFailure = undefined
    if (!node.isUp) yarn.returnNode(node.nodeId.host)
  }
  for (let tries = 0; !demand.isLeading && tries < 10; tries++) await settle(demand, 10_000)
  await settle(demand, 120_000)
}

t.test('whatever fails: in the end the containers are those of the workers', async () => {
  const numRuns = Number(process.env['FLINK_TS_RUNS'] ?? 20)
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 3, maxLength: 25 }), async (steps) => {
      const under = new DriverUnderTest({ nodes: nodes(4, 16_000), nodeHeartbeatMs: 500 })
      const demand = new Demand(under)
      try {
        await demand.lead()
        demand.needed = 4
        for (const step of steps) {
          await apply(demand, step)
          await settle(demand, step.afterMs)
        }
        await heal(demand)
        const { yarn } = under
        const held = [...demand.held.keys()].sort()
        assert.deepEqual(demand.problems, [])
        assert.equal(held.length, demand.needed, 'as many workers as are needed')
        assert.deepEqual([...yarn.processes].sort(), held, 'each process is one of theirs')
        assert.deepEqual([...yarn.allocated].sort(), held, 'YARN holds no other container')
        const open = [...yarn.asks.values()].filter((count) => count > 0)
        assert.deepEqual(open, [], 'nothing more is asked for')
        for (const id of held) assert(!demand.told.has(id), 'those that are held have not ended')
      } finally {
        await demand.stopLeading()
        under.yarn.close()
      }
    }),
    { numRuns, endOnFailure: true },
  )
})
