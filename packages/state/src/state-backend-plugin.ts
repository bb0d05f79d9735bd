import type { Configuration, Random } from '@flink-ts/core'
import type { StateBackend } from './keyed-state-backend.js'

/** What a state backend that comes in a package of its own is made from, once per task. */
export interface StateBackendContext {
  readonly configuration: Configuration
  readonly random: Random
  /** Folders for its files, on local disks: below `io.tmp.dirs`. They need not be there. */
  readonly directories: readonly string[]
  /**
   * Takes managed memory for the state of one subtask; it goes back with the task.
   *
   * @param leastBytes what it cannot do without: granted even if there is less
   * @returns bytes that it may use
   */
  reserveMemory(leastBytes: number): number
}

/** What such a package exports under the name `createStateBackend`. */
export type StateBackendFactory = (context: StateBackendContext) => StateBackend
