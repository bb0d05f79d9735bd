import type { YarnContainer } from '../../clusters/yarn-rest.js'
import { until } from '../../support/until.js'
import type { Fault, FaultContext } from '../fault.js'
import type { YarnFaultCluster } from './yarn-fault-cluster.js'
import type { YarnFaultJob } from './yarn-fault-job.js'

export type YarnFault = Fault<YarnFaultCluster, YarnFaultJob>
export type YarnContext = FaultContext<YarnFaultCluster, YarnFaultJob>

/** Of each TaskManager. */
export const SLOTS = 2
/** A session in ZooKeeper ends, and a bit: its servers look at each tick only. */
export const SESSION_TIMEOUT_MS = 4000
export const AFTER_EXPIRY_MS = 1500
/** Of what takes long on a busy machine. */
export const SLOW_MS = 120_000

export interface Containers {
  readonly master: YarnContainer
  readonly workers: readonly YarnContainer[]
}

/** All containers of the job's cluster; undefined if it is not complete, as when it is about to end. */
export async function containersOf({ cluster, job }: YarnContext): Promise<Containers | undefined> {
  const needed = Math.ceil(job.parallelism / SLOTS)
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

export function anyOf<T>({ random }: YarnContext, all: readonly T[]): T {
  return all[random.nextInt(all.length)]!
}
