import { hashKey, keyGroupFor, keyGroupRangeForOperator } from '@flink-ts/core'
import { HashMapStateBackend, HeapKeyedStateBackend, type KeyedStateBackend } from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'

const allGroups = { maxParallelism: 128, keyGroupRange: { start: 0, end: 127 } }

function backend(): KeyedStateBackend {
  return new HashMapStateBackend().createKeyedStateBackend(allGroups)
}

t.test('HeapKeyedStateBackend', (t) => {
  t.test('keeps a value per state and key, as a Map of Maps does', (t) => {
    const command = fc.record({
      kind: fc.constantFrom('update', 'clear', 'value', 'switch' as const),
      state: fc.constantFrom('a', 'b', 'c'),
      key: fc.oneof(fc.constantFrom<unknown>('x', 'y', 1, 1n, true, '1'), fc.nat(5)),
      value: fc.oneof(fc.nat(), fc.string(), fc.constant(null)),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const keyed = backend()
        const model = new Map<string, Map<unknown, unknown>>()
        const of = (name: string) => model.get(name) ?? model.set(name, new Map()).get(name)!
        let current: unknown = 'x'
        keyed.setCurrentKey(current)
        for (const { kind, state, key, value } of commands) {
          const handle = keyed.getValueState<unknown>({ name: state })
          if (kind === 'switch') {
            current = key
            keyed.setCurrentKey(key)
          } else if (kind === 'update') {
            handle.update(value)
            of(state).set(current, value)
          } else if (kind === 'clear') {
            handle.clear()
            of(state).delete(current)
          }
          t.equal(handle.value(), of(state).get(current))
        }
        for (const [name, expected] of model) {
          const found = new Map<unknown, unknown>()
          keyed.forEachEntry(name, (key, value, keyGroup) => {
            found.set(key, value)
            t.equal(keyGroup, keyGroupFor(hashKey(key), 128))
          })
          t.same(found, expected)
        }
        const keys = new Set([...model.values()].flatMap((values) => [...values.keys()]))
        t.equal(keyed.numberOfKeys, keys.size)
      }),
      { numRuns: 200 },
    )
    t.end()
  })

  t.test('compares tuple and object keys by value', (t) => {
    const keyed = backend()
    const state = keyed.getValueState<number>({ name: 'count' })
    keyed.setCurrentKey(['user', 1])
    state.update(5)
    keyed.setCurrentKey({ b: new Date(1), a: 1n })
    state.update(6)

    keyed.setCurrentKey(['user', 1])
    t.equal(state.value(), 5)
    keyed.setCurrentKey({ a: 1n, b: new Date(1) })
    t.equal(state.value(), 6)
    t.equal(keyed.numberOfKeys, 2)
    t.end()
  })

  t.test('answers the default for a key without a value, and keeps nothing for reading', (t) => {
    const keyed = backend()
    const state = keyed.getValueState({ name: 'n', defaultValue: 7 })
    keyed.setCurrentKey('k')

    t.equal(state.value(), 7)
    t.equal(keyed.numberOfKeys, 0)
    state.update(1)
    state.clear()
    t.equal(state.value(), 7)
    t.equal(keyed.numberOfKeys, 0)
    state.update(2)
    t.equal(state.value(), 2)
    t.equal(keyed.getValueState({ name: 'n' }), state)
    t.end()
  })

  t.test('refuses a key that another subtask owns, and access without a key', (t) => {
    const keyGroupRange = keyGroupRangeForOperator(128, 2, 0)
    const keyed = new HeapKeyedStateBackend({ maxParallelism: 128, keyGroupRange })
    const state = keyed.getValueState<number>({ name: 'n' })
    t.throws(() => state.value(), { code: 'FLINK_NO_CURRENT_KEY', message: /"n"/ })

    const foreign = [...'abcdef'].find((key) => keyGroupFor(hashKey(key), 128) > 63)!
    keyed.setCurrentKey(foreign)
    t.throws(() => state.update(1), { code: 'FLINK_KEY_GROUP_OUT_OF_RANGE', message: /0 to 63/ })
    keyed.setCurrentKey(() => 1)
    t.throws(() => state.update(1), { code: 'FLINK_KEY_NOT_SUPPORTED' })
    keyed.setCurrentKey(null)
    t.throws(() => state.value(), { code: 'FLINK_KEY_NOT_SUPPORTED' })

    keyed.clearCurrentKey()
    t.equal(keyed.currentKey, undefined)
    t.throws(() => state.clear(), { code: 'FLINK_NO_CURRENT_KEY' })
    t.end()
  })
  t.end()
})
