/**
 * The form in which an error crosses threads, RPC and REST. Keeps name, code, message, the
 * (source-mapped) stack and the chain of causes; never code
 * or objects beside them.
 */
export interface SerializedError {
  name: string
  message: string
  /** `FlinkError.code`, else undefined. */
  code?: string | undefined
  retriable?: boolean | undefined
  stack?: string | undefined
  cause?: SerializedError | undefined
  /** The texts among the own fields of a `FlinkError`, such as `partitionId`. */
  facts?: { readonly values: Readonly<Record<string, string>> } | undefined
}
