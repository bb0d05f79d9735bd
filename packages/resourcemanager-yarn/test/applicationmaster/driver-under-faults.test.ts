import assert from 'node:assert/strict'
import type { ContainerId } from '@flink-ts/hadoop-rpc'
import {
  type DriverFault,
  type DriverUnderFaults,
  runDriverFaults,
  settle,
  stopLeading,
  WorkerDemand,
} from '@flink-ts/testing/resource-manager-drivers'
import fc from 'fast-check'
import t from 'tap'
import { DriverUnderTest, nodes, spec } from '../support/driver-under-test.js'

const KINDS = [
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
] as const

type Kind = (typeof KINDS)[number]

const FAULT = fc.record({
  kind: fc.constantFrom('demand', ...KINDS),
  number: fc.nat(1000),
  afterMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(30_000)),
})

/** A YARN in which everything fails, and the attempts of an application in it. */
class YarnUnderFaults implements DriverUnderFaults<Kind> {
  readonly under = new DriverUnderTest({ nodes: nodes(4, 16_000), nodeHeartbeatMs: 500 })
  readonly clock = this.under.clock
  readonly demand = new WorkerDemand({
    clock: this.clock,
    specOf: (open) => spec({ totalProcessBytes: (open % 2 ? 1000 : 2000) * 1024 * 1024 }),
    isRunning: (id) => this.running().includes(id),
    waitsForDriver: true,
  })
  /** Nothing else may be asked of the driver before it has. */
  #begun: 'not yet' | 'yes' | 'in vain' = 'not yet'

  async begin(): Promise<void> {
    const { under, demand } = this
    const { driver } = under
    this.#begun = 'not yet'
    demand.lead({ driver, store: under.store.lead() }).then(
      () => {
        this.#begun = 'yes'
      },
      () => {
        this.#begun = 'in vain'
      },
    )
    for (let ms = 0; this.#begun === 'not yet' && ms < 10_000; ms += 100) {
      await this.clock.advance(100)
    }
  }

  /** A process whose driver could not begin ends, and YARN starts the next. */
  async beforeStep(): Promise<void> {
    if (this.#begun === 'in vain') await this.#nextAttempt(true)
  }

  async apply({ kind, number }: DriverFault<Kind>): Promise<void> {
    const { yarn } = this.under
    const node = yarn.nodes[number % yarn.nodes.length]!
    switch (kind) {
      case 'endContainer': {
        const ids = yarn.processes
        if (ids.length > 0) yarn.endContainer(ids[number % ids.length] as ContainerId, 137, 'kill')
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
      case 'newAttempt':
        if (yarn.isUp && this.#begun === 'yes') await this.#nextAttempt(number % 2 === 0)
        break
      case 'leadership':
        if (this.#begun !== 'yes') break
        await stopLeading(this)
        await this.begin()
        break
    }
  }

  async heal(): Promise<void> {
    const { yarn } = this.under
    if (!yarn.isUp) yarn.startResourceManager()
    yarn.answersToLose = 0
    yarn.surplus = 0
    for (const node of yarn.nodes) {
      node.answersToLose = 0
      node.startFailure = undefined
      if (!node.isUp) yarn.returnNode(node.nodeId.host)
    }
    for (let tries = 0; this.#begun !== 'yes' && tries < 10; tries++) await settle(this, 10_000)
    await settle(this, 120_000)
  }

  running(): readonly string[] {
    return this.under.yarn.processes
  }

  check(held: readonly string[]): void {
    const { allocated, asks } = this.under.yarn
    assert.deepEqual([...allocated].sort(), held, 'YARN holds no other container')
    const open = [...asks.values()].filter((count) => count > 0)
    assert.deepEqual(open, [], 'nothing more is asked for')
  }

  async close(): Promise<void> {
    await stopLeading(this)
    this.under.yarn.close()
  }

  async #nextAttempt(keep: boolean): Promise<void> {
    await stopLeading(this)
    this.under.nextAttempt(keep)
    // What was told to the attempt before is nothing that the next one could know.
    this.demand.forgetEnds()
    await this.begin()
  }
}

t.test('whatever fails: in the end the containers are those of the workers', async () => {
  const numRuns = Number(process.env['FLINK_TS_RUNS'] ?? 20)
  const faults = fc.array(FAULT, { minLength: 3, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(faults, (faults) => runDriverFaults(new YarnUnderFaults(), faults)),
    { numRuns, endOnFailure: true },
  )
})
