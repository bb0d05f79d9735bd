import { lasting } from '../fault.js'
import {
  anyOf,
  type ManagedCluster,
  type ManagedContext,
  type ManagedFault,
} from './managed-cluster.js'
import type { ManagedJob } from './managed-job.js'

/** Containers or tasks with TaskManagers of a job, as many as it needs or more. */
export interface Workers {
  readonly ids: readonly string[]
  /** Whether the job notices the end of any of them. */
  readonly areNeeded: boolean
}

/** @returns undefined if the job is about to end */
export type FindWorkers<C extends ManagedCluster, J extends ManagedJob> = (
  context: ManagedContext<C, J>,
) => Promise<Workers | undefined>

/** Faults of TaskManagers that any resource manager has started: one or all are killed, and one is stopped for a while. */
export function workerFaults<C extends ManagedCluster, J extends ManagedJob>(
  workersOf: FindWorkers<C, J>,
): Readonly<Record<'killOne' | 'killAll' | 'pauseOne', ManagedFault<C, J>>> {
  const kill = async (context: ManagedContext<C, J>, how: 'one' | 'all') => {
    const workers = await workersOf(context)
    if (workers === undefined) return false
    const { ids, areNeeded } = workers
    const victims = how === 'one' && areNeeded ? [anyOf(context, ids)] : ids
    context.note(victims.join(', '))
    context.happens()
    await Promise.all(victims.map((victim) => context.cluster.kill(victim)))
    return true
  }
  return {
    killOne: {
      name: 'kill-task-manager',
      weight: 4,
      restarts: true,
      inject: (context) => kill(context, 'one'),
    },
    killAll: {
      name: 'kill-all-task-managers',
      weight: 1,
      restarts: true,
      inject: (context) => kill(context, 'all'),
    },
    pauseOne: {
      name: 'pause-task-manager',
      weight: 1,
      restarts: false,
      async inject(context) {
        const { cluster, random } = context
        const workers = await workersOf(context)
        if (workers === undefined) return false
        // Up to well beyond the time after which it is taken for lost.
        const ms = 500 + random.nextInt(9000)
        const worker = anyOf(context, workers.ids)
        context.note(`${worker} for ${ms} ms`)
        cluster.pause(worker)
        await lasting(ms)
        cluster.heal()
        return true
      },
    },
  }
}
