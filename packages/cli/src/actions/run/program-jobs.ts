import { RemoteJob } from '@flink-ts/client/submission'
import type { RecordedJob, SubmittedJob } from '@flink-ts/runtime/program'
import { accumulatorLines } from '../../terminal/accumulator-lines.js'
import type { ActionContext } from '../action.js'
import { AttachedJobs, type FollowedCluster } from './attached-jobs.js'

/** What a program has of the jobs that it has submitted, and what its person sees of them. */
export class ProgramJobs {
  readonly #context: ActionContext
  /** Undefined: nobody waits for them. */
  readonly #attached: AttachedJobs | undefined

  constructor(context: ActionContext, options: { attached: boolean; cancelOnExit: boolean }) {
    this.#context = context
    this.#attached = options.attached ? new AttachedJobs(context, options.cancelOnExit) : undefined
  }

  /** A job that `cluster` has accepted. */
  accepted({ jobGraph }: RecordedJob, cluster: FollowedCluster): SubmittedJob {
    const { terminal, clock } = this.#context
    const { jobId, name } = jobGraph
    terminal.out(`Job has been submitted with JobID ${jobId}`)
    const attached = this.#attached
    if (attached === undefined) {
      const job = new RemoteJob({ jobId, client: cluster.client, clock })
      const nothing = { jobId, jobName: name, netRuntimeMs: 0, accumulators: [] }
      return { ...methodsOf(job), result: async () => nothing }
    }
    const job = attached.follow(jobId, cluster)
    return {
      ...methodsOf(job),
      result: async () => {
        const result = await attached.outcome(job.result())
        terminal.out('Program execution finished')
        terminal.out(`Job with JobID ${jobId} has finished.`)
        terminal.out(`Job Runtime: ${result.netRuntimeMs} ms`)
        for (const line of accumulatorLines(result.accumulators)) terminal.out(line)
        terminal.out()
        return result
      },
    }
  }
}

function methodsOf(job: RemoteJob): Omit<SubmittedJob, 'result'> {
  return {
    jobId: job.jobId,
    status: () => job.status(),
    cancel: () => job.cancel(),
    accumulators: () => job.accumulators(),
    savepoint: (request) => job.savepoint(request),
  }
}
