import assert from 'node:assert/strict'
import { hashKey, keyGroupFor, Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { KeyedStateBackend, KeyedStateBackendOptions } from '../keyed-state-backend.js'

/** A kind of keyed state backend under test. What it makes is closed by whoever runs the contract. */
export interface KeyedBackendUnderTest {
  create(options: KeyedStateBackendOptions): KeyedStateBackend
  /** Makes the backends that snapshots are restored into. Default: the same. */
  createRestored?(options: KeyedStateBackendOptions): KeyedStateBackend
}

/** One thing that every backend promises. */
export interface KeyedBackendPromise {
  /** Continues a sentence that begins with the name of the backend. */
  readonly promise: string
  /** @throws AssertionError when it is broken */
  run(given: KeyedBackendUnderTest): void | Promise<void>
}

const MAX_PARALLELISM = 128
const ALL = { start: 0, end: MAX_PARALLELISM - 1 }
const open = ({ create }: KeyedBackendUnderTest, more: Partial<KeyedStateBackendOptions> = {}) =>
  create({ maxParallelism: MAX_PARALLELISM, keyGroupRange: ALL, ...more })

/** What a program may rely on, whichever backend holds its keyed state. */
export const keyedStateBackendContract: readonly KeyedBackendPromise[] = [
  {
    promise: 'keeps a value per state and key, as a Map of Maps does',
    run(given) {
      const backend = open(given)
      const states = ['a', 'b', 'c'].map((name) => backend.getValueState<unknown>({ name }))
      const models = states.map(() => new Map<unknown, unknown>())
      const keys = [
        0,
        1,
        -1,
        1.5,
        1n,
        '',
        '1',
        'ä€😀',
        true,
        ...Array.from({ length: 300 }, String),
      ]
      let seed = 5
      const random = (bound: number) => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        return Math.floor((seed / 2 ** 32) * bound)
      }
      for (let i = 0; i < 5000; i++) {
        const key = keys[random(keys.length)]
        const state = random(states.length)
        backend.setCurrentKey(key)
        assert.deepEqual(states[state]!.value(), models[state]!.get(key))
        if (random(4) === 0) {
          states[state]!.clear()
          models[state]!.delete(key)
        } else {
          const value = [i, `${i}`, { i, text: 'x'.repeat(random(50)) }, null, true][random(5)]
          states[state]!.update(value)
          models[state]!.set(key, value)
        }
      }
      for (const key of keys) {
        backend.setCurrentKey(key)
        for (const [i, model] of models.entries()) {
          assert.deepEqual(states[i]!.value(), model.get(key))
        }
      }
      const seen = new Map<unknown, unknown>()
      backend.forEachEntry('a', (key, value, keyGroup) => {
        assert.equal(keyGroup, keyGroupFor(hashKey(key), MAX_PARALLELISM))
        seen.set(key, value)
      })
      assert.deepEqual(seen, models[0])
      const all = new Set(models.flatMap((model) => [...model.keys()]))
      assert.equal(backend.numberOfKeys, all.size)
    },
  },
  {
    promise: 'answers the default for a key without a value; undefined is the same as clearing',
    run(given) {
      const backend = open(given)
      const state = backend.getValueState<number>({ name: 'n', defaultValue: 7 })
      backend.setCurrentKey('a')
      assert.equal(state.value(), 7)
      state.update(1)
      state.update(undefined as unknown as number)
      assert.equal(state.value(), 7)
      state.clear()
      assert.equal(backend.numberOfKeys, 0)
    },
  },
  {
    promise: 'compares tuples, objects, dates and bytes as keys by value',
    run(given) {
      const backend = open(given)
      const state = backend.getValueState<string>({ name: 's' })
      const keys = () => [['a', 1], { b: 2, a: [1n] }, new Date(5), new Uint8Array([1, 2])]
      for (const [i, key] of keys().entries()) {
        backend.setCurrentKey(key)
        state.update(`${i}`)
      }
      backend.setCurrentKey({ a: [1n], b: 2 })
      assert.equal(state.value(), '1')
      for (const [i, key] of keys().entries()) {
        backend.setCurrentKey(key)
        assert.equal(state.value(), `${i}`)
      }
      assert.equal(backend.numberOfKeys, 4)
    },
  },
  {
    promise: 'refuses a key of another subtask, access without a key, and one name for two kinds',
    run(given) {
      const backend = open(given, { keyGroupRange: { start: 0, end: 0 } })
      const state = backend.getValueState<number>({ name: 'n' })
      assert.throws(() => state.value(), { code: 'FLINK_NO_CURRENT_KEY' })
      const foreign = Array.from({ length: 100 }, (_, i) => i).find(
        (key) => keyGroupFor(hashKey(key), MAX_PARALLELISM) !== 0,
      )
      assert.throws(
        () => {
          backend.setCurrentKey(foreign)
          state.update(1)
        },
        { code: 'FLINK_KEY_GROUP_OUT_OF_RANGE' },
      )
      backend.clearCurrentKey()
      assert.equal(backend.currentKey, undefined)
      assert.throws(() => state.update(1), { code: 'FLINK_NO_CURRENT_KEY' })
      assert.equal(backend.getValueState({ name: 'n' }), state)
      assert.throws(() => backend.getListState({ name: 'n' }), { code: 'FLINK_STATE_NAME_TAKEN' })
      assert.throws(
        () => backend.registerTimers('n', { timersOf: () => [], restoreTimers: () => {} }),
        { code: 'FLINK_STATE_NAME_TAKEN' },
      )
    },
  },
  {
    promise: 'keeps lists in their order, also long ones, also replaced by what is made of them',
    run(given) {
      const backend = open(given)
      const list = backend.getListState<string>({ name: 'l' })
      const item = (i: number) => `element ${i}`
      for (let i = 0; i < 20_000; i++) {
        backend.setCurrentKey(i % 2 === 0 ? 'long' : `short ${i % 50}`)
        list.add(item(i))
      }
      backend.setCurrentKey('long')
      const expected = Array.from({ length: 10_000 }, (_, i) => item(2 * i))
      assert.deepEqual([...list.get()], expected)
      const before = list.get()[Symbol.iterator]()
      list.add('one more')
      assert.equal(Array.from({ [Symbol.iterator]: () => before }).length, 10_000)
      const third = (_: string, i: number) => i % 3 === 0
      list.update([...list.get()].filter(third))
      assert.deepEqual([...list.get()], expected.filter(third))
      list.addAll(['x', 'y'])
      assert.deepEqual([...list.get()].slice(-2), ['x', 'y'])
      list.update([])
      assert.deepEqual([...list.get()], [])
      backend.setCurrentKey('short 1')
      assert.equal([...list.get()].length, 400)
      list.clear()
      list.clear()
      assert.deepEqual([...list.get()], [])
      assert.equal(backend.numberOfKeys, 24)
    },
  },
  {
    promise: 'keeps maps whose keys are compared by value',
    run(given) {
      const backend = open(given)
      const map = backend.getMapState<unknown, number>({ name: 'm' })
      backend.setCurrentKey('a')
      assert.ok(map.isEmpty())
      map.put(['x', 1], 1)
      map.put(['x', 1], 2)
      map.putAll([
        [1, 3],
        ['1', 4],
        [{ deep: [true] }, 5],
      ])
      assert.equal(map.get(['x', 1]), 2)
      assert.ok(map.contains({ deep: [true] }))
      assert.ok(!map.contains('2'))
      const entries = [...map.entries()].sort(([, a], [, b]) => a - b)
      assert.deepEqual(entries, [
        [['x', 1], 2],
        [1, 3],
        ['1', 4],
        [{ deep: [true] }, 5],
      ])
      backend.setCurrentKey('b')
      assert.deepEqual([...map.keys()], [])
      for (let i = 0; i < 5000; i++) map.put(i, i)
      for (let i = 0; i < 5000; i += 2) map.remove(i)
      assert.equal(
        [...map.values()].reduce((sum, value) => sum + value, 0),
        2500 * 2500,
      )
      assert.equal(map.get(2), undefined)
      map.put(3, undefined as unknown as number)
      assert.ok(!map.contains(3))
      map.clear()
      assert.ok(map.isEmpty())
      backend.setCurrentKey('a')
      assert.equal([...map.keys()].length, 4)
      for (const key of [...map.keys()]) map.remove(key)
      assert.equal(backend.numberOfKeys, 0)
    },
  },
  {
    promise: 'reduces and aggregates what is added',
    run(given) {
      const backend = open(given)
      const sum = backend.getReducingState<number>({
        name: 'sum',
        type: Types.double,
        reduceFunction: (a, b) => a + b,
      })
      const mean = backend.getAggregatingState<number, { n: number; sum: number }, number>({
        name: 'mean',
        aggregateFunction: {
          createAccumulator: () => ({ n: 0, sum: 0 }),
          add: (value, { n, sum }) => ({ n: n + 1, sum: sum + value }),
          getResult: ({ n, sum }) => sum / n,
          merge: (a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
        },
      })
      backend.setCurrentKey(1)
      assert.equal(sum.get(), undefined)
      assert.equal(mean.get(), undefined)
      for (const value of [1, 2, 6]) {
        sum.add(value)
        mean.add(value)
      }
      assert.equal(sum.get(), 9)
      assert.equal(mean.get(), 3)
      sum.clear()
      mean.clear()
      assert.equal(sum.get(), undefined)
      assert.equal(mean.get(), undefined)
    },
  },
  {
    promise: 'lets values, elements and entries expire, each by itself',
    run(given) {
      const clock = new ManualClock()
      const backend = open(given, { clock })
      const ttl = { ttlMs: 100 }
      const value = backend.getValueState<string>({ name: 'v', ttl, defaultValue: 'none' })
      const list = backend.getListState<number>({ name: 'l', ttl })
      const map = backend.getMapState<string, number>({ name: 'm', ttl })
      const read = backend.getValueState<number>({
        name: 'r',
        ttl: { ttlMs: 100, updateType: 'OnReadAndWrite' },
      })
      backend.setCurrentKey('a')
      value.update('x')
      read.update(1)
      list.add(1)
      map.put('p', 1)
      clock.advance(60)
      list.add(2)
      map.put('q', 2)
      assert.equal(read.value(), 1)
      assert.equal(value.value(), 'x')
      clock.advance(60)
      assert.equal(value.value(), 'none')
      assert.equal(read.value(), 1)
      assert.deepEqual([...list.get()], [2])
      assert.deepEqual([...map.entries()], [['q', 2]])
      assert.ok(!map.contains('p'))
      clock.advance(200)
      assert.deepEqual([...list.get()], [])
      assert.ok(map.isEmpty())
      assert.equal(read.value(), undefined)
    },
  },
]
