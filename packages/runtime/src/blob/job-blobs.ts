/** Keeps the blobs of jobs that have not ended. A `BlobServer` is one. */
export interface JobBlobs {
  /** Keeps `keys` until {@link releaseJob}. Idempotent. @throws BlobNotFoundError if one is nowhere */
  registerJob(jobId: string, keys: readonly string[]): Promise<void>
  /** Idempotent. */
  releaseJob(jobId: string): Promise<void>
}

/** {@link JobBlobs} of one term of leadership, kept for the terms after it. */
export interface TermBlobs extends JobBlobs {
  /** Removes what earlier terms have left; called when all jobs that they left are registered. */
  removeAbandoned(): Promise<void>
  /** The term is over: what is here is of no use any more; what is kept for later terms stays. Never rejects. */
  close(): Promise<void>
}

/** Whether these are of one term only. A `BlobServer` outlives its terms, and has a `close` of its own. */
export function areOfOneTerm(blobs: JobBlobs | TermBlobs): blobs is TermBlobs {
  return 'removeAbandoned' in blobs
}
