import type { JobManagerMemory, TaskManagerMemory } from '@flink-ts/core'

const MB = 1024 * 1024

/**
 * The flags with which node should run a daemon.
 *
 * A JobManager decides rather than computes: a small young generation saves memory and costs it nothing. A TaskManager
 * gets none: such flags would win over the limits that each task's thread is given.
 */
export function nodeFlags(memory: JobManagerMemory | TaskManagerMemory): string[] {
  if (memory.kind === 'taskmanager') return []
  return [
    `--max-old-space-size=${Math.max(64, Math.floor(memory.heap / MB))}`,
    '--max-semi-space-size=2',
  ]
}
