import { type KeyGroupRange, keyGroupRangeForOperator } from '@flink-ts/core'
import type { KeyedStateHandle } from '../checkpoint/state-handle.js'

/** A part of a stored keyed state that a subtask restores. */
export interface KeyedRestorePart {
  readonly handle: KeyedStateHandle
  /** What to read of it. */
  readonly keyGroups: KeyGroupRange
}

/**
 * Gives the stored key groups to the subtasks of another (or the same) parallelism.
 *
 * @returns by subtask
 */
export function assignKeyGroups(
  handles: readonly KeyedStateHandle[],
  { parallelism, maxParallelism }: { parallelism: number; maxParallelism: number },
): KeyedRestorePart[][] {
  return Array.from({ length: parallelism }, (_, subtask) => {
    const own = keyGroupRangeForOperator(maxParallelism, parallelism, subtask)
    return handles.flatMap((handle) => {
      const start = Math.max(own.start, handle.keyGroups.start)
      const end = Math.min(own.end, handle.keyGroups.end)
      return start <= end ? [{ handle, keyGroups: { start, end } }] : []
    })
  })
}
