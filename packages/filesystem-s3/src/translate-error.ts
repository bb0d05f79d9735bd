import { FileAlreadyExistsError, FileNotFoundError, FileSystemError } from '@flink-ts/core'

interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const MISSING = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload'])

/** Whether the answer was that there is no such object or upload. A missing bucket is an error of its own. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as ServiceError
  return MISSING.has(name) || ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket')
}

/** Whether a condition of a request did not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  const { name, $metadata } = error as ServiceError
  return name === 'PreconditionFailed' || $metadata?.httpStatusCode === 412
}

/** Whether two requests with conditions met; one of them may be sent again. */
export function isConflict(error: unknown): boolean {
  const { name, $metadata } = error as ServiceError
  return name === 'ConditionalRequestConflict' || $metadata?.httpStatusCode === 409
}

/** An answer of the server, or none, as an error of a file. */
export function translateError(path: string, error: unknown): FileSystemError {
  if (error instanceof FileSystemError) return error
  if (isMissing(error)) return new FileNotFoundError(path, error)
  if (isPreconditionFailed(error)) return new FileAlreadyExistsError(path, error)
  const { name, message } = error as ServiceError
  const hint =
    name === 'CredentialsProviderError'
      ? "; set 's3.access-key' and 's3.secret-key', or give the process credentials of AWS"
      : ''
  return new FileSystemError(`An operation on ${path} failed: ${name}: ${message}${hint}`, {
    path,
    cause: error,
  })
}
