import type { JobManagerMemory, TaskManagerMemory } from '@flink-ts/core'

const MB = 1024 * 1024

/**
 * The flags with which node should run a daemon. The young generation stays small: what a process allocates while it
 * waits for work would otherwise pile up to three times 16 MB before it is collected.
 *
 * The heap is that of the main thread; task threads have limits of their own.
 */
export function nodeFlags(memory: JobManagerMemory | TaskManagerMemory): string[] {
  const heap = memory.kind === 'jobmanager' ? memory.heap : memory.frameworkHeap
  return [
    `--max-old-space-size=${Math.max(64, Math.floor(heap / MB))}`,
    '--max-semi-space-size=2',
    // Deduplicates and collects more eagerly at little cost for processes that decide rather than compute.
    '--optimize-for-size',
  ]
}
