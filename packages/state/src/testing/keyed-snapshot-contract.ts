import assert from 'node:assert/strict'
import { Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { KeyedStateHandle } from '../checkpoint/state-handle.js'
import type { KeyedStateBackend, KeyedStateBackendOptions } from '../keyed-state-backend.js'
import type { KeyedTimer, TimerStateSource } from '../timer-state-source.js'
import type { KeyedBackendPromise, KeyedBackendUnderTest } from './keyed-state-backend-contract.js'
import { SnapshotStorage } from './snapshot-storage.js'

const MAX_PARALLELISM = 32
const ALL = { start: 0, end: MAX_PARALLELISM - 1 }
const TTL = { ttlMs: 1000 }

class Timers implements TimerStateSource {
  readonly timers: KeyedTimer[] = []
  readonly byKeyGroup = new Map<number, KeyedTimer[]>()

  timersOf(keyGroup: number): readonly KeyedTimer[] {
    return [...(this.byKeyGroup.get(keyGroup) ?? [])]
  }

  restoreTimers(keyGroup: number, timers: readonly KeyedTimer[]): void {
    this.byKeyGroup.set(keyGroup, [...this.timersOf(keyGroup), ...timers])
  }
}

/** A backend with a state of each kind and something in each. */
class Subject {
  readonly backend: KeyedStateBackend
  readonly value
  readonly list
  readonly map
  readonly sum
  readonly timed
  readonly timers = new Timers()

  constructor(backend: KeyedStateBackend) {
    this.backend = backend
    this.value = backend.getValueState<{ n: number }>({ name: 'value' })
    this.list = backend.getListState<string>({ name: 'list', type: Types.string })
    this.map = backend.getMapState<string | number, number>({ name: 'map' })
    this.sum = backend.getReducingState<number>({
      name: 'sum',
      type: Types.double,
      reduceFunction: (a, b) => a + b,
    })
    this.timed = backend.getMapState<string, number>({ name: 'timed', ttl: TTL })
    backend.registerTimers('timers', this.timers)
  }

  fill(keys: number, salt: number): void {
    for (let i = 0; i < keys; i++) {
      this.backend.setCurrentKey(i % 3 === 0 ? `key ${i}` : i)
      this.value.update({ n: i + salt })
      for (let k = 0; k <= i % 4; k++) this.list.add(`${salt} ${k} of ${i}`)
      this.map.put(i % 2 === 0 ? salt : 'x', i)
      this.sum.add(salt)
      if (i % 5 === 0) this.timed.put('t', i + salt)
      if (i % 7 === 6) this.value.clear()
    }
    this.backend.clearCurrentKey()
    this.timers.restoreTimers(5, [{ key: `timer ${salt}`, timestamp: salt, namespace: { w: 1 } }])
  }

  contents(): string[] {
    const lines: string[] = []
    for (const name of ['value', 'list', 'map', 'sum', 'timed']) {
      this.backend.forEachEntry(name, (key, value, keyGroup) => {
        const isMany = typeof value === 'object' && value !== null && Symbol.iterator in value
        const held = isMany ? [...(value as Iterable<unknown>)] : value
        const texts = isMany ? (held as unknown[]).map((one) => JSON.stringify(one)) : []
        const text = name === 'map' ? texts.sort().join() : JSON.stringify(held)
        lines.push(`${name} ${keyGroup} ${typeof key} ${String(key)} ${text}`)
      })
    }
    for (const [keyGroup, timers] of this.timers.byKeyGroup) {
      for (const timer of timers) lines.push(`timer ${keyGroup} ${JSON.stringify(timer)}`)
    }
    return lines.sort()
  }
}

const options = (keyGroupRange = ALL): KeyedStateBackendOptions => ({
  maxParallelism: MAX_PARALLELISM,
  keyGroupRange,
  clock: new ManualClock(),
})

async function restored(
  given: KeyedBackendUnderTest,
  storage: SnapshotStorage,
  handles: readonly (KeyedStateHandle | undefined)[],
  parallelism: number,
): Promise<Subject[]> {
  const subjects: Subject[] = []
  const create = given.createRestored ?? given.create
  const maxParallelism = MAX_PARALLELISM
  for (const { range, restore } of storage.restores(handles, { parallelism, maxParallelism })) {
    const backend = create(options(range))
    await backend.restore(restore)
    subjects.push(new Subject(backend))
  }
  return subjects
}

const contentsOf = (subjects: readonly Subject[]) =>
  subjects.flatMap((subject) => subject.contents()).sort()

/** What a checkpoint may rely on, whichever backend holds keyed state. */
export const keyedSnapshotContract: readonly KeyedBackendPromise[] = [
  {
    promise: 'stores a snapshot of what was, while it changes, and restores it at any parallelism',
    async run(given) {
      const storage = new SnapshotStorage()
      const subject = new Subject(given.create(options()))
      subject.fill(400, 1)
      const expected = subject.contents()
      const snapshot = subject.backend.snapshot(1n)
      snapshot.writeSlice(0)
      subject.fill(300, 2)
      const second = subject.backend.snapshot(2n)
      const expectedSecond = subject.contents()
      subject.fill(100, 3)
      const handle = await storage.store(snapshot)
      assert.ok(handle)
      subject.backend.notifyCheckpointComplete?.(1n)
      for (const parallelism of [1, 3, 8]) {
        const subjects = await restored(given, storage, [handle], parallelism)
        assert.deepEqual(contentsOf(subjects), expected)
      }
      const handleOfSecond = await storage.store(second)
      assert.deepEqual(
        contentsOf(await restored(given, storage, [handleOfSecond], 1)),
        expectedSecond,
      )
    },
  },
  {
    promise: 'goes on from what it restored, split and put together again',
    async run(given) {
      const storage = new SnapshotStorage()
      const first = new Subject(given.create(options()))
      first.fill(300, 1)
      let handles = [await storage.store(first.backend.snapshot(1n))]
      let expected = first.contents()
      for (const [round, parallelism] of [4, 3, 1, 2].entries()) {
        const subjects = await restored(given, storage, handles, parallelism)
        assert.deepEqual(contentsOf(subjects), expected, `round ${round}`)
        handles = []
        for (const { backend, map, value } of subjects) {
          backend.forEachEntry('sum', () => {})
          const keys: unknown[] = []
          backend.forEachEntry('map', (key) => keys.push(key))
          for (const key of keys.filter((_, i) => i % 3 === 0)) {
            backend.setCurrentKey(key)
            map.put(`round ${round}`, round)
            value.update({ n: round })
          }
          for (const key of keys.filter((_, i) => i % 11 === 5)) {
            backend.setCurrentKey(key)
            map.clear()
          }
          backend.clearCurrentKey()
        }
        expected = contentsOf(subjects)
        for (const [i, { backend }] of subjects.entries()) {
          const id = BigInt(10 * (round + 2) + i)
          handles.push(await storage.store(backend.snapshot(id)))
          backend.notifyCheckpointComplete?.(id)
        }
      }
    },
  },
  {
    promise: 'keeps what was restored and not asked for, timers too',
    async run(given) {
      const storage = new SnapshotStorage()
      const subject = new Subject(given.create(options()))
      subject.fill(100, 1)
      const handle = await storage.store(subject.backend.snapshot(1n))
      const maxParallelism = MAX_PARALLELISM
      const [one] = storage.restores([handle], { parallelism: 1, maxParallelism })
      const silent = (given.createRestored ?? given.create)(options())
      await silent.restore(one!.restore)
      const again = await storage.store(silent.snapshot(2n))
      assert.deepEqual(contentsOf(await restored(given, storage, [again], 1)), subject.contents())
    },
  },
  {
    promise: 'has no handle without state, and restores from nothing',
    async run(given) {
      const storage = new SnapshotStorage()
      const backend = given.create(options())
      await backend.restore({ parts: [], open: () => assert.fail('there is nothing to open') })
      const subject = new Subject(backend)
      assert.equal(await storage.store(backend.snapshot(1n)), undefined)
      subject.fill(10, 1)
      assert.ok(await storage.store(backend.snapshot(2n)))
    },
  },
  {
    promise: 'makes values of a changed type of those that were stored, and refuses what cannot be',
    async run(given) {
      const storage = new SnapshotStorage()
      const backend = given.create(options())
      const stored = backend.getValueState<number>({ name: 'n', type: Types.int })
      const listed = backend.getListState<number>({ name: 'l', type: Types.int })
      for (let i = 0; i < 200; i++) {
        backend.setCurrentKey(i)
        stored.update(i)
        listed.addAll([i, i + 1])
      }
      const handle = await storage.store(backend.snapshot(1n))
      const maxParallelism = MAX_PARALLELISM
      const [one] = storage.restores([handle], { parallelism: 1, maxParallelism })
      const create = given.createRestored ?? given.create
      const next = create(options())
      await next.restore(one!.restore)
      const wide = next.getValueState<bigint>({ name: 'n', type: Types.long })
      const wideList = next.getListState<bigint>({ name: 'l', type: Types.long, ttl: TTL })
      next.setCurrentKey(77)
      assert.equal(wide.value(), 77n)
      assert.deepEqual([...wideList.get()], [77n, 78n])
      wide.update(2n ** 60n)
      assert.equal(wide.value(), 2n ** 60n)
      const other = create(options())
      await other.restore(one!.restore)
      assert.throws(() => other.getValueState({ name: 'n', type: Types.string }), {
        code: 'FLINK_STATE_INCOMPATIBLE',
      })
    },
  },
]
