import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import { anyOf, type MesosContext, type MesosFault, SLOW_MS, workersOf } from './mesos-context.js'

/** One TaskManager of the job, or all. */
async function killWorkers(context: MesosContext, how: 'one' | 'all'): Promise<boolean> {
  const workers = await workersOf(context)
  if (workers === undefined) return false
  const victims = how === 'one' ? [anyOf(context, workers)] : workers
  context.note(victims.map(({ id }) => id).join(', '))
  context.happens()
  await Promise.all(victims.map(({ id }) => context.cluster.kill(id)))
  return true
}

/** Faults of tasks. */
export const TASK_FAULTS: readonly MesosFault[] = [
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
    // Agents that have cgroups end what is left of the task; others leave it to the TaskManager, which must see that it was given up.
    name: 'kill-executor',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster } = context
      const workers = await workersOf(context)
      if (workers === undefined) return false
      const { id } = anyOf(context, workers)
      context.note(id)
      context.happens()
      await cluster.killExecutor(id)
      await until('the TaskManager has ended by itself', () => !cluster.isRunning(id), SLOW_MS)
      return true
    },
  },
  {
    name: 'pause-task-manager',
    weight: 1,
    restarts: false,
    async inject(context) {
      const workers = await workersOf(context)
      if (workers === undefined) return false
      // Up to well beyond the time after which it is taken for lost.
      const ms = 500 + context.random.nextInt(9000)
      const { id } = anyOf(context, workers)
      context.note(`${id} for ${ms} ms`)
      context.cluster.pause(id)
      await lasting(ms)
      context.cluster.heal()
      return true
    },
  },
]
