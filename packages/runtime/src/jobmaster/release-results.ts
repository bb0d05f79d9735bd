import { type Logger, resultPartitionId } from '@flink-ts/core'
import type { ShuffleMaster } from '@flink-ts/network'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { TaskExecutorGateway } from '../messages/messages.generated.js'
import type { ConsumedResult } from '../scheduler/blocking-results.js'

export interface ReleaseResultsOptions {
  readonly jobId: string
  /** Undefined: it is not registered (any more). */
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  readonly shuffleMaster: ShuffleMaster
  readonly log: Logger
}

/** Has results dropped that all their consumers have read. One call per TaskManager. */
export function releaseConsumedResults(
  { edge, producers }: ConsumedResult,
  { jobId, gateway, shuffleMaster, log }: ReleaseResultsOptions,
): void {
  const byTaskManager = new Map<string, string[]>()
  for (const { current, subtaskIndex } of producers) {
    const resourceId = current.slot?.location.resourceId
    if (resourceId === undefined) continue
    const partitionId = resultPartitionId(edge.jobEdge.id, subtaskIndex, current.attemptId)
    const known = byTaskManager.get(resourceId)
    if (known === undefined) byTaskManager.set(resourceId, [partitionId])
    else known.push(partitionId)
  }
  for (const [resourceId, partitionIds] of byTaskManager) {
    shuffleMaster.releasePartitions(jobId, partitionIds)
    gateway(resourceId)
      ?.releasePartitions({ jobId, partitionIds })
      .catch((error) => log.debug('Results that were read stay', { resourceId, error }))
  }
}

/**
 * Has the results dropped that the attempts before the current ones had finished: their readers begin
 * anew as well. A TaskManager that does not hear of it keeps them until the end of the job.
 */
export function releaseResults(
  vertices: readonly ExecutionVertex[],
  options: ReleaseResultsOptions,
): void {
  const { jobId, gateway, shuffleMaster, log } = options
  for (const { history, jobVertex, subtaskIndex } of vertices) {
    const ended = history.at(-1)
    const resourceId = ended?.slot?.location.resourceId
    if (ended?.state !== 'FINISHED' || resourceId === undefined) continue
    const partitionIds = jobVertex.outputs.map(({ jobEdge }) =>
      resultPartitionId(jobEdge.id, subtaskIndex, ended.attemptId),
    )
    if (partitionIds.length === 0) continue
    shuffleMaster.releasePartitions(jobId, partitionIds)
    gateway(resourceId)
      ?.releasePartitions({ jobId, partitionIds })
      .catch((error) => log.debug('Results of an earlier attempt stay', { resourceId, error }))
  }
}
