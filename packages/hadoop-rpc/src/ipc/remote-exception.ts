import { FlinkError } from '@flink-ts/core'

const UNNAMED = 'java.io.IOException'
/** An answer may be as long as 128 MiB; a message for people is not. */
const MAX_LINE_LENGTH = 2000

/** What a Hadoop daemon threw in place of an answer. */
export class RemoteException extends FlinkError {
  /** The Java class, such as `org.apache.hadoop.ipc.StandbyException`. */
  readonly className: string
  /** What it says, as one line, without frames of Java. */
  readonly remoteMessage: string
  /** The frames of Java; empty: none. */
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
    const [said, rest] = splitText(text ?? '', name)
    const where = options.address === undefined ? '' : ` at ${options.address}`
    super(`${method}${where} failed: ${simpleName(name)}${said === '' ? '' : `: ${said}`}`, {
      code: 'FLINK_HADOOP_REMOTE',
      retriable: RETRIABLE.has(simpleName(name)),
      cause: options.cause,
    })
    this.className = name
    this.remoteMessage = said
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

/** What is said, as one line, and the frames of Java behind it. */
function splitText(text: string, className: string): [string, string] {
  const lines = text.split('\n')
  const isFrame = (line: string, index: number) =>
    /^(\s+at |Caused by: )/.test(line) || (index > 0 && line.startsWith(className))
  const end = lines.findIndex(isFrame)
  let said = (end < 0 ? lines : lines.slice(0, end))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
  // A stack as Java prints it begins with the class again.
  if (said.startsWith(`${className}: `)) said = said.slice(className.length + 2)
  if (said.length > MAX_LINE_LENGTH) said = `${said.slice(0, MAX_LINE_LENGTH)}…`
  return [said, end < 0 ? '' : lines.slice(end).join('\n')]
}
