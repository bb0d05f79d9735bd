import type { JobManagerMemory } from './job-manager-memory.js'
import type { TaskManagerMemory } from './task-manager-memory.js'

const MB = 1024 * 1024
/** With less no daemon starts for sure. */
const LEAST_OLD_MB = 64
/** In MB; the young generation has three of them. */
const SEMI_SPACE_MB = { jobmanager: 2, taskmanager: 4 } as const

/**
 * The flags with which node should run a daemon, so that the heap of its main thread stays within the part of its memory
 * that is meant for it.
 *
 * A JobManager decides rather than computes: a small young generation saves memory and costs it nothing. A TaskManager must take its
 * flags back before it starts a thread (`letThreadsHaveLimits` of its main module): they would win over the limits of tasks.
 */
export function nodeHeapFlags(memory: JobManagerMemory | TaskManagerMemory): string[] {
  const semiMb = SEMI_SPACE_MB[memory.kind]
  const oldMb =
    memory.kind === 'jobmanager'
      ? Math.floor(memory.heap / MB)
      : Math.floor(memory.frameworkHeap / MB) - 3 * semiMb
  return [
    `--max-old-space-size=${Math.max(LEAST_OLD_MB, oldMb)}`,
    `--max-semi-space-size=${semiMb}`,
  ]
}
