import { FlinkError } from '@flink-ts/core'

const UNNAMED = 'java.io.IOException'
/** An answer may be as long as 128 MiB; a message for people is not. */
const MAX_LINE_LENGTH = 2000

/** What a Hadoop daemon threw in place of an answer. */
export class RemoteException extends FlinkError {
  /** The Java class, such as `org.apache.hadoop.ipc.StandbyException`. */
  readonly className: string
  /** Its first line. */
  readonly remoteMessage: string
  /** What follows the first line: frames of Java, as a rule; empty: nothing. */
  readonly remoteStack: string
  /** What was called, such as `allocate`. */
  readonly method: string

  constructor(
    method: string,
    className: string | undefined,
    text: string | undefined,
    options: { readonly address?: string; readonly cause?: unknown } = {},
  ) {
    const name = className === undefined || className === '' ? UNNAMED : className
    const [first, rest] = splitFirstLine(text ?? '', name)
    const where = options.address === undefined ? '' : ` at ${options.address}`
    super(`${method}${where} failed: ${simpleName(name)}${first === '' ? '' : `: ${first}`}`, {
      code: 'FLINK_HADOOP_REMOTE',
      retriable: RETRIABLE.has(simpleName(name)),
      cause: options.cause,
    })
    this.className = name
    this.remoteMessage = first
    this.remoteStack = rest
    this.method = method
  }

  /** Without packages and enclosing classes, such as `InvalidToken`. */
  get simpleClassName(): string {
    return simpleName(this.className)
  }
}

const RETRIABLE = new Set(['StandbyException', 'RetriableException', 'SafeModeException'])

/** The first RemoteException in the chain of causes of an error, itself included; undefined: there is none. */
export function remoteExceptionOf(error: unknown): RemoteException | undefined {
  let current = error
  for (let depth = 0; depth < 20 && current instanceof Error; depth++) {
    if (current instanceof RemoteException) return current
    current = current.cause
  }
  return undefined
}

const thrower = (simpleClassName: string) => (error: unknown) =>
  remoteExceptionOf(error)?.simpleClassName === simpleClassName

/** The ResourceManager does not know the attempt as registered: it has restarted, or `registerApplicationMaster` is missing. */
export const isApplicationMasterNotRegistered = thrower('ApplicationMasterNotRegisteredException')
/** The attempt is over: another one has taken its place, or the application has ended. */
export const isApplicationAttemptNotFound = thrower('ApplicationAttemptNotFoundException')
/** Registered twice, or a response id that does not follow. */
export const isInvalidApplicationMasterRequest = thrower('InvalidApplicationMasterRequestException')
/** A request is larger than the scheduler gives. */
export const isInvalidResourceRequest = thrower('InvalidResourceRequestException')
/** A token is unknown or has expired. */
export const isInvalidToken = thrower('InvalidToken')
/** The server is not the active one; nothing was done. */
export const isStandby = thrower('StandbyException')
/** HDFS does not take changes for now. */
export const isSafeMode = thrower('SafeModeException')

function simpleName(className: string): string {
  return className.slice(Math.max(className.lastIndexOf('.'), className.lastIndexOf('$')) + 1)
}

function splitFirstLine(text: string, className: string): [string, string] {
  const end = text.indexOf('\n')
  let first = (end < 0 ? text : text.slice(0, end)).trim()
  // The text is a stack as Java prints it: it begins with the class again.
  if (first.startsWith(`${className}: `)) first = first.slice(className.length + 2)
  if (first.length > MAX_LINE_LENGTH) first = `${first.slice(0, MAX_LINE_LENGTH)}…`
  return [first, end < 0 ? '' : text.slice(end + 1)]
}
