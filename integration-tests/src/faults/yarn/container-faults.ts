import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  AFTER_EXPIRY_MS,
  anyOf,
  containersOf,
  SESSION_TIMEOUT_MS,
  SLOTS,
  SLOW_MS,
  type YarnContext,
  type YarnFault,
} from './yarn-context.js'

/** In which the next JobManager has found its TaskManagers. */
const TAKE_OVER_MS = 5000

/** One TaskManager, or all: those of which all are needed. */
async function killWorkers(context: YarnContext, how: 'one' | 'all'): Promise<boolean> {
  const { cluster, job } = context
  const containers = await containersOf(context)
  if (containers === undefined) return false
  const { workers } = containers
  // With one too many it may be the one that nobody needs.
  const isSure = workers.length === Math.ceil(job.parallelism / SLOTS)
  const victims = how === 'one' && isSure ? [anyOf(context, workers)] : workers
  context.note(victims.map(({ containerId }) => containerId).join(', '))
  context.happens()
  await Promise.all(victims.map((victim) => cluster.kill(victim)))
  return true
}

/** The next attempt takes the TaskManagers over: none of them ends with the JobManager, or is given back by the next one. */
async function killMaster(context: YarnContext): Promise<boolean> {
  const { cluster, job } = context
  const containers = await containersOf(context)
  if (containers === undefined) return false
  const { master, workers } = containers
  context.note(master.containerId)
  context.happens()
  await cluster.kill(master)
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
  const isNeeded = workers.length === Math.ceil(job.parallelism / SLOTS)
  const lost = workers.filter(({ containerId }) => !cluster.isRunning(containerId))
  if (isNeeded && lost.length > 0 && !(await job.isFinished())) {
    const ids = lost.map(({ containerId }) => containerId).join(', ')
    throw new Error(`TaskManagers have ended with their JobManager: ${ids}`)
  }
  return true
}

/** Faults of containers. */
export const CONTAINER_FAULTS: readonly YarnFault[] = [
  {
    name: 'kill-task-manager',
    weight: 4,
    restarts: true,
    inject: (context) => killWorkers(context, 'one'),
  },
  {
    name: 'kill-all-task-managers',
    weight: 1,
    restarts: true,
    inject: (context) => killWorkers(context, 'all'),
  },
  {
    name: 'pause-task-manager',
    weight: 1,
    restarts: false,
    async inject(context) {
      const containers = await containersOf(context)
      if (containers === undefined) return false
      // Up to well beyond the time after which it is taken for lost.
      const ms = 500 + context.random.nextInt(9000)
      const worker = anyOf(context, containers.workers)
      context.note(`${worker.containerId} for ${ms} ms`)
      context.cluster.pause(worker)
      await lasting(ms)
      context.cluster.heal()
      return true
    },
  },
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
      context.cluster.pause(containers.master)
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
      await Promise.all(all.map((each) => context.cluster.kill(each)))
      return true
    },
  },
]
