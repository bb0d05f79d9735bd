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

  t.test('keeps a list per key, as a Map of arrays does', (t) => {
    const command = fc.record({
      kind: fc.constantFrom('add', 'addAll', 'update', 'append', 'clear', 'switch' as const),
      key: fc.constantFrom('x', 'y', 1),
      values: fc.array(fc.oneof(fc.nat(), fc.constantFrom(undefined, null)), { maxLength: 5 }),
      repeat: fc.constantFrom(1, 1, 1, 2000),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const keyed = backend()
        const list = keyed.getListState<unknown>({ name: 'list' })
        const value = keyed.getValueState<number>({ name: 'value' })
        const model = new Map<unknown, unknown[]>()
        let current: unknown = 'x'
        keyed.setCurrentKey(current)
        for (const { kind, key, values, repeat } of commands) {
          const many = Array.from({ length: repeat }, () => values).flat()
          const before = model.get(current) ?? []
          if (kind === 'switch') {
            current = key
            keyed.setCurrentKey(current)
          } else if (kind === 'add') {
            for (const each of many) list.add(each)
            model.set(current, [...before, ...many])
          } else if (kind === 'addAll') {
            list.addAll(many)
            model.set(current, [...before, ...many])
          } else if (kind === 'update') {
            list.update(values)
            model.set(current, values)
          } else if (kind === 'append' && before.length < 20_000) {
            list.addAll(list.get())
            model.set(current, [...before, ...before])
          } else {
            list.clear()
            model.delete(current)
          }
          t.strictSame([...list.get()], model.get(current) ?? [])
          t.equal(value.value(), undefined)
        }
        const found = new Map<unknown, unknown[]>()
        keyed.forEachEntry('list', (key, elements) =>
          found.set(key, [...(elements as Iterable<unknown>)]),
        )
        const filled = [...model].filter(([, values]) => values.length > 0)
        t.strictSame([...found].toSorted(byKey), filled.toSorted(byKey))
        t.equal(keyed.numberOfKeys, filled.length)
      }),
      { numRuns: 100 },
    )
    t.end()
  })

  t.test('refuses one name for two kinds of state', (t) => {
    const keyed = backend()
    keyed.getValueState({ name: 'seen' })
    t.throws(() => keyed.getListState({ name: 'seen' }), {
      code: 'FLINK_STATE_NAME_TAKEN',
      message: /list state "seen".*value state of that name/,
    })
    t.equal(keyed.getListState({ name: 'l' }), keyed.getListState({ name: 'l' }))
    t.end()
  })
  t.end()
})

function byKey([a]: [unknown, unknown], [b]: [unknown, unknown]): number {
  return String(a) < String(b) ? -1 : 1
}
