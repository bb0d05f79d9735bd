import { FlinkError } from '@flink-ts/core'

/** The text is no blob key. */
export class InvalidBlobKeyError extends FlinkError {
  readonly key: string

  constructor(facts: { key: string }) {
    super(
      `${JSON.stringify(facts.key.slice(0, 100))} is no blob key: expected 64 lower-case hex digits`,
      { code: 'FLINK_BLOB_INVALID_KEY' },
    )
    this.key = facts.key
  }
}

/** The BlobServer has no such blob. */
export class BlobNotFoundError extends FlinkError {
  readonly key: string

  constructor(facts: { key: string; server: string }) {
    super(
      `The BlobServer at ${facts.server} has no blob ${facts.key}: it was never put there, or its job has ended`,
      { code: 'FLINK_BLOB_NOT_FOUND' },
    )
    this.key = facts.key
  }
}

/** What arrived is not what the key names. */
export class BlobCorruptedError extends FlinkError {
  readonly key: string
  readonly actual: string

  constructor(facts: { key: string; actual: string; server: string; attempts: number }) {
    super(
      `Blob ${facts.key} from ${facts.server} arrived corrupted ${facts.attempts} times: its content has the SHA-256 ${facts.actual}`,
      { code: 'FLINK_BLOB_CORRUPTED' },
    )
    this.key = facts.key
    this.actual = facts.actual
  }
}

/** A job cannot have a blob that it needs; the code is that of the cause, which says why. */
export class JobBlobError extends FlinkError {
  readonly jobId: string
  readonly key: string

  constructor(facts: { jobId: string; key: string; cause: unknown }) {
    const { jobId, key, cause } = facts
    const known = FlinkError.is(cause) ? cause : undefined
    super(`Could not get blob ${key} of job ${jobId}: ${(cause as Error).message}`, {
      code: known?.code ?? 'FLINK_BLOB_FETCH_FAILED',
      retriable: known?.retriable ?? false,
      cause,
    })
    this.jobId = jobId
    this.key = key
  }
}

/** A blob is larger than any may be. */
export class BlobTooLargeError extends FlinkError {
  readonly sizeBytes: number
  readonly limitBytes: number

  constructor(facts: { subject: string; sizeBytes: number; limitBytes: number }) {
    super(
      `${facts.subject} has ${facts.sizeBytes} bytes, more than the ${facts.limitBytes} that a blob may have; ` +
        'large files belong into a file system that all TaskManagers reach; blob.max-size raises the limit',
      { code: 'FLINK_BLOB_TOO_LARGE' },
    )
    this.sizeBytes = facts.sizeBytes
    this.limitBytes = facts.limitBytes
  }
}

/** A blob could not be fetched although it was tried several times. */
export class BlobFetchError extends FlinkError {
  readonly key: string

  constructor(facts: { key: string; server: string; attempts: number; cause: unknown }) {
    super(
      `Could not fetch blob ${facts.key} from the BlobServer at ${facts.server} in ${facts.attempts} attempts`,
      { code: 'FLINK_BLOB_FETCH_FAILED', retriable: true, cause: facts.cause },
    )
    this.key = facts.key
  }
}

/** The storage in which programs are kept for later leaders does not do what it was asked for. */
export class BlobStorageError extends FlinkError {
  readonly path: string

  constructor(facts: { operation: string; path: string; cause: unknown }) {
    const { operation, path, cause } = facts
    super(
      `Could not ${operation} ${path}, where programs of jobs are kept for later leaders: ${(cause as Error).message}; all JobManagers must be able to read and write high-availability.storageDir`,
      { code: 'FLINK_BLOB_STORAGE', retriable: true, cause },
    )
    this.path = path
  }
}
