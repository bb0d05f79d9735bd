import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashKey, keyGroupFor, Types } from '@flink-ts/core'
import {
  HeapKeyedStateBackend,
  type KeyedSnapshot,
  type KeyedStateBackend,
  type KeyedStateBackendOptions,
  type KeyedStateHandle,
} from '@flink-ts/state'
import { SnapshotStorage } from '@flink-ts/state/testing'
import { LocalTableFiles, LsmKeyedStateBackend } from '@flink-ts/state-lsm'
import fc from 'fast-check'
import t from 'tap'

const MAX_PARALLELISM = 12
const ALL = { start: 0, end: MAX_PARALLELISM - 1 }
const SMALL = {
  memtableBytes: 4 * 1024,
  cacheBytes: 64 * 1024,
  tableBytes: 8 * 1024,
  level1Bytes: 16 * 1024,
}

/** A backend with a state of each kind. */
class Subject {
  readonly backend: KeyedStateBackend
  readonly value
  readonly list
  readonly map

  constructor(backend: KeyedStateBackend) {
    this.backend = backend
    this.value = backend.getValueState<string>({ name: 'value', type: Types.string })
    this.list = backend.getListState<{ n: number }>({ name: 'list' })
    this.map = backend.getMapState<number | string, string>({ name: 'map' })
  }

  contents(): string[] {
    const lines: string[] = []
    for (const name of ['value', 'list', 'map']) {
      this.backend.forEachEntry(name, (key, value, keyGroup) => {
        const held = typeof value === 'string' ? [value] : [...(value as Iterable<unknown>)]
        const texts = held.map((one) => JSON.stringify(one))
        if (name === 'map') texts.sort()
        lines.push(`${name} ${keyGroup} ${JSON.stringify(key)} ${texts.join()}`)
      })
    }
    return lines.sort()
  }
}

const command = fc.record({
  kind: fc.constantFrom(
    ...(['update', 'update', 'clear', 'add', 'add', 'addMany', 'replace', 'clearList'] as const),
    ...(['put', 'put', 'putMany', 'remove', 'clearMap', 'read', 'read'] as const),
    ...(['snapshot', 'slice', 'complete', 'restart', 'rescale'] as const),
  ),
  key: fc.oneof(fc.nat(40), fc.constantFrom('a', 'b', 'ä')),
  n: fc.nat(60),
})
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

function change({ backend, value, list, map }: Subject, { kind, key, n }: Command, i: number) {
  backend.setCurrentKey(key)
  switch (kind) {
    case 'update':
      value.update(`${i} ${'v'.repeat(n * 8)}`)
      break
    case 'clear':
      value.clear()
      break
    case 'add':
      list.add({ n: i })
      break
    case 'addMany':
      for (let k = 0; k < n * 20; k++) list.add({ n: k })
      break
    case 'replace':
      list.update([...list.get()].slice(0, n))
      break
    case 'clearList':
      list.clear()
      break
    case 'put':
      map.put(n % 2 === 0 ? n : `${n}`, `${i}`)
      break
    case 'putMany':
      for (let k = 0; k < n; k++) map.put(k, `${i} ${k}`)
      break
    case 'remove':
      map.remove(n)
      break
    case 'clearMap':
      map.clear()
      break
    default:
  }
}

/** Changes a key in the subtask that owns it, and in the twin. */
function changeOne(parts: readonly Subject[], twin: Subject, key: number, text: string): void {
  const keyGroup = keyGroupFor(hashKey(key), MAX_PARALLELISM)
  for (const subject of [...parts, twin]) {
    const { start, end } = subject.backend.keyGroupRange
    if (keyGroup < start || keyGroup > end) continue
    subject.backend.setCurrentKey(key)
    if (key % 3 === 0) subject.value.clear()
    else subject.value.update(text)
  }
}

const look = ({ backend, value, list, map }: Subject, { key, n }: Command) => {
  backend.setCurrentKey(key)
  const entries = [...map.entries()].map((entry) => JSON.stringify(entry)).sort()
  return [value.value(), [...list.get()], map.get(n), map.isEmpty(), entries]
}

t.test(
  'LsmKeyedStateBackend: is the heap backend, whatever is done, stored and restored',
  async (t) => {
    const parent = mkdtempSync(join(tmpdir(), 'lsm-model-'))
    t.teardown(() => rmSync(parent, { recursive: true }))
    let number = 0
    const create = (keyGroupRange: KeyedStateBackendOptions['keyGroupRange']) =>
      new LsmKeyedStateBackend({
        maxParallelism: MAX_PARALLELISM,
        keyGroupRange,
        files: new LocalTableFiles(join(parent, `db-${number++}`)),
        memoryBytes: 0,
        plan: SMALL,
        runId: `run-${number}`,
        isIncremental: true,
      })
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 20, maxLength: 100, size: 'max' }),
        async (commands) => {
          const heap = new HeapKeyedStateBackend({
            maxParallelism: MAX_PARALLELISM,
            keyGroupRange: ALL,
          })
          const twin = new Subject(heap)
          let subject = new Subject(create(ALL))
          const storage = new SnapshotStorage()
          const restored = async (handle: KeyedStateHandle | undefined, parallelism: number) => {
            const scale = { parallelism, maxParallelism: MAX_PARALLELISM }
            const subjects: Subject[] = []
            for (const { range, restore } of storage.restores([handle], scale)) {
              const backend = create(range)
              await backend.restore(restore)
              subjects.push(new Subject(backend))
            }
            return subjects
          }
          let open: { snapshot: KeyedSnapshot; expected: string[] } | undefined
          let id = 1n
          const complete = async () => {
            if (open === undefined) return
            const { snapshot, expected } = open
            open = undefined
            const handle = await storage.store(snapshot)
            subject.backend.notifyCheckpointComplete?.(snapshot.checkpointId)
            const [copy] = await restored(handle, 1)
            t.strictSame(copy!.contents(), expected)
            await copy!.backend.close?.()
          }
          for (const [i, each] of commands.entries()) {
            const { kind, n } = each
            if (kind === 'read') t.strictSame(look(subject, each), look(twin, each))
            else if (kind === 'snapshot') {
              const full = n > 40
              open ??= {
                snapshot: subject.backend.snapshot(id++, { full }),
                expected: twin.contents(),
              }
            } else if (kind === 'slice') open?.snapshot.writeSlice(0)
            else if (kind === 'complete') await complete()
            else if (kind === 'restart' || kind === 'rescale') {
              await complete()
              let handles = [await storage.store(subject.backend.snapshot(id++))]
              await subject.backend.close?.()
              if (kind === 'rescale') {
                const parts = await restored(handles[0], 2 + (n % 3))
                handles = []
                for (let k = 0; k < 40; k += 1 + (n % 5)) changeOne(parts, twin, k, `${i}`)
                for (const { backend } of parts) {
                  handles.push(await storage.store(backend.snapshot(id++)))
                  await backend.close?.()
                }
              }
              const [one] = storage.restores(handles, {
                parallelism: 1,
                maxParallelism: MAX_PARALLELISM,
              })
              const backend = create(ALL)
              await backend.restore(one!.restore)
              subject = new Subject(backend)
              const all = (of: Subject) =>
                Array.from({ length: 41 }, (_, key) => look(of, { kind: 'read', key, n }))
              t.strictSame(all(subject), all(twin))
            } else for (const which of [subject, twin]) change(which, each, i)
          }
          t.strictSame(subject.contents(), twin.contents())
          t.equal(subject.backend.numberOfKeys, heap.numberOfKeys)
          open?.snapshot.release()
          await subject.backend.close?.()
        },
      ),
      { numRuns: 6 },
    )
  },
)
