import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionEdge } from '../executiongraph/execution-edge.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'

/** A result that nobody will read any more. */
export interface ConsumedResult {
  readonly edge: ExecutionEdge
  readonly producers: readonly ExecutionVertex[]
}

/** Consumers that read the same results and have not finished. */
interface Readers {
  remaining: number
  readonly result: ConsumedResult
}

/**
 * What became of the blocking results of finished attempts: which are gone, and which have been read by
 * all their consumers. Counts, so that all tasks of a job together cost time in proportion to their number.
 */
export class BlockingResults {
  readonly #lost = new WeakMap<Execution, Set<string>>()
  /** Per edge: of all consumers together, or per producer if the edge is pointwise. */
  readonly #readers = new Map<ExecutionEdge, Readers | readonly Readers[]>()

  constructor(graph: ExecutionGraph) {
    for (const edge of graph.edges) {
      if (!edge.pipelined) this.#readers.set(edge, readersOf(edge))
    }
  }

  /** Whether the attempt's result for `dataSetId` can be read, now or when the attempt has finished. */
  isAvailable(execution: Execution, dataSetId: string): boolean {
    const { state } = execution
    if (state === 'FAILED' || state === 'CANCELED' || state === 'CANCELING') return false
    return this.#lost.get(execution)?.has(dataSetId) !== true
  }

  /** The attempt's result is gone. @param dataSetId undefined: all of its results */
  lost({ current, jobVertex }: ExecutionVertex, dataSetId?: string): void {
    const lost = this.#lost.get(current) ?? new Set()
    for (const { jobEdge } of jobVertex.outputs) {
      if (dataSetId === undefined || jobEdge.id === dataSetId) lost.add(jobEdge.id)
    }
    this.#lost.set(current, lost)
  }

  /** Whether a consumer that has not finished must have a result of the attempt that is gone. */
  isNeededAgain({ current, jobVertex, subtaskIndex }: ExecutionVertex): boolean {
    if (current.state !== 'FINISHED') return false
    return jobVertex.outputs.some((edge) => {
      if (this.isAvailable(current, edge.jobEdge.id)) return false
      return (this.#of(edge, subtaskIndex)?.remaining ?? 0) > 0
    })
  }

  /** The subtask has finished. @returns results that all their consumers have read now */
  consumerFinished(vertex: ExecutionVertex): ConsumedResult[] {
    return this.#readBy(vertex).flatMap((readers) =>
      --readers.remaining === 0 ? readers.result : [],
    )
  }

  /** The subtask, which had finished, runs again. */
  consumerReset(vertex: ExecutionVertex): void {
    for (const readers of this.#readBy(vertex)) readers.remaining++
  }

  #readBy({ jobVertex, subtaskIndex }: ExecutionVertex): Readers[] {
    return jobVertex.inputs.flatMap((edge) => {
      const readers = this.#readers.get(edge)
      if (readers === undefined) return []
      if (!isPerProducer(readers)) return readers
      return edge.distribution
        .consumedBy(subtaskIndex)
        .producers.flatMap((producer) => readers[producer] ?? [])
    })
  }

  #of(edge: ExecutionEdge, producer: number): Readers | undefined {
    const readers = this.#readers.get(edge)
    return readers !== undefined && isPerProducer(readers) ? readers[producer] : readers
  }
}

function readersOf(edge: ExecutionEdge): Readers | Readers[] {
  const producers = edge.producer.subtasks
  const consumers = edge.consumer.jobVertex.parallelism
  if (!edge.distribution.pointwise) return { remaining: consumers, result: { edge, producers } }
  return producers.map((producer, subtask) => ({
    remaining: edge.distribution.numberOfConsumers(subtask),
    result: { edge, producers: [producer] },
  }))
}

function isPerProducer(readers: Readers | readonly Readers[]): readers is readonly Readers[] {
  return Array.isArray(readers)
}
