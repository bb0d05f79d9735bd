import { FlinkError, type SerializedError } from '@flink-ts/core'

/**
 * What a handler threw, rethrown at the caller. It passes for the original: `name`, `code`,
 * `message`, `retriable`, the chain of causes and the remote stack are kept, also over several
 * hops; the stack ends with a line for the call. Test `code`: `instanceof` of the original class
 * does not hold.
 */
export class RemoteRpcError extends FlinkError {
  /** The call that failed, such as `JobMasterGateway.cancel of jm_1 at 127.0.0.1:6123`. */
  readonly target: string
  readonly serialized: SerializedError

  constructor(serialized: SerializedError, target: string) {
    super(serialized.message, {
      code: serialized.code ?? 'FLINK_RPC_REMOTE_ERROR',
      retriable: serialized.retriable ?? false,
      cause:
        serialized.cause === undefined ? undefined : new RemoteRpcError(serialized.cause, target),
    })
    this.target = target
    this.serialized = serialized
    this.name = serialized.name
    this.stack = `${serialized.stack ?? `${serialized.name}: ${serialized.message}`}\n    at RPC ${target}`
  }
}
