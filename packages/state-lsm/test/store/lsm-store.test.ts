import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashBytes, LocalTableFiles, LsmStore } from '@flink-ts/state-lsm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { sortByBytes } from '../../dist/store/sort-by-bytes.js'

const FIRST = 3
const LAST = 9

function openStore(test: Test, memoryBytes = 0) {
  const parent = mkdtempSync(join(tmpdir(), 'lsm-store-'))
  const directory = join(parent, 'db')
  const store = new LsmStore({
    files: new LocalTableFiles(directory),
    firstKeyGroup: FIRST,
    lastKeyGroup: LAST,
    memoryBytes,
  })
  test.teardown(() => {
    store.close()
    rmSync(parent, { recursive: true, force: true })
  })
  return { store, directory }
}

type Prefix = readonly [group: number, name: number]

const prefixOf = ([group, name]: Prefix) => Buffer.of(group >>> 8, group & 0xff, 7, name)
const keyOf = (prefix: Prefix, rest: number) =>
  rest < 0 ? prefixOf(prefix) : Buffer.concat([prefixOf(prefix), Buffer.of(rest)])
const hashOf = (key: Buffer, length = key.length) => hashBytes(key, 0, length, 0)

function put(store: LsmStore, key: Buffer, value: Buffer | undefined): void {
  const prefixHash = hashOf(key, 4) | 1
  if (value === undefined) store.remove(hashOf(key), prefixHash, key, key.length)
  else store.put(hashOf(key), prefixHash, key, key.length, value, 0, value.length)
}

function get(store: LsmStore, key: Buffer): Buffer | undefined {
  if (!store.get(hashOf(key), key, key.length)) return undefined
  return copy(store.valueBytes, store.valueStart, store.valueLength)
}

const copy = (bytes: Buffer, start: number, length: number) =>
  Buffer.from(bytes.subarray(start, start + length))

function read(cursor: ReturnType<ReturnType<LsmStore['view']>['cursor']>): [string, string][] {
  const entries: [string, string][] = []
  for (; cursor.isValid; cursor.next()) {
    const key = copy(cursor.keyBytes, cursor.keyStart, cursor.keyLength)
    const value = copy(cursor.valueBytes, cursor.valueStart, cursor.valueLength)
    entries.push([key.toString('hex'), value.toString('hex')])
  }
  cursor.close()
  return entries
}

const sorted = (model: Map<string, string>) => [...model].sort(([a], [b]) => (a < b ? -1 : 1))

type Step =
  | { readonly kind: 'put'; prefix: Prefix; rest: number; size: number; fill: number }
  | { readonly kind: 'remove'; prefix: Prefix; rest: number }
  | { readonly kind: 'flush' | 'settle' | 'view' | 'compare' }
  | { readonly kind: 'work'; bytes: number }

const prefix = fc.tuple(fc.integer({ min: FIRST, max: LAST }), fc.integer({ min: 0, max: 3 }))
const rest = fc.integer({ min: -1, max: 5 })
const size = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 1000, max: 9000 }),
  fc.constant(200_000),
)
const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        prefix,
        rest,
        size,
        fill: fc.integer({ min: 0, max: 255 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), prefix, rest }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'flush' as const,
          'flush' as const,
          'view' as const,
          'settle' as const,
          'compare' as const,
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('work' as const), bytes: fc.constant(3000) }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 1, maxLength: 120 },
)

t.test('LsmStore: is a sorted map, and its views are what it was when they were taken', (t) => {
  fc.assert(
    fc.property(steps, (steps) => {
      const parent = mkdtempSync(join(tmpdir(), 'lsm-store-'))
      const directory = join(parent, 'db')
      const store = new LsmStore({
        files: new LocalTableFiles(directory),
        firstKeyGroup: FIRST,
        lastKeyGroup: LAST,
        memoryBytes: 0,
      })
      const model = new Map<string, string>()
      const views: { view: ReturnType<LsmStore['view']>; expected: [string, string][] }[] = []
      const check = () => {
        for (let group = FIRST; group <= LAST; group++) {
          for (let name = 0; name <= 3; name++) {
            const bytes = prefixOf([group, name])
            for (let rest = -1; rest <= 5; rest++) {
              const key = keyOf([group, name], rest)
              t.equal(get(store, key)?.toString('hex'), model.get(key.toString('hex')))
            }
            const start = bytes.toString('hex')
            const cursor = store.cursorOfPrefix(hashOf(bytes) | 1, bytes, bytes.length)
            t.strictSame(
              read(cursor),
              sorted(model).filter(([key]) => key.startsWith(start) && key !== start),
            )
          }
        }
      }
      try {
        for (const step of steps) {
          if (step.kind === 'put') {
            const key = keyOf(step.prefix, step.rest)
            const value = Buffer.alloc(step.size, step.fill)
            put(store, key, value)
            model.set(key.toString('hex'), value.toString('hex'))
          } else if (step.kind === 'remove') {
            const key = keyOf(step.prefix, step.rest)
            put(store, key, undefined)
            model.delete(key.toString('hex'))
          } else if (step.kind === 'work') store.settle(step.bytes)
          else if (step.kind === 'settle') store.settle()
          else if (step.kind === 'flush') {
            const view = store.view()
            store.flushFor(view, Number.POSITIVE_INFINITY)
            view.release()
          } else if (step.kind === 'view')
            views.push({ view: store.view(), expected: sorted(model) })
          else check()
        }
        check()
        for (const { view, expected } of views) t.strictSame(read(view.cursor()), expected)
      } finally {
        for (const { view } of views) view.release()
        store.settle()
        const tables = [...store.levels.all()].length
        t.equal(readdirSync(directory).length, tables, 'no file is left over')
        store.close()
        rmSync(parent, { recursive: true, force: true })
      }
    }),
    { numRuns: 60 },
  )
  t.end()
})

t.test('LsmStore: keeps what is many times its memory, level by level', (t) => {
  const { store, directory } = openStore(t)
  const model = new Map<number, number>()
  let seed = 7
  const random = (bound: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return Math.floor((seed / 2 ** 32) * bound)
  }
  const key = Buffer.alloc(8)
  const keyFor = (i: number) => {
    key.writeUInt16BE(FIRST + (i % (LAST - FIRST + 1)))
    key.writeUInt32BE(i, 4)
    return key
  }
  const value = Buffer.alloc(200)
  for (let i = 0; i < 200_000; i++) {
    const number = random(120_000)
    value.writeUInt32LE(i)
    if (i % 10 === 9) {
      put(store, keyFor(number), undefined)
      model.delete(number)
    } else {
      put(store, keyFor(number), value)
      model.set(number, i)
    }
  }
  let wrong = 0
  for (let i = 0; i < 120_000; i++) {
    if (get(store, keyFor(i))?.readUInt32LE(0) !== model.get(i)) wrong++
  }
  t.equal(wrong, 0)
  store.settle()
  t.ok(store.levels.depth > 2, `${store.levels.depth} levels`)
  t.ok(store.compactedBytes > 0)
  const view = store.view()
  t.equal(read(view.cursor()).length, model.size)
  view.release()
  store.settle()
  t.equal(readdirSync(directory).length, [...store.levels.all()].length)
  t.end()
})

t.test('LocalTableFiles: the folder belongs to one, and is removed with it', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'lsm-store-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const files = new LocalTableFiles(join(parent, 'db'))
  t.throws(() => new LocalTableFiles(join(parent, 'db')), { code: 'FLINK_STATE_FILE' })
  files.close()
  files.close()
  t.strictSame(readdirSync(parent), [])
  t.end()
})

t.test('sortByBytes: keys come in the order of their bytes, whatever they have in common', (t) => {
  const key = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.uint8Array({ maxLength: 3 }).map((end) => Uint8Array.of(1, 2, 3, 4, 5, 6, 7, ...end)),
    fc.array(fc.constantFrom(0, 1), { maxLength: 9 }).map((bytes) => Uint8Array.from(bytes)),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 80, size: 'max' }), fc.uint8Array(), (all, prefix) => {
      const keys = all.map((each) => Buffer.concat([prefix, each]))
      const starts = keys.map((_, i) =>
        keys.slice(0, i).reduce((sum, { length }) => sum + length, 0),
      )
      const order = Int32Array.from(keys.keys())
      sortByBytes(order, {
        bytes: Buffer.concat(keys),
        startOf: (i) => starts[i]!,
        lengthOf: (i) => keys[i]!.length,
      })
      const expected = keys.map((each) => each.toString('hex')).sort()
      assert.deepEqual(
        [...order].map((i) => keys[i]!.toString('hex')),
        expected,
      )
      assert.equal(new Set(order).size, keys.length)
    }),
    { numRuns: 300 },
  )
  t.end()
})
