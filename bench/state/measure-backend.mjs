// `node bench/state/measure-backend.mjs BACKEND KEYS SCRATCH`: measures one state backend in a process of its own and prints one JSON line per figure.
// Times are those of the processor, of all threads of the process: they are the same beside other work, nearly.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileSystemRegistry, LocalFileSystem, SystemRandom, Types } from '@flink-ts/core'
import { openStateHandle, StateStreams, storeKeyedSnapshot } from '@flink-ts/state'
import { BACKENDS } from './backends.mjs'

const [name, keysText, scratch] = process.argv.slice(2)
const KEYS = Number(keysText)
const ACCESSES = 500_000
const ACCESSED_KEYS = Math.min(KEYS, 100_000)
const create = BACKENDS[name](scratch)

function report(figure) {
  console.log(JSON.stringify(figure))
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** In an order that no cache foresees, the same in each run. */
function* order(count, below) {
  let seed = 7
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    yield (seed >>> 4) % below
  }
}

const keyOf = (i) => `user-${String(i).padStart(10, '0')}`

/** One access is what a function does for a record: it sets the key, reads and writes. */
const ACCESS = {
  value(backend) {
    const state = backend.getValueState({ name: 'value', type: Types.int })
    return () => state.update((state.value() ?? 0) + 1)
  },
  'value with time to live'(backend) {
    const ttl = { ttlMs: 3_600_000 }
    const state = backend.getValueState({ name: 'ttl', type: Types.int, ttl })
    return () => state.update((state.value() ?? 0) + 1)
  },
  'list (add)'(backend) {
    const state = backend.getListState({ name: 'list', type: Types.int })
    return (i) => state.add(i)
  },
  'map (get and put)'(backend) {
    const state = backend.getMapState({ name: 'map', keyType: Types.int, type: Types.int })
    return (i) => state.put(i % 10, (state.get(i % 10) ?? 0) + 1)
  },
  reducing(backend) {
    const reduceFunction = (a, b) => a + b
    const state = backend.getReducingState({ name: 'sum', type: Types.int, reduceFunction })
    return () => state.add(1)
  },
  aggregating(backend) {
    const aggregateFunction = {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (value, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
      getResult: ({ sum, count }) => sum / count,
      merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    }
    const type = Types.object({ sum: Types.int, count: Types.int })
    const state = backend.getAggregatingState({ name: 'average', type, aggregateFunction })
    return (i) => state.add(i)
  },
}

async function measureAccess() {
  const keys = Array.from({ length: ACCESSED_KEYS }, (_, i) => keyOf(i))
  for (const [kind, prepare] of Object.entries(ACCESS)) {
    const backend = create()
    const access = prepare(backend)
    const round = () => {
      const begin = cpuSeconds()
      let i = 0
      for (const k of order(ACCESSES, ACCESSED_KEYS)) {
        backend.setCurrentKey(keys[k])
        access(i++)
      }
      return cpuSeconds() - begin
    }
    round()
    const value = ACCESSES / round() / 1e6
    report({ case: name, metric: `${kind}, ${ACCESSED_KEYS} keys`, unit: 'million/s', value })
    await backend.close?.()
  }
}

/** What is stored for each key. */
const STORED = {
  'a number': { descriptor: { name: 's', type: Types.int }, valueAt: (i) => i },
  'a dynamic object': { descriptor: { name: 's' }, valueAt: (i) => ({ word: `w${i}`, count: i }) },
}

async function measureSnapshots() {
  const fileSystems = new FileSystemRegistry([new LocalFileSystem()], 'file')
  const random = new SystemRandom()
  for (const [what, stored] of Object.entries(STORED)) {
    const add = (metric, unit, value) =>
      report({ case: name, metric: `${metric}, ${KEYS} keys with ${what}`, unit, value })
    const directory = join(scratch, `chk-${name}-${what.replaceAll(' ', '-')}`)
    mkdirSync(directory)
    const location = { directory, sharedDirectory: directory }
    const streams = new StateStreams({ fileSystems, random, location })
    // The state that was stored is gone before it is restored: both would not fit.
    const handle = await measureSnapshot(stored, streams, add)
    const restored = create()
    const begin = cpuSeconds()
    const parts = [{ handle, keyGroups: handle.keyGroups }]
    await restored.restore({ parts, open: (file) => openStateHandle(fileSystems, file) })
    add('restore', 's', cpuSeconds() - begin)
    await restored.close?.()
  }
}

/** The first one of a task, and on the heap a second one: the keys of the first are encoded already. */
async function measureSnapshot({ descriptor, valueAt }, streams, add) {
  const backend = create()
  const state = backend.getValueState(descriptor)
  for (let i = 0; i < KEYS; i++) {
    backend.setCurrentKey(keyOf(i))
    state.update(valueAt(i))
  }
  let handle
  for (const [id, title] of name === 'hashmap'
    ? [
        [1n, 'snapshot'],
        [2n, 'second snapshot'],
      ]
    : [[1n, 'snapshot']]) {
    const taken = performance.now()
    const snapshot = backend.snapshot(id, { full: true })
    add(`${title}, synchronous part`, 'ms', performance.now() - taken)
    const stored = cpuSeconds()
    handle = await storeKeyedSnapshot(snapshot, streams, async () => 5)
    add(title, 's', cpuSeconds() - stored)
  }
  add('snapshot, size', 'MB', handle.snapshot.sizeBytes / 1e6)
  await backend.close?.()
  return handle
}

await measureAccess()
await measureSnapshots()
