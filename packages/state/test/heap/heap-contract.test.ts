import { HeapKeyedStateBackend } from '@flink-ts/state'
import { keyedSnapshotContract, keyedStateBackendContract } from '@flink-ts/state/testing'
import t from 'tap'

t.test('HeapKeyedStateBackend', async (t) => {
  for (const { promise, run } of [...keyedStateBackendContract, ...keyedSnapshotContract]) {
    await t.test(promise, async () => {
      await run({ create: (options) => new HeapKeyedStateBackend(options) })
    })
  }
})
