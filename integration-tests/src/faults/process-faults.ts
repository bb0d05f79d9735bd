import { isAlive, stopProcess } from '../support/processes.js'
import { until } from '../support/until.js'
import { type Fault, type FaultContext, lasting } from './fault.js'
import { failCommit, ordered, throwInFunction } from './function-faults.js'
import { restoreNewest } from './restoring.js'
import type { TaskManagerPlace } from './task-manager-place.js'

/** A place with a process, mostly one that runs tasks of the job. */
export async function anyTaskManager({
  cluster,
  job,
  random,
}: FaultContext): Promise<TaskManagerPlace & { pid: number }> {
  const alive = cluster.places.filter(({ pid }) => pid !== undefined && isAlive(pid))
  const used = await job.taskManagers()
  const busy = alive.filter(({ resourceId }) => used.has(resourceId))
  const running = busy.length > 0 && random.nextInt(10) > 0 ? busy : alive
  return running[random.nextInt(running.length)] as TaskManagerPlace & { pid: number }
}

/** Stops the process of a TaskManager for a while, as a long garbage collection or a paused machine does. */
async function paused(context: FaultContext, ms: number): Promise<boolean> {
  const { pid, resourceId } = await anyTaskManager(context)
  context.note(`${resourceId} for ${ms} ms`)
  stopProcess(pid)
  try {
    await lasting(ms)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  return true
}

/** Faults of processes and threads. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'kill-task-manager',
    weight: 4,
    restarts: false,
    async inject(context) {
      const place = await anyTaskManager(context)
      context.note(place.resourceId)
      context.happens()
      await context.cluster.kill(place.pid)
      await lasting(context.random.nextInt(1500))
      await context.cluster.refill()
      return true
    },
  },
  {
    name: 'kill-all-task-managers',
    weight: 1,
    restarts: true,
    async inject({ cluster }) {
      const pids = cluster.places.flatMap(({ pid }) => pid ?? [])
      await Promise.all(pids.map((pid) => cluster.kill(pid)))
      await cluster.refill()
      return true
    },
  },
  {
    name: 'pause-task-manager',
    weight: 2,
    restarts: false,
    inject: (context) => paused(context, 200 + context.random.nextInt(1800)),
  },
  {
    name: 'pause-task-manager-until-lost',
    weight: 2,
    restarts: false,
    inject: (context) => paused(context, 6000 + context.random.nextInt(3000)),
  },
  {
    name: 'end-task-thread',
    weight: 3,
    restarts: true,
    inject: (context) => ordered(context, 'task', 'exit'),
  },
  throwInFunction(3),
  failCommit(3),
  {
    name: 'kill-in-commit',
    weight: 2,
    restarts: true,
    async inject(context) {
      const taken = await ordered(context, 'fail-commit', 'kill')
      if (!taken) return false
      await until('a TaskManager has ended', () =>
        context.cluster.places.some(({ pid }) => pid === undefined || !isAlive(pid)),
      )
      await context.cluster.refill()
      return true
    },
  },
  {
    name: 'slow-consumer',
    weight: 2,
    restarts: false,
    async inject({ job, random }) {
      job.order('slow')
      await lasting(1000 + random.nextInt(3000))
      job.revoke('slow')
      return true
    },
  },
  {
    name: 'kill-job-manager',
    weight: 1,
    restarts: true,
    async inject(context) {
      const place = await context.cluster.leader()
      await context.cluster.kill(place.pid!)
      await context.cluster.startJobManager(place)
      await context.cluster.untilSlots()
      return restoreNewest(context)
    },
  },
]
