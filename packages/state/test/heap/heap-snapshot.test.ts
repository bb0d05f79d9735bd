import { crc32 } from 'node:zlib'
import { hashKey, keyGroupFor, keyGroupRangeForOperator, Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  assignKeyGroups,
  HeapKeyedStateBackend,
  type KeyedSnapshot,
  type KeyedStateHandle,
  type KeyedTimer,
  type TimerStateSource,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'
import { completeSnapshot, openInline } from '../snapshot-files.js'

const MAX_PARALLELISM = 16
const ALL = { start: 0, end: MAX_PARALLELISM - 1 }
type Item = { n: number; tags: string[] }

class Timers implements TimerStateSource {
  readonly groups = new Map<number, KeyedTimer[]>()

  timersOf(keyGroup: number): readonly KeyedTimer[] {
    return [...(this.groups.get(keyGroup) ?? [])]
  }

  restoreTimers(keyGroup: number, timers: readonly KeyedTimer[]): void {
    this.groups.set(keyGroup, [...this.timersOf(keyGroup), ...timers])
  }

  all(): string[] {
    return [...this.groups.values()].flatMap((timers) =>
      timers.map(({ key, timestamp }) => `${String(key)}@${timestamp}`),
    )
  }
}

/** Short, so that what differs can be seen. */
function digest(held: unknown): string {
  const text = JSON.stringify(held)
  return `${text.slice(0, 60)} ${crc32(text)}`
}

/** A backend with a state of each kind. */
class Subject {
  readonly backend: HeapKeyedStateBackend
  readonly value
  readonly list
  readonly map
  readonly sum
  readonly text
  readonly timers = new Timers()

  constructor(range = ALL) {
    this.backend = new HeapKeyedStateBackend({
      maxParallelism: MAX_PARALLELISM,
      keyGroupRange: range,
      clock: new ManualClock(),
    })
    this.value = this.backend.getValueState<Item>({ name: 'value' })
    this.list = this.backend.getListState<Item>({ name: 'list' })
    this.map = this.backend.getMapState<string | number, Item>({ name: 'map' })
    this.sum = this.backend.getReducingState<number>({
      name: 'sum',
      type: Types.double,
      reduceFunction: (a, b) => a + b,
    })
    this.text = this.backend.getAggregatingState<string, string[], string>({
      name: 'text',
      aggregateFunction: {
        createAccumulator: () => [],
        add(value, accumulator) {
          accumulator.push(value)
          return accumulator
        },
        getResult: (accumulator) => accumulator.join(''),
        merge: (a, b) => [...a, ...b],
      },
    })
    this.backend.registerTimers('timers', this.timers)
  }

  /** Everything as plain text, in a fixed order. */
  contents(): string[] {
    const lines: string[] = []
    for (const name of ['value', 'list', 'sum', 'text']) {
      this.backend.forEachEntry(name, (key, value) => {
        const held = name === 'list' ? [...(value as Iterable<unknown>)] : value
        lines.push(`${name} ${String(key)} ${digest(held)}`)
      })
    }
    this.backend.forEachEntry('map', (key, value) => {
      for (const [mapKey, held] of value as Iterable<[unknown, unknown]>) {
        lines.push(`map ${String(key)} ${typeof mapKey} ${String(mapKey)} ${digest(held)}`)
      }
    })
    return [...lines, ...this.timers.all()].sort()
  }
}

const command = fc.record({
  kind: fc.constantFrom(
    'switch',
    'switch',
    'update',
    'mutateValue',
    'clearValue',
    'add',
    'addMany',
    'mutateElement',
    'replaceList',
    'clearList',
    'put',
    'putMany',
    'mutateEntry',
    'mutateEntries',
    'remove',
    'clearMap',
    'reduce',
    'clearSum',
    'aggregate',
    'timer',
    'noTimer',
    'snapshot',
    'slice',
    'slice',
    'abort',
    'visit',
  ),
  key: fc.oneof(fc.nat(30), fc.constantFrom('a', 'b', 'c')),
  n: fc.nat(8),
})

/** Runs the commands; a twin does the same without snapshots, and tells what each snapshot should hold. */
function run(subject: Subject, commands: readonly { kind: string; key: unknown; n: number }[]) {
  const twin = new Subject()
  const snapshots: { snapshot: KeyedSnapshot; expected: string[] }[] = []
  for (const each of [subject, twin]) each.backend.setCurrentKey('a')
  for (const [i, command] of commands.entries()) {
    const { kind, n } = command
    if (kind === 'snapshot') {
      if (snapshots.length >= 4) continue
      snapshots.push({ snapshot: subject.backend.snapshot(BigInt(i)), expected: twin.contents() })
    } else if (kind === 'slice') {
      snapshots[n % Math.max(1, snapshots.length)]?.snapshot.writeSlice(0)
    } else if (kind === 'abort') {
      if (snapshots.length > 2) snapshots.shift()!.snapshot.release()
    } else {
      for (const each of [subject, twin]) change(each, command, i)
    }
  }
  return snapshots
}

function change(
  { backend, value, list, map, sum, text, timers }: Subject,
  { kind, key: other, n }: { kind: string; key: unknown; n: number },
  i: number,
): void {
  const key = backend.currentKey
  const item = () => ({ n: i, tags: ['x'] })
  switch (kind) {
    case 'switch':
      backend.setCurrentKey(other)
      break
    case 'update':
      value.update(item())
      break
    case 'mutateValue':
      value.value()?.tags.push(`m${i}`)
      break
    case 'clearValue':
      value.clear()
      break
    case 'add':
      list.add(item())
      break
    case 'addMany':
      for (let k = 0; k < 600 * n; k++) list.add({ n: k, tags: [] })
      break
    case 'mutateElement':
      for (const element of list.get()) {
        element.n = -i
        if (n > 4) break
      }
      break
    case 'replaceList':
      list.update([...list.get()].slice(0, 3).reverse())
      break
    case 'clearList':
      list.clear()
      break
    case 'put':
      map.put(n % 2 === 0 ? n : `k${n}`, item())
      break
    case 'putMany':
      for (let k = 0; k < 500 * n; k++) map.put(k, { n: k, tags: [] })
      break
    case 'mutateEntry':
      map.get(n)?.tags.push(`m${i}`)
      break
    case 'mutateEntries':
      for (const [, held] of map.entries()) held.n = -i
      break
    case 'remove':
      map.remove(n)
      break
    case 'clearMap':
      map.clear()
      break
    case 'reduce':
      sum.add(n)
      break
    case 'clearSum':
      sum.clear()
      break
    case 'aggregate':
      text.add(`t${i}`)
      break
    case 'timer':
      timers.restoreTimers(keyGroupFor(hashKey(key), MAX_PARALLELISM), [{ key, timestamp: i }])
      break
    case 'noTimer':
      timers.groups.get(keyGroupFor(hashKey(key), MAX_PARALLELISM))?.pop()
      break
    default:
      backend.forEachEntry('value', (_, held) => (held as Item).tags.push('v'))
  }
}

async function restored(handles: KeyedStateHandle[], parallelism: number): Promise<string[]> {
  const lines: string[] = []
  const parts = assignKeyGroups(handles, { parallelism, maxParallelism: MAX_PARALLELISM })
  for (let subtask = 0; subtask < parallelism; subtask++) {
    const range = keyGroupRangeForOperator(MAX_PARALLELISM, parallelism, subtask)
    const subject = new Subject(range)
    await subject.backend.restore({ parts: parts[subtask]!, open: openInline })
    lines.push(...subject.contents())
  }
  return lines.sort()
}

t.test('HeapKeyedStateBackend.snapshot', async (t) => {
  await t.test(
    'holds the state of its beginning, whatever is done while it is written',
    async (t) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(command, { maxLength: 120, size: 'max' }),
          fc.integer({ min: 1, max: 5 }),
          async (commands, parallelism) => {
            const snapshots = run(new Subject(), commands)
            for (const { snapshot, expected } of snapshots) {
              const handle = completeSnapshot(snapshot)
              const found = await restored([handle], parallelism)
              // Thousands of lines, compared one by one only when they differ.
              if (found.join('\n') !== expected.join('\n')) t.strictSame(found, expected)
            }
          },
        ),
        { numRuns: 100 },
      )
    },
  )

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
    'holds what many keys of few key groups had, while they change, go and come',
    async (t) => {
      const all = { start: 0, end: 1 }
      const make = () => {
        const backend = new HeapKeyedStateBackend({
          maxParallelism: 2,
          keyGroupRange: all,
          clock: new ManualClock(),
        })
        return {
          backend,
          sum: backend.getValueState<number>({ name: 'sum', type: Types.double }),
          item: backend.getValueState<Item>({ name: 'item' }),
          timed: backend.getValueState<Item>({ name: 'timed', ttl: { ttlMs: 1000 } }),
        }
      }
      const contents = ({ backend }: ReturnType<typeof make>) => {
        const lines: string[] = []
        for (const name of ['sum', 'item', 'timed']) {
          backend.forEachEntry(name, (key, value) => {
            lines.push(`${name} ${typeof key} ${String(key)} ${JSON.stringify(value)}`)
          })
        }
        return lines.sort().join('\n')
      }
      const step = fc.record({
        // As many keys as make some runs, and segments that are made anew.
        from: fc.nat(9000),
        count: fc.integer({ min: 1, max: 6000 }),
        kind: fc.constantFrom('set', 'set', 'mutate', 'drop', 'snapshot', 'slice', 'slice'),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
          const [subject, twin] = [make(), make()]
          const snapshots: { snapshot: KeyedSnapshot; expected: string }[] = []
          for (const [i, { from, count, kind }] of steps.entries()) {
            if (kind === 'snapshot') {
              if (snapshots.length < 3) {
                const snapshot = subject.backend.snapshot(BigInt(i))
                snapshots.push({ snapshot, expected: contents(twin) })
              }
              continue
            }
            if (kind === 'slice') {
              snapshots[from % Math.max(1, snapshots.length)]?.snapshot.writeSlice(0)
              continue
            }
            for (const { backend, sum, item, timed } of [subject, twin]) {
              for (let n = from; n < from + count; n++) {
                backend.setCurrentKey(n % 3 === 0 ? n : `key ${n}`)
                if (kind === 'set') {
                  sum.update(n + i)
                  if (n % 2 === 0) item.update({ n: i, tags: [] })
                  if (n % 5 === 0) timed.update({ n: i, tags: ['t'] })
                } else if (kind === 'mutate') {
                  const held = item.value()
                  if (held !== undefined) held.n = -i
                  timed.value()?.tags.push('m')
                } else {
                  sum.clear()
                  item.clear()
                  timed.clear()
                }
              }
            }
          }
          for (const { snapshot, expected } of snapshots) {
            const handle = completeSnapshot(snapshot)
            const other = make()
            const parts = [{ handle, keyGroups: all }]
            if (handle !== undefined) await other.backend.restore({ parts, open: openInline })
            t.ok(contents(other) === expected, `${expected.length} characters`)
          }
        }),
        { numRuns: 8 },
      )
    },
  )

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

  await t.test('keeps what values are, while they are copied', async (t) => {
    const subject = new Subject()
    const shared = { n: 1, tags: ['a'] }
    const values: unknown[] = [
      { first: shared, second: shared },
      new Map([[1, new Set(['x'])]]),
      Object.assign(new Array(3), { 0: 1, 2: 3 }),
      new Date(5),
      Buffer.of(1, 2),
      Object.assign(Object.create(null), { n: 1 }),
      { deep: { deeper: [{ n: 1 }] } },
    ]
    const state = subject.value as unknown as { update(v: unknown): void; value(): unknown }
    for (const [i, value] of values.entries()) {
      subject.backend.setCurrentKey(i)
      state.update(value)
    }
    const restoredValues = async (isTouched: boolean) => {
      const snapshot = subject.backend.snapshot(isTouched ? 2n : 1n)
      for (let i = 0; isTouched && i < values.length; i++) {
        subject.backend.setCurrentKey(i)
        state.value()
      }
      const parts = [{ handle: completeSnapshot(snapshot), keyGroups: ALL }]
      const other = new Subject()
      await other.backend.restore({ parts, open: openInline })
      return values.map((_, i) => {
        other.backend.setCurrentKey(i)
        return other.value.value() as unknown
      })
    }
    const touched = await restoredValues(true)
    t.strictSame(touched, await restoredValues(false))
    const { first, second } = touched[0] as { first: unknown; second: unknown }
    t.equal(first, second, 'a part that a dynamic value holds twice stays one')
  })
})
