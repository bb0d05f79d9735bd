import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  AFTER_EXPIRY_MS,
  neededWorkers,
  noneHasEndedWith,
  SESSION_TIMEOUT_MS,
  SLOW_MS,
  TAKE_OVER_MS,
} from '../managed/managed-cluster.js'
import { workerFaults } from '../managed/worker-faults.js'
import { containersOf, workersOf, type YarnContext, type YarnFault } from './yarn-context.js'

const WORKER_FAULTS = workerFaults(workersOf)

/** The next attempt takes the TaskManagers over: none of them ends with the JobManager, or is given back by the next one. */
async function killMaster(context: YarnContext): Promise<boolean> {
  const { cluster, job } = context
  const containers = await containersOf(context)
  if (containers === undefined) return false
  const { master, workers } = containers
  context.note(master.containerId)
  context.happens()
  await cluster.kill(master.containerId)
  await until(
    'another JobManager runs',
    async () => {
      if (await job.isFinished()) return true
      const next = (await cluster.containers(job.applicationId)).master
      return next !== undefined && next.containerId !== master.containerId
    },
    SLOW_MS,
  )
  await lasting(TAKE_OVER_MS)
  // One too many may go because nobody needs it.
  if (workers.length === neededWorkers(job)) {
    const ids = workers.map(({ containerId }) => containerId)
    await noneHasEndedWith('their JobManager', context, ids)
  }
  return true
}

/** Faults of containers. */
export const CONTAINER_FAULTS: readonly YarnFault[] = [
  WORKER_FAULTS.killOne,
  WORKER_FAULTS.killAll,
  WORKER_FAULTS.pauseOne,
  { name: 'kill-application-master', weight: 4, restarts: true, inject: killMaster },
  {
    name: 'pause-application-master',
    weight: 2,
    restarts: true,
    async inject(context) {
      const containers = await containersOf(context)
      if (containers === undefined) return false
      const ms = SESSION_TIMEOUT_MS + AFTER_EXPIRY_MS + context.random.nextInt(3000)
      context.note(`${containers.master.containerId} for ${ms} ms`)
      context.cluster.pause(containers.master.containerId)
      await lasting(ms)
      context.happens()
      context.cluster.heal()
      return true
    },
  },
  {
    name: 'kill-all-containers',
    weight: 1,
    restarts: true,
    async inject(context) {
      const containers = await containersOf(context)
      if (containers === undefined) return false
      context.happens()
      const all = [containers.master, ...containers.workers]
      await Promise.all(all.map(({ containerId }) => context.cluster.kill(containerId)))
      return true
    },
  },
]
