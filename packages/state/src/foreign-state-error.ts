import { FlinkError } from '@flink-ts/core'

/** A checkpoint consists of files of another state backend. */
export class ForeignStateError extends FlinkError {
  /** `state.backend.type` that wrote it. */
  readonly writtenBy: string
  readonly readBy: string

  constructor(operatorName: string, backends: { writtenBy: string; readBy: string }) {
    const { writtenBy, readBy } = backends
    super(
      `Cannot restore the keyed state of ${operatorName} with the state backend ${readBy}: the checkpoint is an incremental one of the state backend ${writtenBy}; run the job with state.backend.type: ${writtenBy}, or with it take a savepoint, which every backend reads`,
      { code: 'FLINK_FOREIGN_STATE' },
    )
    this.writtenBy = writtenBy
    this.readBy = readBy
  }
}
