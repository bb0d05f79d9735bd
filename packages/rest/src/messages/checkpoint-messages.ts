import type { SerializedThrowableBody } from './messages.js'

/** What began an operation is answered with; its id is asked for afterwards. */
export interface TriggerResponseBody {
  readonly 'request-id': string
}

/** How an operation goes. One that failed is COMPLETED, too. */
export interface AsynchronousOperationBody<O> {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' }
  /** Null while it goes on. */
  readonly operation: O | null
}

/** Of savepoints, of stopping with one, and of their disposal (which has no location). */
export interface SavepointInfoBody {
  readonly location?: string
  readonly 'failure-cause'?: SerializedThrowableBody
}

export interface CheckpointInfoBody {
  readonly checkpointId?: number
  readonly failureCause?: SerializedThrowableBody
}

export type SavepointFormatType = 'CANONICAL' | 'NATIVE'

export interface SavepointTriggerRequestBody {
  readonly 'target-directory'?: string
  readonly 'cancel-job'?: boolean
  readonly formatType?: SavepointFormatType
  /** 32 hex digits; a repeated one begins nothing. */
  readonly triggerId?: string
}

export interface StopWithSavepointRequestBody {
  readonly targetDirectory?: string
  readonly drain?: boolean
  readonly formatType?: SavepointFormatType
  readonly triggerId?: string
}

export type ManualCheckpointType = 'CONFIGURED' | 'FULL' | 'INCREMENTAL'

export interface CheckpointTriggerRequestBody {
  readonly checkpointType?: ManualCheckpointType
  readonly triggerId?: string
}

export interface SavepointDisposalRequestBody {
  readonly 'savepoint-path': string
}
