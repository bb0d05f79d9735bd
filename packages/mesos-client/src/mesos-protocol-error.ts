import { FlinkError } from '@flink-ts/core'

/** What answers is no master of Mesos, or sends what is damaged or absurd. */
export class MesosProtocolError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_MESOS_PROTOCOL', retriable: true, cause })
  }
}
