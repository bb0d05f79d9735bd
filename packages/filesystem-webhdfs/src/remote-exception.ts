import { FileAlreadyExistsError, FileNotFoundError, FileSystemError } from '@flink-ts/core'

/** What a NameNode or DataNode says in place of an answer. */
export interface RemoteException {
  /** Simple name of its class, such as `StandbyException`. */
  readonly exception: string
  readonly message: string
}

/** The exception in the body of an answer; undefined if there is none. */
export function parseRemoteException(body: string): RemoteException | undefined {
  let parsed: { RemoteException?: { exception?: unknown; message?: unknown } } | null
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  const { exception, message } = parsed?.RemoteException ?? {}
  if (typeof exception !== 'string') return undefined
  // The first line; what follows are frames of Java.
  return { exception, message: String(message ?? '').split('\n')[0]! }
}

/** This NameNode does not serve now; another one, or this one later, does. Nothing was changed. */
export function isNotServing({ exception }: RemoteException): boolean {
  return exception === 'StandbyException' || exception === 'RetriableException'
}

/** Somebody else, perhaps the last writer that died, holds the file for a while. */
export function isHeldByOther({ exception, message }: RemoteException): boolean {
  return (
    exception === 'AlreadyBeingCreatedException' ||
    exception === 'RecoveryInProgressException' ||
    /RecoveryInProgress|AlreadyBeingCreated|recovery in progress/i.test(message)
  )
}

/** A {@link RemoteException} as an error; its original is not lost. */
export class WebHdfsError extends FileSystemError {
  readonly remote: RemoteException

  constructor(path: string, remote: RemoteException) {
    super(`An operation on ${path} failed: ${remote.exception}: ${remote.message}`, { path })
    this.remote = remote
  }
}

/** The error of a file that an exception means. */
export function errorOf(path: string, remote: RemoteException): FileSystemError {
  const { exception, message } = remote
  const cause = new WebHdfsError(path, remote)
  if (exception === 'FileAlreadyExistsException') return new FileAlreadyExistsError(path, cause)
  const isBelowFile =
    exception === 'ParentNotDirectoryException' ||
    (exception === 'AccessControlException' && /is not a directory|\(Is a file\)/i.test(message))
  if (exception === 'FileNotFoundException' || isBelowFile)
    return new FileNotFoundError(path, cause)
  return cause
}
