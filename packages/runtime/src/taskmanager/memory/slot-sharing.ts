import { type Configuration, type OperatorId, TaskManagerMemoryOptions } from '@flink-ts/core'
import type { JobGraph, JobVertex, OperatorDescriptor } from '../../jobgraph/job-graph.js'

/** Who shares a slot of one slot sharing group, as the JobGraph tells it. JSON. */
export interface SlotSharing {
  /** Tasks that such a slot may hold at the same time: one of each vertex of the group. */
  readonly numberOfTasks: number
  /** Weights of all operators of the group that hold managed memory themselves, added up. */
  readonly operatorWeight: number
  /** Whether a state backend of the group holds managed memory. */
  readonly hasStateBackend: boolean
  /** Operators of the group that have a state backend each. */
  readonly numberOfStateBackends?: number
}

/** What a slot has for its tasks, in bytes. */
export interface SlotResources {
  readonly taskHeapBytes: number
  readonly managedBytes: number
}

/** The sharing of each group of a job. */
export function slotSharingOf({ vertices }: Pick<JobGraph, 'vertices'>): Map<string, SlotSharing> {
  const groups = new Map<string, SlotSharing>()
  for (const { slotSharingGroup, operators } of vertices) {
    const known = groups.get(slotSharingGroup)
    const backends = (known?.numberOfStateBackends ?? 0) + operators.filter(hasStateBackend).length
    groups.set(slotSharingGroup, {
      numberOfTasks: (known?.numberOfTasks ?? 0) + 1,
      operatorWeight: (known?.operatorWeight ?? 0) + weightOf(operators),
      hasStateBackend: known?.hasStateBackend === true || operators.some(hasStateBackend),
      ...(backends > 0 && { numberOfStateBackends: backends }),
    })
  }
  return groups
}

/**
 * What each operator of a vertex may reserve of its slot's managed memory, in bytes. The kinds of use that the group
 * has divide it by `taskmanager.memory.managed.consumer-weights`; operators divide their part by their own weights;
 * the part of the state backends belongs to all of them together.
 */
export function managedMemoryShares(
  vertex: Pick<JobVertex, 'operators'>,
  sharing: SlotSharing,
  managedBytes: number,
  configuration: Configuration,
): Map<OperatorId, number> {
  const weights = configuration.get(TaskManagerMemoryOptions.MANAGED_MEMORY_CONSUMER_WEIGHTS)
  const weight = (kind: string) => Math.max(0, Number(weights.get(kind) ?? 0)) || 0
  const ofOperators = sharing.operatorWeight > 0 ? weight('OPERATOR') : 0
  const ofStateBackend = sharing.hasStateBackend ? weight('STATE_BACKEND') : 0
  const all = ofOperators + ofStateBackend
  const shares = new Map<OperatorId, number>()
  if (all === 0) return shares
  for (const { operatorId, managedMemory } of vertex.operators) {
    if (managedMemory === undefined) continue
    const own = (managedMemory.operatorWeight ?? 0) / Math.max(1, sharing.operatorWeight)
    const parts = own * ofOperators + (managedMemory.stateBackend === true ? ofStateBackend : 0)
    shares.set(operatorId, Math.floor((managedBytes * parts) / all))
  }
  return shares
}

function weightOf(operators: readonly OperatorDescriptor[]): number {
  return operators.reduce((sum, { managedMemory }) => sum + (managedMemory?.operatorWeight ?? 0), 0)
}

function hasStateBackend({ managedMemory }: OperatorDescriptor): boolean {
  return managedMemory?.stateBackend === true
}
