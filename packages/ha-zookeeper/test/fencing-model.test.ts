import { SeededRandom } from '@flink-ts/core'
import type { VersionedEntry } from '@flink-ts/runtime'
import { VirtualTime } from '@flink-ts/testing'
import type { ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import fc from 'fast-check'
import t from 'tap'
import { bytes, ENTRIES, FOLDER, type HaProcess, HaWorld, LATCH } from './ha-world.js'

const NAMES = ['a', 'b', 'c']
const KNOWN = new Set([
  'FLINK_LEADERSHIP_LOST',
  'FLINK_COORDINATION_CONNECTION_LOST',
  'FLINK_HA_ENTRY_VERSION',
  'FLINK_HA_ENTRY_EXISTS',
  'FLINK_HA_ENTRY_MISSING',
])

const fates = [
  'cut',
  'cut late',
  'restore',
  'stand still',
  'go on',
  'expire',
  'crash',
  'end',
  'lose quorum',
  'restore quorum',
  'remove the latch node',
  'give up',
  'wait',
] as const

interface Step {
  readonly fate: (typeof fates)[number]
  readonly who: number
  readonly afterMs: number
}

/** Whoever believes to lead adds one to a counter, again and again, and keeps large values for jobs that come and go. */
class Model {
  readonly time = new VirtualTime()
  readonly world: HaWorld
  readonly processes = new Map<string, HaProcess>()
  readonly tolerates: boolean
  acknowledged = 0
  unknown = 0
  #highestEpoch = 0
  #incarnations = 0

  constructor(seed: number) {
    const random = new SeededRandom(seed)
    this.tolerates = seed % 3 === 0
    this.world = new HaWorld({
      seed: seed + 1,
      clock: this.time,
      latencyMs: () => random.next() * 20,
      observer: { onCommitted: (_client, operations) => this.#onCommitted(operations) },
    })
    for (const name of NAMES) this.begin(name)
  }

  begin(name: string): void {
    const key = 'high-availability.zookeeper.client.tolerate-suspended-connections'
    const process = this.world.process(name, { settings: { [key]: `${this.tolerates}` } })
    this.processes.set(name, process)
    process.contend()
    process.contend({ kind: 'jobmanager', jobId: 'job' })
    const incarnation = `${name}${this.#incarnations++}`
    void this.#work(process, incarnation)
  }

  async #work(process: HaProcess, incarnation: string): Promise<void> {
    for (let i = 0; this.processes.get(process.name) === process; i++) {
      await this.#pause(300)
      if (process.tokens.length === 0) continue
      const counter = process.stores().namespace('model')
      const job = process.stores().jobNamespace(`${incarnation}-${i}`, 'x')
      try {
        await job.create('large', Buffer.alloc(5_000, i))
        const entry: VersionedEntry | undefined = await counter.get('counter')
        const next = bytes(`${Number(Buffer.from(entry?.value ?? bytes('0')).toString()) + 1}`)
        if (entry === undefined) await counter.create('counter', next)
        else await counter.replace('counter', next, entry.version)
        this.acknowledged++
        if (i % 2 === 0) await process.stores().cleanUpJob(`${incarnation}-${i}`)
      } catch (error) {
        const { code } = error as { code: string }
        if (!KNOWN.has(code)) this.time.fail(error)
        this.unknown++
      }
    }
  }

  /** A write of a term that another one follows must not be made any more. */
  #onCommitted(operations: readonly ZooKeeperOperation[]): void {
    const [check] = operations
    if (check?.type !== 'check' || !check.path.startsWith(LATCH)) return
    const epoch = this.world.zooKeeper.czxid(check.path)!
    if (epoch < this.#highestEpoch) {
      this.time.fail(new Error(`a write of term ${epoch} after one of ${this.#highestEpoch}`))
    }
    this.#highestEpoch = epoch
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.time.schedule(ms, () => resolve()))
  }

  async do({ fate, who, afterMs }: Step): Promise<void> {
    const name = NAMES[who]!
    const { zooKeeper } = this.world
    const process = this.processes.get(name)!
    if (fate === 'cut') zooKeeper.cut(name)
    else if (fate === 'cut late') zooKeeper.cut(name, { notice: 'late' })
    else if (fate === 'restore') zooKeeper.restore(name)
    else if (fate === 'stand still') zooKeeper.standStill(name)
    else if (fate === 'go on') zooKeeper.goOn(name)
    else if (fate === 'expire') zooKeeper.expireSession(name)
    else if (fate === 'lose quorum') zooKeeper.loseQuorum()
    else if (fate === 'restore quorum') zooKeeper.restoreQuorum()
    else if (fate === 'give up') process.ha.giveUpLeadership('the test says so')
    else if (fate === 'remove the latch node') {
      const [first] = zooKeeper.children(LATCH)
      if (first !== undefined) zooKeeper.delete(`${LATCH}/${first}`)
    } else if (fate === 'crash') {
      // Nobody is told of what it was writing.
      this.unknown++
      zooKeeper.crash(name)
      this.begin(name)
    } else if (fate === 'end' && process.zooKeeper.isConnected) {
      this.processes.delete(name)
      let isClosed = false
      void process.ha.close().then(() => {
        isClosed = true
      })
      await this.time.run({ until: () => isClosed, deadlineMs: this.time.now() + 30_000 })
      if (!isClosed) zooKeeper.crash(name)
      this.unknown++
      this.begin(name)
    }
    await this.time.run({ deadlineMs: this.time.now() + afterMs })
  }

  async heal(): Promise<void> {
    this.world.zooKeeper.restoreQuorum()
    for (const name of NAMES) {
      this.world.zooKeeper.goOn(name)
      this.world.zooKeeper.restore(name)
    }
    await this.time.run({ deadlineMs: this.time.now() + 30_000 })
  }
}

t.test('Random fates leave one writer, growing epochs, and nothing behind', async (t) => {
  const step = fc.record({
    fate: fc.constantFrom(...fates),
    who: fc.nat(NAMES.length - 1),
    afterMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(12_000)),
  })
  let terms = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 15 }), async (seed, steps) => {
      const model = new Model(seed)
      const { world, time } = model
      await time.run({ deadlineMs: 1_000 })
      for (const each of steps) await model.do(each)
      await model.heal()
      const processes = [...model.processes.values()]
      const leaders = processes.filter(({ leads }) => leads)
      if (leaders.length !== 1) throw new Error(`${leaders.length} processes lead`)
      const [leader] = leaders
      const latches = world.zooKeeper.children(LATCH)
      if (latches.length !== NAMES.length) throw new Error(`latch nodes: ${latches}`)
      if (world.published() !== leader!.name) throw new Error(`found is ${world.published()}`)
      terms += leader!.tokens.length
      // Whoever stops first does not lead, so that the term goes on.
      model.processes.clear()
      await time.run({ deadlineMs: time.now() + 10_000 })
      const counted = Number(
        Buffer.from(
          world.zooKeeper.data(`${ENTRIES}/model/counter`) ?? bytes('flink-ts/1 value\n0'),
        )
          .toString()
          .split('\n')[1],
      )
      if (counted < model.acknowledged || counted > model.acknowledged + model.unknown) {
        throw new Error(`${counted} counted, ${model.acknowledged} acknowledged`)
      }
      // The next term sweeps what those before have left.
      leader!.ha.giveUpLeadership('the test ends')
      await time.run({ deadlineMs: time.now() + 5_000 })
      const large = world.zooKeeper.paths.filter((path) => path.endsWith('/x/large'))
      const files = await world.files()
      if (files.length !== large.length) {
        throw new Error(`${files.length} files, ${large.length} nodes that name them`)
      }
      const last = processes.find(({ leads }) => leads)!
      for (const process of [...processes.filter((each) => each !== last), last]) {
        let isClosed = false
        void process.ha.close({ cleanUp: true }).then(() => {
          isClosed = true
        })
        await time.run({ until: () => isClosed, deadlineMs: time.now() + 60_000 })
        if (!isClosed) throw new Error(`${process.name} is not closed`)
      }
      if (world.zooKeeper.paths.length > 0) throw new Error(`left: ${world.zooKeeper.paths}`)
      if (await world.fileSystem.exists(FOLDER)) throw new Error('the folder is left')
      world.zooKeeper.close()
    }),
    { numRuns: Number(process.env['FLINK_TS_RUNS'] ?? 8), endOnFailure: false },
  )
  t.ok(terms > 0)
})
