import { until } from '../support/until.js'
import type { RoundContext } from './fault.js'
import type { JobUnderFaults } from './job-under-faults.js'

/** Of any job, wherever it runs. */
type Restoring = Pick<RoundContext<unknown, JobUnderFaults>, 'job' | 'note' | 'nextParallelism'>

/** Begins the job anew with its newest checkpoint that stayed, at another parallelism. */
export async function restoreNewest(context: Restoring): Promise<boolean> {
  const [newest] = await context.job.retainedCheckpoints()
  await restoreFrom(context, newest)
  return true
}

/** @param path undefined: nothing has been completed yet, so that the job begins with its first element */
export async function restoreFrom(context: Restoring, path: string | undefined): Promise<void> {
  const parallelism = context.nextParallelism()
  context.note(`from ${path?.split('/').slice(-1)[0] ?? 'the beginning'} at ${parallelism}`)
  await context.job.submit(parallelism, path)
}

/** Whether the job takes what it is to begin with: false if it fails at once instead. */
export async function begins({ job }: Pick<Restoring, 'job'>): Promise<boolean> {
  return until('the job has begun or failed', async () => {
    const status = await job.status()
    if (status === 'FAILED') return { yes: false }
    return (status === 'RUNNING' || status === 'FINISHED') && { yes: true }
  }).then(({ yes }) => yes)
}
