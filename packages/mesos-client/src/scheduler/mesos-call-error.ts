import { FlinkError } from '@flink-ts/core'

/** A call that the master did not take. */
export class MesosCallError extends FlinkError {
  readonly reason: 'not-subscribed' | 'refused'

  constructor(reason: 'not-subscribed' | 'refused', message: string, cause?: unknown) {
    super(message, {
      code: 'FLINK_MESOS_CALL',
      retriable: reason === 'not-subscribed',
      cause,
    })
    this.reason = reason
  }
}
