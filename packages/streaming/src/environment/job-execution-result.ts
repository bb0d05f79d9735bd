import { type AccumulatorSnapshot, accumulatorValue } from '@flink-ts/core'
import type { JobExecutionResult as ExecutionResult } from '@flink-ts/runtime/program'

/** How a job that finished did so. */
export class JobExecutionResult {
  readonly jobId: string
  readonly jobName: string
  readonly netRuntimeMs: number
  readonly #accumulators: readonly AccumulatorSnapshot[]

  constructor(result: ExecutionResult) {
    this.jobId = result.jobId
    this.jobName = result.jobName
    this.netRuntimeMs = result.netRuntimeMs
    this.#accumulators = result.accumulators
  }

  getJobID(): string {
    return this.jobId
  }

  /** From the submission to the end, in ms. */
  getNetRuntime(): number {
    return this.netRuntimeMs
  }

  /**
   * What the accumulators of this name have gathered; undefined if there were none.
   *
   * @throws AccumulatorError if it could not be serialized or merged
   */
  getAccumulatorResult<R = unknown>(name: string): R | undefined {
    const snapshot = this.#accumulators.find((candidate) => candidate.name === name)
    return snapshot === undefined ? undefined : (accumulatorValue(snapshot) as R)
  }

  /** By name. @throws AccumulatorError if one of them could not be serialized or merged */
  getAllAccumulatorResults(): Record<string, unknown> {
    return accumulatorResults(this.#accumulators)
  }
}

/** Values by name. @throws AccumulatorError */
export function accumulatorResults(
  snapshots: readonly AccumulatorSnapshot[],
): Record<string, unknown> {
  return Object.fromEntries(
    snapshots.map((snapshot) => [snapshot.name, accumulatorValue(snapshot)]),
  )
}
