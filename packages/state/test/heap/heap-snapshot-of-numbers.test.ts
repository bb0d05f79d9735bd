import { Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { assignKeyGroups, HeapKeyedStateBackend, type KeyedSnapshot } from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'
import { completeSnapshot, openInline } from '../snapshot-files.js'
import { restored, Subject } from './states-of-each-kind.js'

t.test('HeapKeyedStateBackend.snapshot', async (t) => {
  await t.test('keeps numbers that are replaced, and writes them in slices only', async (t) => {
    const subject = new Subject()
    const keys = Array.from({ length: 100_000 }, (_, i) => `key ${i}`)
    for (const key of keys) {
      subject.backend.setCurrentKey(key)
      subject.sum.add(1)
    }
    const expected = subject.contents()
    const snapshot = subject.backend.snapshot(1n)
    const pendingBytes = snapshot.pendingBytes
    for (const [i, key] of keys.entries()) {
      subject.backend.setCurrentKey(key)
      if (i % 3 === 0) subject.sum.clear()
      else subject.sum.add(1)
    }
    t.equal(snapshot.pendingBytes, pendingBytes, 'an access encodes nothing')
    const handle = completeSnapshot(snapshot)
    t.ok((await restored([handle], 2)).join() === expected.join(), 'and changes nothing')
  })

  await t.test(
    'of one state of numbers holds what each key had, whatever keys and values are',
    async (t) => {
      const numberKeys = [-1, 0.5, Number.NaN, 2 ** 40, -(2 ** 53), Number.POSITIVE_INFINITY]
      const ints = [0, 1, -1, 123, -124, 124, 40_000, -40_000, 0x7fffffff, -0x80000000]
      const doubles = [...ints, -0, 0.1, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31, 1e300]
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            keyKind: fc.constantFrom('numbers', 'texts', 'both'),
            type: fc.constantFrom('int' as const, 'double' as const),
            keys: fc.constantFrom(20, 300, 20_000),
            rounds: fc.array(
              fc.record({
                changes: fc.integer({ min: 0, max: 4000 }),
                what: fc.constantFrom('begin', 'slice', 'complete', 'release'),
              }),
              { minLength: 1, maxLength: 12 },
            ),
          }),
          async ({ keyKind, type, keys, rounds }) => {
            const range = { start: 0, end: 1 }
            const options = { maxParallelism: 2, clock: new ManualClock() }
            const make = (keyGroupRange: typeof range) => {
              const backend = new HeapKeyedStateBackend({ ...options, keyGroupRange })
              const state = backend.getValueState<number>({ name: 'n', type: Types[type] })
              return { backend, state }
            }
            const { backend, state } = make(range)
            const values = type === 'int' ? ints : doubles
            const model = new Map<unknown, number>()
            let i = 0
            const change = (remove: boolean) => {
              const n = (i * 7919) % keys
              const number = numberKeys[n] ?? n
              const key =
                keyKind === 'texts' || (keyKind === 'both' && n % 3 === 0) ? `k${n}` : number
              const value = values[(i * 31 + n) % values.length]!
              backend.setCurrentKey(key)
              if (remove && i % 5 === 0) {
                state.clear()
                model.delete(key)
              } else {
                state.update(value)
                model.set(key, value)
              }
              i++
            }
            while (i < keys) change(false)
            const open: { snapshot: KeyedSnapshot; expected: Map<unknown, number> }[] = []
            const complete = async () => {
              const taken = open.shift()
              if (taken === undefined) return
              const handles = [completeSnapshot(taken.snapshot)]
              const found = new Map<unknown, number>()
              const assigned = assignKeyGroups(handles, { parallelism: 2, maxParallelism: 2 })
              for (const [subtask, parts] of assigned.entries()) {
                const part = make({ start: subtask, end: subtask })
                await part.backend.restore({ parts, open: openInline })
                part.backend.forEachEntry('n', (key, value) => {
                  found.set(key, value as number)
                })
              }
              const isSame =
                found.size === taken.expected.size &&
                [...found].every(([key, value]) => Object.is(taken.expected.get(key), value))
              // Thousands of entries, compared one by one only when they differ.
              if (!isSame) t.strictSame(found, taken.expected)
            }
            const begin = () => {
              const snapshot = backend.snapshot(BigInt(i))
              open.push({ snapshot, expected: new Map(model) })
            }
            begin()
            for (const { changes, what } of rounds) {
              for (let left = changes; left > 0; left--) change(true)
              if (what === 'begin') begin()
              else if (what === 'slice') open.at(-1)?.snapshot.writeSlice(0)
              else if (what === 'complete') await complete()
              else open.pop()?.snapshot.release()
            }
            while (open.length > 0) await complete()
          },
        ),
        { numRuns: 25 },
      )
      t.pass('what was restored is what the model had')
    },
  )

  await t.test('of one state of numbers fails at a value of another type', (t) => {
    for (const [type, value] of [
      ['int', 0.5],
      ['double', 'text'],
    ] as const) {
      const backend = new HeapKeyedStateBackend({
        maxParallelism: 1,
        keyGroupRange: { start: 0, end: 0 },
        clock: new ManualClock(),
      })
      const state = backend.getValueState<number>({ name: 'n', type: Types[type] })
      for (let key = 0; key < 100; key++) {
        backend.setCurrentKey(key)
        state.update(key === 70 ? (value as number) : key)
      }
      t.throws(() => completeSnapshot(backend.snapshot(1n)), { code: 'FLINK_STATE_VALUE' })
    }
    t.end()
  })
})
