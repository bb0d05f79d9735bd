import { formatMemorySizeForHumans } from '../memory-size.js'
import type { JobManagerMemory } from './job-manager-memory.js'
import type { TaskManagerMemory } from './task-manager-memory.js'

/** How a process divides its memory, as lines for the log at its start. */
export function renderMemoryTable(memory: TaskManagerMemory | JobManagerMemory): string {
  const rows = memory.kind === 'taskmanager' ? taskManagerRows(memory) : jobManagerRows(memory)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows
    .map(([name, bytes]) => `${name.padEnd(width)}  ${formatMemorySizeForHumans(bytes)}`)
    .join('\n')
}

type Row = readonly [name: string, bytes: number]

function taskManagerRows(memory: TaskManagerMemory): Row[] {
  const rows: Row[] = [
    ['Total process memory', memory.totalProcessMemory],
    ['  Total Flink memory', memory.totalFlinkMemory],
    ['    Framework heap', memory.frameworkHeap],
    ['    Framework off-heap', memory.frameworkOffHeap],
    ['    Task heap', memory.taskHeap],
    ['    Task off-heap', memory.taskOffHeap],
    ['    Network memory', memory.networkMemory],
    ['    Managed memory', memory.managedMemory],
    ['  Metaspace', memory.jvmMetaspace],
    ['  Overhead', memory.jvmOverhead],
    [`Per slot (of ${memory.numberOfTaskSlots}): task heap`, memory.perSlot.taskHeap],
    [`Per slot (of ${memory.numberOfTaskSlots}): managed`, memory.perSlot.managedMemory],
    [`Per slot (of ${memory.numberOfTaskSlots}): network`, memory.perSlot.networkMemory],
  ]
  return rows
}

function jobManagerRows(memory: JobManagerMemory): Row[] {
  return [
    ['Total process memory', memory.totalProcessMemory],
    ['  Total Flink memory', memory.totalFlinkMemory],
    ['    Heap', memory.heap],
    ['    Off-heap', memory.offHeap],
    ['  Metaspace', memory.jvmMetaspace],
    ['  Overhead', memory.jvmOverhead],
  ]
}
