import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeapKeyedStateBackend, type KeyedStateBackendOptions } from '@flink-ts/state'
import {
  keyedSnapshotContract,
  keyedStateBackendContract,
  SnapshotStorage,
} from '@flink-ts/state/testing'
import { LocalTableFiles, LsmKeyedStateBackend } from '@flink-ts/state-lsm'
import t from 'tap'

/** So that there are many files, and levels. */
const SMALL = {
  memtableBytes: 64 * 1024,
  cacheBytes: 64 * 1024,
  tableBytes: 64 * 1024,
  level1Bytes: 128 * 1024,
}

/** Makes backends in a folder that must be empty when they are closed. */
function lsmBackends(isIncremental: boolean) {
  const parent = mkdtempSync(join(tmpdir(), 'lsm-backend-'))
  const backends: LsmKeyedStateBackend[] = []
  return {
    create(options: KeyedStateBackendOptions): LsmKeyedStateBackend {
      const number = backends.length
      const backend = new LsmKeyedStateBackend({
        ...options,
        files: new LocalTableFiles(join(parent, `db-${number}`)),
        memoryBytes: 0,
        plan: SMALL,
        runId: `run-${number}`,
        isIncremental,
      })
      backends.push(backend)
      return backend
    },
    close(): string[] {
      for (const backend of backends) backend.close()
      const left = readdirSync(parent)
      rmSync(parent, { recursive: true })
      return left
    },
  }
}

const createHeap = (options: KeyedStateBackendOptions) => new HeapKeyedStateBackend(options)

t.test('LsmKeyedStateBackend', async (t) => {
  for (const { promise, run } of keyedStateBackendContract) {
    await t.test(promise, async (t) => {
      const backends = lsmBackends(true)
      await run(backends)
      t.strictSame(backends.close(), [], 'no file is left')
    })
  }
  for (const isIncremental of [true, false]) {
    await t.test(isIncremental ? 'incremental' : 'in full', async (t) => {
      for (const { promise, run } of keyedSnapshotContract) {
        await t.test(promise, async (t) => {
          const backends = lsmBackends(isIncremental)
          await run(backends)
          t.strictSame(backends.close(), [], 'no file is left')
        })
      }
    })
  }
  for (const { promise, run } of keyedSnapshotContract) {
    await t.test(`from the heap: ${promise}`, async (t) => {
      const backends = lsmBackends(true)
      await run({ create: createHeap, createRestored: backends.create })
      t.strictSame(backends.close(), [], 'no file is left')
    })
    await t.test(`to the heap: ${promise}`, async (t) => {
      const backends = lsmBackends(false)
      await run({ create: backends.create, createRestored: createHeap })
      t.strictSame(backends.close(), [], 'no file is left')
    })
  }
})

t.test(
  'ForeignStateError: the heap does not take an incremental checkpoint for an empty one',
  async (t) => {
    const backends = lsmBackends(true)
    const options = { maxParallelism: 8, keyGroupRange: { start: 0, end: 7 } }
    const backend = backends.create(options)
    backend.setCurrentKey('a')
    backend.getValueState({ name: 's' }).update(1)
    const storage = new SnapshotStorage()
    const handle = await storage.store(backend.snapshot(1n))
    const [one] = storage.restores([handle], { parallelism: 1, maxParallelism: 8 })
    await t.rejects(createHeap(options).restore(one!.restore), { code: 'FLINK_FOREIGN_STATE' })
    backends.close()
  },
)

t.test(
  'an incremental snapshot names its tables alike, also if a savepoint begins before they are stored',
  async (t) => {
    const backends = lsmBackends(true)
    const options = { maxParallelism: 8, keyGroupRange: { start: 0, end: 7 } }
    const first = backends.create(options)
    first.setCurrentKey('a')
    first.getValueState({ name: 's' }).update(1)
    const storage = new SnapshotStorage()
    const parts = [await storage.store(first.snapshot(1n))]
    const assignment = { parallelism: 1, maxParallelism: 8 }
    const restore = async (handles: typeof parts) => {
      const backend = backends.create(options)
      await backend.restore(storage.restores(handles, assignment)[0]!.restore)
      return backend
    }
    const second = await restore(parts)
    const snapshot = second.snapshot(2n)
    while (!snapshot.writeSlice(10)) {}
    const savepoint = second.snapshot(3n, { full: true })
    const handle = await storage.store(snapshot)
    const full = await storage.store(savepoint)
    for (const of of [handle, full]) {
      const third = await restore([of])
      third.setCurrentKey('a')
      t.equal(third.getValueState({ name: 's' }).value(), 1)
    }
    t.strictSame(backends.close(), [])
  },
)
