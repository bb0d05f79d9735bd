import type { AccumulatorSnapshot, SerializedError } from '@flink-ts/core'
import type { SavepointRequest } from '@flink-ts/runtime/program'

/** What the thread of an application starts with. Cloneable. */
export interface ApplicationThreadData {
  /** The bundle, in a folder from which the cluster's modules are found. */
  readonly programPath: string
  readonly programName: string
  /** The export to call; `main`, if there is one, when left out. */
  readonly entryPoint?: string
  readonly args: readonly string[]
  /** Blob of the bundle. */
  readonly bundleKey: string
  /** The cluster's. */
  readonly configuration: Readonly<Record<string, string>>
  readonly submissionTimeMs: number
  readonly randomSeed: number
  /** Of its one job; absent: it may have several, with ids by chance. */
  readonly jobId?: string
}

/** How a job has ended. */
export interface JobOutcome {
  readonly jobId: string
  readonly jobName: string
  readonly status: string
  readonly netRuntimeMs: number
  readonly accumulators: readonly AccumulatorSnapshot[]
  readonly failureCause?: SerializedError
}

/** What the thread asks of the cluster; each call has its type of answer in {@link ApplicationAnswers}. */
export type ApplicationCall =
  | { readonly type: 'submit'; readonly jobId: string; readonly jobGraph: string }
  | { readonly type: 'result'; readonly jobId: string }
  | { readonly type: 'status'; readonly jobId: string }
  | { readonly type: 'cancel'; readonly jobId: string }
  | { readonly type: 'accumulators'; readonly jobId: string }
  | { readonly type: 'savepoint'; readonly jobId: string; readonly request: SavepointRequest }

export interface ApplicationAnswers {
  readonly submit: undefined
  readonly result: JobOutcome
  readonly status: string
  readonly cancel: undefined
  readonly accumulators: readonly AccumulatorSnapshot[]
  readonly savepoint: string
}

/** From the thread of an application. */
export type ApplicationReport =
  | { readonly type: 'call'; readonly id: number; readonly call: ApplicationCall }
  /** `main()` has returned. */
  | { readonly type: 'ended'; readonly executions: number }
  /** `main()` has thrown. `jobId`: because this job did not finish. */
  | { readonly type: 'failed'; readonly error: SerializedError; readonly jobId?: string }

/** To the thread of an application. */
export type ApplicationAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: SerializedError }
