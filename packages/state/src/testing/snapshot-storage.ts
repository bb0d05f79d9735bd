import {
  FileSystemRegistry,
  type FileSystems,
  InMemoryFileSystem,
  type KeyGroupRange,
  keyGroupRangeForOperator,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { SharedStateRegistry } from '../checkpoint/shared-state-registry.js'
import { type KeyedStateHandle, openStateHandle } from '../checkpoint/state-handle.js'
import { StateStreams } from '../checkpoint/state-output-stream.js'
import { storeKeyedSnapshot } from '../checkpoint/store-snapshot.js'
import type { KeyedRestore } from '../keyed-restore.js'
import type { KeyedSnapshot } from '../keyed-snapshot.js'
import { assignKeyGroups } from '../redistribution/assign-key-groups.js'

/** Storage of keyed snapshots in memory, with what a JobManager does for them, for tests of backends. */
export class SnapshotStorage {
  readonly fileSystems: FileSystems
  readonly #random = new SeededRandom(1)
  readonly #registry = new SharedStateRegistry(() => {})
  /** Of the snapshot stored last: bytes of it that are new. */
  newBytes = 0

  constructor() {
    const options = { clock: new ManualClock(), random: this.#random }
    this.fileSystems = new FileSystemRegistry([new InMemoryFileSystem(options)], 'memory')
  }

  /**
   * Stores a snapshot as a completed checkpoint: shared files that it refers to are those that others brought. A snapshot without
   * any state has no handle.
   */
  async store(snapshot: KeyedSnapshot): Promise<KeyedStateHandle | undefined> {
    const { checkpointId } = snapshot
    const directory = `memory:///checkpoints/chk-${checkpointId}`
    const sharedDirectory = 'memory:///checkpoints/shared'
    const fileSystem = this.fileSystems.forPath(directory)
    await fileSystem.mkdirs(directory)
    await fileSystem.mkdirs(sharedDirectory)
    const streams = new StateStreams({
      fileSystems: this.fileSystems,
      random: this.#random,
      location: { directory, sharedDirectory },
    })
    const keyed = await storeKeyedSnapshot(snapshot, streams, async () => 1)
    this.newBytes = keyed === undefined ? 0 : keyed.snapshot.sizeBytes
    for (const { handle } of keyed?.shared ?? []) this.newBytes += handle?.sizeBytes ?? 0
    if (keyed === undefined) return undefined
    const { operators } = this.#registry.register({
      jobId: '0'.repeat(32),
      checkpointId,
      timestampMs: 0,
      kind: 'CHECKPOINT',
      operators: [
        {
          operatorId: '1'.repeat(32),
          operatorName: 'operator',
          parallelism: 1,
          maxParallelism: keyed.keyGroups.end + 1,
          subtasks: new Map([[0, { keyed }]]),
        },
      ],
    })
    return operators[0]!.subtasks.get(0)!.keyed
  }

  /** What each subtask of a parallelism restores. */
  restores(
    handles: readonly (KeyedStateHandle | undefined)[],
    { parallelism, maxParallelism }: { parallelism: number; maxParallelism: number },
  ): { readonly range: KeyGroupRange; readonly restore: KeyedRestore }[] {
    const present = handles.filter((handle) => handle !== undefined)
    return assignKeyGroups(present, { parallelism, maxParallelism }).map((parts, subtask) => ({
      range: keyGroupRangeForOperator(maxParallelism, parallelism, subtask),
      restore: { parts, open: (handle) => openStateHandle(this.fileSystems, handle) },
    }))
  }
}
