import { CheckpointingOptions } from '@flink-ts/core'
import type {
  KeyedStateBackendOptions,
  StateBackend,
  StateBackendContext,
  StateBackendFactory,
} from '@flink-ts/state'
import { LsmKeyedStateBackend } from './keyed/lsm-keyed-state-backend.js'
import { BACKEND_NAME } from './keyed/table-list.js'
import { deleteStateFolder, stateFolder } from './state-folder.js'
import { LocalTableFiles } from './store/local-table-files.js'
import { LEAST_MEMORY_BYTES } from './store/memory-plan.js'

/**
 * `state.backend.type: lsm`: keyed state in files below `io.tmp.dirs`, for state larger than memory. Each keyed operator of each subtask has a folder of
 * its own, which is removed when the task ends.
 */
export class LsmStateBackend implements StateBackend {
  readonly name = BACKEND_NAME
  readonly #context: StateBackendContext

  constructor(context: StateBackendContext) {
    this.#context = context
  }

  createKeyedStateBackend(options: KeyedStateBackendOptions): LsmKeyedStateBackend {
    const { configuration, random, directories, reserveMemory } = this.#context
    const directory = directories[random.nextInt(directories.length)]!
    const folder = stateFolder(directory, random)
    const files = new LocalTableFiles(folder)
    return new LsmKeyedStateBackend({
      ...options,
      files: {
        create: (name) => files.create(name),
        open: (name) => files.open(name),
        delete: (name) => files.delete(name),
        pathOf: (name) => files.pathOf(name),
        adopt: (path, name) => files.adopt(path, name),
        close: () => deleteStateFolder(folder),
      },
      memoryBytes: reserveMemory(LEAST_MEMORY_BYTES),
      runId: random.hex(8),
      isIncremental: configuration.get(CheckpointingOptions.INCREMENTAL),
    })
  }
}

export const createStateBackend: StateBackendFactory = (context) => new LsmStateBackend(context)
