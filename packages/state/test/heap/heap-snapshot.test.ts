import { hashKey, keyGroupFor, Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { HeapKeyedStateBackend, type KeyedSnapshot } from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'
import { completeSnapshot, openInline } from '../snapshot-files.js'
import { ALL, type Item, MAX_PARALLELISM, restored, Subject } from './states-of-each-kind.js'

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
