import type { Configuration } from '../configuration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { formatMemorySize } from '../memory-size.js'
import { TaskManagerMemoryOptions as Options } from '../options/task-manager-memory-options.js'
import { TaskManagerOptions } from '../options/task-manager-options.js'
import {
  checkShare,
  type FractionOptions,
  shareBeside,
  shareOf,
  signed,
  sumText,
} from './memory-shares.js'

/** How the memory of one TaskManager process is divided; all in bytes. */
export interface TaskManagerMemory {
  readonly kind: 'taskmanager'
  /** Heap of the main thread. */
  readonly frameworkHeap: number
  readonly frameworkOffHeap: number
  /** Heap of all task threads together. */
  readonly taskHeap: number
  readonly taskOffHeap: number
  readonly networkMemory: number
  readonly managedMemory: number
  readonly jvmMetaspace: number
  readonly jvmOverhead: number
  /** All but metaspace and overhead. */
  readonly totalFlinkMemory: number
  readonly totalProcessMemory: number
  readonly numberOfTaskSlots: number
  /** The share of one slot; what does not divide evenly belongs to no slot. */
  readonly perSlot: {
    readonly taskHeap: number
    readonly taskOffHeap: number
    readonly managedMemory: number
    readonly networkMemory: number
  }
}

const NETWORK: FractionOptions = {
  name: 'network memory',
  min: Options.NETWORK_MEMORY_MIN,
  max: Options.NETWORK_MEMORY_MAX,
  fraction: Options.NETWORK_MEMORY_FRACTION,
}

const OVERHEAD: FractionOptions = {
  name: 'overhead',
  min: Options.OVERHEAD_MIN,
  max: Options.OVERHEAD_MAX,
  fraction: Options.OVERHEAD_FRACTION,
}

/**
 * Divides the memory of a TaskManager by Flink's rules, whether or not tasks can run in what they get.
 *
 * @throws IllegalConfigurationError with the arithmetic, if the parts do not fit or nothing is set
 */
export function divideTaskManagerMemory(configuration: Configuration): TaskManagerMemory {
  const process = configuration.get(Options.TOTAL_PROCESS_MEMORY)
  const flink = configuration.get(Options.TOTAL_FLINK_MEMORY)
  const taskHeap = configuration.get(Options.TASK_HEAP_MEMORY)
  const managed = configuration.get(Options.MANAGED_MEMORY_SIZE)
  const jvmMetaspace = configuration.get(Options.METASPACE)

  let parts: FlinkParts
  let jvmOverhead: number
  if (flink === undefined && process !== undefined) {
    jvmOverhead = shareOf(configuration, OVERHEAD, process)
    const rest = process - jvmMetaspace - jvmOverhead
    if (rest <= 0) {
      throw new IllegalConfigurationError(
        `Cannot divide '${Options.TOTAL_PROCESS_MEMORY.key}' (${formatMemorySize(process)}): ${sumText({ metaspace: jvmMetaspace, overhead: jvmOverhead })} leave ${signed(rest)} for everything else; raise it`,
        { key: Options.TOTAL_PROCESS_MEMORY.key },
      )
    }
    parts = divideFlinkMemory(configuration, rest)
  } else {
    if (flink !== undefined) parts = divideFlinkMemory(configuration, flink)
    else if (taskHeap !== undefined && managed !== undefined) {
      parts = sumFlinkMemory(configuration, taskHeap, managed)
    } else throw nothingSet()
    const used = sum(parts) + jvmMetaspace
    jvmOverhead =
      process === undefined
        ? shareBeside(configuration, OVERHEAD, used)
        : checkShare(configuration, OVERHEAD, {
            bytes: process - used,
            arithmetic: `of '${Options.TOTAL_PROCESS_MEMORY.key}' (${formatMemorySize(process)}), ${sumText({ "'flink.size'": sum(parts), metaspace: jvmMetaspace })}`,
          })
  }
  const totalFlinkMemory = sum(parts)
  const slots = configuration.get(TaskManagerOptions.NUM_TASK_SLOTS)
  const share = (bytes: number) => Math.floor(bytes / slots)
  return {
    kind: 'taskmanager',
    ...parts,
    jvmMetaspace,
    jvmOverhead,
    totalFlinkMemory,
    totalProcessMemory: totalFlinkMemory + jvmMetaspace + jvmOverhead,
    numberOfTaskSlots: slots,
    perSlot: {
      taskHeap: share(parts.taskHeap),
      taskOffHeap: share(parts.taskOffHeap),
      managedMemory: share(parts.managedMemory),
      networkMemory: share(parts.networkMemory),
    },
  }
}

type FlinkParts = Readonly<
  Record<
    | 'frameworkHeap'
    | 'frameworkOffHeap'
    | 'taskHeap'
    | 'taskOffHeap'
    | 'networkMemory'
    | 'managedMemory',
    number
  >
>

function sum(parts: FlinkParts): number {
  return Object.values(parts).reduce((a, b) => a + b, 0)
}

function fixedParts(configuration: Configuration) {
  return {
    frameworkHeap: configuration.get(Options.FRAMEWORK_HEAP_MEMORY),
    frameworkOffHeap: configuration.get(Options.FRAMEWORK_OFF_HEAP_MEMORY),
    taskOffHeap: configuration.get(Options.TASK_OFF_HEAP_MEMORY),
  }
}

/** The total is given: task heap is the rest, or network memory if task heap is given too. */
function divideFlinkMemory(configuration: Configuration, total: number): FlinkParts {
  const fixed = fixedParts(configuration)
  const managedMemory =
    configuration.get(Options.MANAGED_MEMORY_SIZE) ??
    Math.floor(total * configuration.get(Options.MANAGED_MEMORY_FRACTION))
  const named = {
    'framework heap': fixed.frameworkHeap,
    'framework off-heap': fixed.frameworkOffHeap,
    'task off-heap': fixed.taskOffHeap,
    managed: managedMemory,
  }
  const totalText = `of the ${formatMemorySize(total)} without metaspace and overhead`
  const left = total - Object.values(named).reduce((a, b) => a + b, 0)
  const givenTaskHeap = configuration.get(Options.TASK_HEAP_MEMORY)
  if (givenTaskHeap !== undefined) {
    const networkMemory = checkShare(configuration, NETWORK, {
      bytes: left - givenTaskHeap,
      arithmetic: `${totalText}, ${sumText({ ...named, 'task heap': givenTaskHeap })}`,
    })
    return { ...fixed, managedMemory, networkMemory, taskHeap: givenTaskHeap }
  }
  const networkMemory = shareOf(configuration, NETWORK, total)
  const taskHeap = left - networkMemory
  if (taskHeap <= 0) {
    throw new IllegalConfigurationError(
      `Cannot divide the memory: ${totalText}, ${sumText({ ...named, network: networkMemory })} leave ${signed(taskHeap)} for the task heap; raise '${Options.TOTAL_PROCESS_MEMORY.key}' or lower one of these`,
    )
  }
  return { ...fixed, managedMemory, networkMemory, taskHeap }
}

/** Task heap and managed memory are given: the totals follow from the parts. */
function sumFlinkMemory(
  configuration: Configuration,
  taskHeap: number,
  managedMemory: number,
): FlinkParts {
  const fixed = fixedParts(configuration)
  const rest =
    fixed.frameworkHeap + fixed.frameworkOffHeap + fixed.taskOffHeap + taskHeap + managedMemory
  const networkMemory = shareBeside(configuration, NETWORK, rest)
  return { ...fixed, managedMemory, networkMemory, taskHeap }
}

function nothingSet(): IllegalConfigurationError {
  return new IllegalConfigurationError(
    `Cannot divide the memory of the TaskManager: set '${Options.TOTAL_PROCESS_MEMORY.key}' (1728m is a good start), or '${Options.TOTAL_FLINK_MEMORY.key}', or both '${Options.TASK_HEAP_MEMORY.key}' and '${Options.MANAGED_MEMORY_SIZE.key}'`,
    { key: Options.TOTAL_PROCESS_MEMORY.key },
  )
}
