import { Memtable } from './memtable.js'

const MIB = 1024 ** 2
/** The table being written to, one being written to disk, and one more for a snapshot. */
const MEMTABLES = 3
/** What a store uses at least. */
export const LEAST_MEMORY_BYTES = 8 * MIB
/** Buffers of a merge and of a table that is written. */
const WORK_BYTES = 2 * MIB

/** How a store divides its memory, and the sizes of files that follow from it. */
export interface MemoryPlan {
  readonly memtableBytes: number
  readonly cacheBytes: number
  readonly tableBytes: number
  readonly level1Bytes: number
}

/** @param memoryBytes {@link LEAST_MEMORY_BYTES} are used at least */
export function memoryOf(memoryBytes: number): MemoryPlan {
  const memory = Math.max(LEAST_MEMORY_BYTES, memoryBytes)
  const memtableBytes = Math.floor(Math.min(32 * MIB, memory / 16))
  const memtables = MEMTABLES * Memtable.memoryBytesFor(memtableBytes)
  return {
    memtableBytes,
    cacheBytes: Math.max(MIB, memory - memtables - WORK_BYTES),
    tableBytes: Math.max(2 * MIB, Math.min(16 * MIB, memtableBytes)),
    level1Bytes: 8 * memtableBytes,
  }
}
