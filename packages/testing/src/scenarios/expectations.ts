import assert from 'node:assert/strict'
import { userMessage } from '@flink-ts/core'
import type { ExecutionGraphInfo, JobStatus } from '@flink-ts/runtime'

/** @throws AssertionError telling why, if the job ended otherwise */
export function expectFinished(info: ExecutionGraphInfo): void {
  expectStatus(info, 'FINISHED')
}

/** @throws AssertionError telling why, if the job ended otherwise */
export function expectStatus(info: ExecutionGraphInfo, expected: JobStatus): void {
  const { name, status, failureCause } = info
  const cause = failureCause === undefined ? '' : `: ${userMessage(asError(failureCause))}`
  assert(status === expected, `job ${name} ends ${expected}, but it is ${status}${cause}`)
}

function asError(error: unknown): Error {
  return error as Error
}
