import type { StreamEdge } from './stream-graph.js'

/** Settings of a job that decide which operators share a task. */
export interface ChainingSettings {
  /** `pipeline.operator-chaining.enabled`. */
  readonly enabled: boolean
  /** `pipeline.operator-chaining.chain-operators-with-different-max-parallelism`. */
  readonly differentMaxParallelism: boolean
}

/**
 * Whether the two ends of an edge run in one task: Flink's rules. A target with several input edges
 * (a union) never chains, and only FORWARD keeps an element in its subtask.
 */
export function isChainable(edge: StreamEdge, settings: ChainingSettings): boolean {
  const { source, target } = edge
  return (
    settings.enabled &&
    target.inEdges.length === 1 &&
    source.slotSharingGroup === target.slotSharingGroup &&
    source.coLocationGroupKey === target.coLocationGroupKey &&
    edge.partitioning.type === 'FORWARD' &&
    source.parallelism === target.parallelism &&
    strategiesAllow(edge) &&
    (settings.differentMaxParallelism || source.maxParallelism === target.maxParallelism)
  )
}

function strategiesAllow({ source, target }: StreamEdge): boolean {
  if (source.chainingStrategy === 'NEVER') return false
  switch (target.chainingStrategy) {
    case 'ALWAYS':
      return true
    case 'HEAD_WITH_SOURCES':
      return source.kind === 'source'
    case 'HEAD':
    case 'NEVER':
      return false
  }
}
