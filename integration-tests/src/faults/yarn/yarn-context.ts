import type { YarnContainer } from '../../clusters/yarn-rest.js'
import { until } from '../../support/until.js'
import type { FaultContext } from '../fault.js'
import { type ManagedFault, neededWorkers, SLOW_MS } from '../managed/managed-cluster.js'
import type { Workers } from '../managed/worker-faults.js'
import type { YarnFaultCluster } from './yarn-fault-cluster.js'
import type { YarnFaultJob } from './yarn-fault-job.js'

export type YarnFault = ManagedFault<YarnFaultCluster, YarnFaultJob>
export type YarnContext = FaultContext<YarnFaultCluster, YarnFaultJob>

export interface Containers {
  readonly master: YarnContainer
  readonly workers: readonly YarnContainer[]
}

/** All containers of the job's cluster; undefined if it is not complete, as when it is about to end. */
export async function containersOf({ cluster, job }: YarnContext): Promise<Containers | undefined> {
  const needed = neededWorkers(job)
  const { found } = await until(
    'the JobManager and its TaskManagers run',
    async () => {
      if (await job.isFinished()) return { found: undefined }
      const { master, workers } = await cluster.containers(job.applicationId)
      return master !== undefined && workers.length >= needed && { found: { master, workers } }
    },
    SLOW_MS,
  )
  return found
}

/** As {@link containersOf}. With one container too many it may be the one that nobody needs. */
export async function workersOf(context: YarnContext): Promise<Workers | undefined> {
  const workers = (await containersOf(context))?.workers
  return (
    workers && {
      ids: workers.map(({ containerId }) => containerId),
      areNeeded: workers.length === neededWorkers(context.job),
    }
  )
}
