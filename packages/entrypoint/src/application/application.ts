import { Worker } from 'node:worker_threads'
import {
  type Clock,
  deserializeError,
  type Logger,
  serializeError,
  userMessage,
} from '@flink-ts/core'
import { type ApplicationStatus, applicationStatusOf, type JobStatus } from '@flink-ts/runtime'
import { ApplicationError } from './application-error.js'
import type { ApplicationJobs } from './application-jobs.js'
import type {
  ApplicationAnswer,
  ApplicationCall,
  ApplicationReport,
  ApplicationThreadData,
} from './application-thread-messages.js'

const THREAD_ENTRY = new URL('./application-thread.js', import.meta.url)
/** How long a thread may take to end by force. */
const TERMINATION_PATIENCE_MS = 2000

/** How an application has ended: by its jobs. */
export interface ApplicationOutcome {
  readonly status: ApplicationStatus
  /** For people; empty if all went well. */
  readonly diagnostics: string
}

export interface ApplicationOptions {
  readonly program: ApplicationThreadData
  readonly jobs: ApplicationJobs
  /** `execution.terminate-application-on-any-job-terminated-exceptionally`. */
  readonly endWithFirstFailure: boolean
  readonly clock: Clock
  readonly log: Logger
}

/** Runs a program in a thread of its own, once. */
export class Application {
  readonly #options: ApplicationOptions
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #hasReported = false
  #isStuck = false
  #isTerminated = false

  /**
   * Resolves when `main()` and all jobs have ended; never after {@link terminate}.
   *
   * @throws ApplicationError when `main()` throws anything but the failure of a job, or executes nothing
   */
  readonly ended: Promise<ApplicationOutcome>

  constructor(options: ApplicationOptions) {
    this.#options = options
    const { programName, args } = options.program
    options.log.info('The application starts', { program: programName, arguments: args.length })
    this.#worker = new Worker(THREAD_ENTRY, {
      name: `main() of ${programName}`,
      workerData: options.program,
    })
    let threadError: unknown
    this.#worker.on('error', (error) => {
      threadError = error
    })
    let onExit = (_exitCode: number) => {}
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        onExit(exitCode)
        resolve()
      })
    })
    this.ended = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: ApplicationReport) => {
        if (message.type === 'call') void this.#answer(message.id, message.call)
        else this.#outcome(message).then(resolve, reject)
      })
      onExit = (exitCode) => {
        if (this.#hasReported || this.#isTerminated) return
        reject(this.#failed(whyItExited(exitCode, threadError), threadError))
      }
    })
    // Who has terminated it does not ask.
    this.ended.catch(() => {})
  }

  /** Whether its thread is inside of a call that nothing can end: `process.exit` would wait for it. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Ends `main()`, whatever it does. Its jobs are left alone. Idempotent. */
  async terminate(): Promise<void> {
    this.#isTerminated = true
    void this.#worker.terminate()
    this.#isStuck = !(await new Promise<boolean>((resolve) => {
      const cancel = this.#options.clock.schedule(TERMINATION_PATIENCE_MS, () => resolve(false))
      void this.#exited.then(() => {
        cancel()
        resolve(true)
      })
    }))
  }

  async #outcome(
    report: Exclude<ApplicationReport, { type: 'call' }>,
  ): Promise<ApplicationOutcome> {
    this.#hasReported = true
    const { jobs, endWithFirstFailure, log } = this.#options
    if (report.type === 'failed') {
      const error = deserializeError(report.error)
      if (report.jobId === undefined) throw this.#failed('main() threw an error', error)
      const { status } = await jobs.result(report.jobId)
      return { status: applicationStatusOf(status as JobStatus), diagnostics: userMessage(error) }
    }
    log.info('main() of the application has ended', { executions: report.executions })
    if (report.executions === 0) throw this.#failed('The application contains no execute() calls.')
    const bad = await jobs.unfinished(endWithFirstFailure)
    if (bad === undefined) return { status: 'SUCCEEDED', diagnostics: '' }
    const { status, jobId, jobName, failureCause } = bad
    const why = failureCause === undefined ? '' : `: ${userMessage(failureCause)}`
    return {
      status: applicationStatusOf(status as JobStatus),
      diagnostics: `Job '${jobName}' (${jobId}) ended as ${status}${why}`,
    }
  }

  async #answer(id: number, call: ApplicationCall): Promise<void> {
    let answer: ApplicationAnswer
    try {
      answer = { id, value: await this.#perform(call) }
    } catch (error) {
      answer = { id, error: serializeError(error) }
    }
    this.#worker.postMessage(answer)
  }

  #perform(call: ApplicationCall): Promise<unknown> {
    const { jobs } = this.#options
    switch (call.type) {
      case 'submit':
        return jobs.submit(call.jobId, call.jobGraph)
      case 'result':
        return jobs.result(call.jobId)
      case 'status':
        return jobs.status(call.jobId)
      case 'cancel':
        return jobs.cancel(call.jobId)
      case 'accumulators':
        return jobs.accumulators(call.jobId)
      case 'savepoint':
        return jobs.savepoint(call.jobId, call.request)
    }
  }

  #failed(why: string, cause?: unknown): ApplicationError {
    const { programName } = this.#options.program
    return new ApplicationError(`Application ${programName} failed unexpectedly: ${why}`, {
      programName,
      cause,
    })
  }
}

function whyItExited(exitCode: number, threadError: unknown): string {
  return threadError === undefined
    ? `its thread ended with exit code ${exitCode} before main() did; main() must not call process.exit()`
    : 'an error that main() did not catch'
}
