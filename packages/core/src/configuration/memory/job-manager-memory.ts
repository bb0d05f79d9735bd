import type { Configuration } from '../configuration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { formatMemorySize } from '../memory-size.js'
import { JobManagerMemoryOptions as Options } from '../options/job-manager-memory-options.js'
import {
  checkShare,
  type FractionOptions,
  shareBeside,
  shareOf,
  signed,
  sumText,
} from './memory-shares.js'

/** How the memory of one JobManager process is divided; all in bytes. */
export interface JobManagerMemory {
  readonly kind: 'jobmanager'
  readonly heap: number
  readonly offHeap: number
  readonly jvmMetaspace: number
  readonly jvmOverhead: number
  /** Heap and off-heap. */
  readonly totalFlinkMemory: number
  readonly totalProcessMemory: number
}

const OVERHEAD: FractionOptions = {
  name: 'overhead',
  min: Options.OVERHEAD_MIN,
  max: Options.OVERHEAD_MAX,
  fraction: Options.OVERHEAD_FRACTION,
}

/**
 * Divides the memory of a JobManager by Flink's rules, from `jobmanager.memory.process.size`,
 * or `.flink.size`, or `.heap.size`.
 *
 * @throws IllegalConfigurationError with the arithmetic, if the parts do not fit or nothing is set
 */
export function deriveJobManagerMemory(configuration: Configuration): JobManagerMemory {
  const process = configuration.get(Options.TOTAL_PROCESS_MEMORY)
  const flink = configuration.get(Options.TOTAL_FLINK_MEMORY)
  const givenHeap = configuration.get(Options.HEAP_MEMORY)
  const jvmMetaspace = configuration.get(Options.METASPACE)
  const givenOffHeap = configuration.get(Options.OFF_HEAP_MEMORY)

  let totalFlinkMemory: number
  let jvmOverhead: number
  if (flink === undefined && givenHeap === undefined) {
    if (process === undefined) throw nothingSet()
    jvmOverhead = shareOf(configuration, OVERHEAD, process)
    totalFlinkMemory = process - jvmMetaspace - jvmOverhead
  } else {
    totalFlinkMemory = flink ?? givenHeap! + givenOffHeap
    const used = totalFlinkMemory + jvmMetaspace
    jvmOverhead =
      process === undefined
        ? shareBeside(configuration, OVERHEAD, used)
        : checkShare(configuration, OVERHEAD, {
            bytes: process - used,
            arithmetic: `of '${Options.TOTAL_PROCESS_MEMORY.key}' (${formatMemorySize(process)}), ${sumText({ 'heap and off-heap': totalFlinkMemory, metaspace: jvmMetaspace })}`,
          })
  }
  const heap = givenHeap ?? totalFlinkMemory - givenOffHeap
  const offHeap = totalFlinkMemory - heap
  if (heap <= 0 || offHeap < 0) {
    throw new IllegalConfigurationError(
      `Cannot divide the memory of the JobManager: ${sumText({ metaspace: jvmMetaspace, overhead: jvmOverhead, 'off-heap': givenOffHeap })} leave ${signed(heap)} of heap, and the heap leaves ${signed(offHeap)} off-heap; raise '${Options.TOTAL_PROCESS_MEMORY.key}' or lower one of these`,
    )
  }
  return {
    kind: 'jobmanager',
    heap,
    offHeap,
    jvmMetaspace,
    jvmOverhead,
    totalFlinkMemory,
    totalProcessMemory: totalFlinkMemory + jvmMetaspace + jvmOverhead,
  }
}

function nothingSet(): IllegalConfigurationError {
  return new IllegalConfigurationError(
    `Cannot divide the memory of the JobManager: set '${Options.TOTAL_PROCESS_MEMORY.key}' (1600m is a good start), or '${Options.TOTAL_FLINK_MEMORY.key}', or '${Options.HEAP_MEMORY.key}'`,
    { key: Options.TOTAL_PROCESS_MEMORY.key },
  )
}
