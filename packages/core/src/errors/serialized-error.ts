/**
 * The form in which an error crosses threads, RPC and REST. Keeps name, code, message, the
 * (source-mapped) stack and the chain of causes; never code or objects.
 */
export interface SerializedError {
  name: string
  message: string
  /** `FlinkError.code`, else undefined. */
  code?: string | undefined
  retriable?: boolean | undefined
  stack?: string | undefined
  cause?: SerializedError | undefined
}
