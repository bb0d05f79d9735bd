import type { Logger } from '@flink-ts/core'
import { areOfOneTerm, type JobBlobs, type TermBlobs } from '../blob/job-blobs.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { Retries } from '../retry/retries.js'
import { STORAGE_RETRIES } from './store-retries.js'

export interface JobProgramsOptions {
  /** Of this term, if there are later ones; undefined: jobs bring no programs. */
  readonly blobs: JobBlobs | TermBlobs | undefined
  readonly retries: Retries
  readonly log: Logger
  /** Whether the term is over. */
  readonly isOver: () => boolean
}

/** The programs of a term's jobs, kept as long as their jobs are. */
export class JobPrograms {
  readonly #options: JobProgramsOptions

  constructor(options: JobProgramsOptions) {
    this.#options = options
  }

  /** Keeps the program of a job that is submitted. @throws BlobNotFoundError, BlobStorageError */
  async register({ jobId, program }: JobGraph): Promise<void> {
    if (program?.bundleKey === undefined) return
    await this.#options.blobs?.registerJob(jobId, [program.bundleKey])
  }

  /** Keeps the program of a job that an earlier leader has left; one that is missing is logged. */
  async recover(jobGraph: JobGraph): Promise<void> {
    const { retries, log, isOver } = this.#options
    const { jobId, name } = jobGraph
    try {
      await retries.run(`fetch the program of job ${jobId}`, STORAGE_RETRIES, () =>
        this.register(jobGraph),
      )
    } catch (error) {
      if (isOver()) return
      // Its tasks will fail and say so.
      log.error('The program of a recovered job is missing', { jobId, job: name, error })
    }
  }

  /** The job has ended. @throws BlobStorageError: to be repeated */
  async release(jobId: string): Promise<void> {
    await this.#options.blobs?.releaseJob(jobId)
  }

  /** The job was not accepted. Never rejects. */
  async releaseRefused(jobId: string): Promise<void> {
    try {
      await this.release(jobId)
    } catch (error) {
      // The submitter hears why the job was refused.
      this.#options.log.warn('The program of a refused job was not removed; the next leader does', {
        jobId,
        error,
      })
    }
  }

  /** Removes what belongs to none of the jobs that earlier leaders have left, when all of them are recovered. Never rejects. */
  async removeAbandoned(): Promise<void> {
    const { blobs, log, isOver } = this.#options
    if (isOver() || blobs === undefined || !areOfOneTerm(blobs)) return
    await blobs.removeAbandoned().catch((error) => {
      log.warn('Programs of earlier leaders were not removed; the next leader tries again', {
        error,
      })
    })
  }

  /** The term is over. */
  async close(): Promise<void> {
    const { blobs } = this.#options
    if (blobs !== undefined && areOfOneTerm(blobs)) await blobs.close()
  }
}
