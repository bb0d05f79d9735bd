import type { LeaderStores } from '../highavailability/high-availability-services.js'
import { CorruptEntryError } from '../highavailability/store/store-errors.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobResult } from '../messages/messages.generated.js'

/** What earlier leaders have left. */
export interface RecoveredJobs {
  readonly jobGraphs: readonly JobGraph[]
  readonly dirtyResults: readonly JobResult[]
  /** Jobs of which nobody can tell what they are, or how they ended, by id: they are left alone. */
  readonly unreadable: ReadonlyMap<string, CorruptEntryError>
}

/** Repeats what fails as it should be. */
export type StoreCall = <T>(what: string, attempt: () => Promise<T>) => Promise<T>

/** Reads what earlier leaders have left; an entry that cannot be read costs no other job anything. */
export async function recoverJobs(
  { jobGraphs, jobResults }: LeaderStores,
  store: StoreCall,
): Promise<RecoveredJobs> {
  const unreadable = new Map<string, CorruptEntryError>()
  const dirtyResults = await store('read how jobs ended', () =>
    jobResults.getDirtyResults((jobId, error) => unreadable.set(jobId, error)),
  )
  const ended = new Set(dirtyResults.map(({ jobId }) => jobId))
  const jobIds = await store('list jobs', () => jobGraphs.getJobIds())
  const read = async (jobId: string): Promise<JobGraph | undefined> => {
    try {
      return await store(`read the graph of job ${jobId}`, () => jobGraphs.getJobGraph(jobId))
    } catch (error) {
      if (!(error instanceof CorruptEntryError)) throw error
      unreadable.set(jobId, error)
      return undefined
    }
  }
  // A job whose result cannot be read has ended: it must not run again.
  const toRun = jobIds.filter((jobId) => !ended.has(jobId) && !unreadable.has(jobId))
  const graphs = await Promise.all(toRun.map(read))
  return {
    jobGraphs: graphs.filter((jobGraph) => jobGraph !== undefined),
    dirtyResults,
    unreadable,
  }
}
