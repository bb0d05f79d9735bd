import { until } from '../../support/until.js'
import { anyOf, SLOW_MS } from '../managed/managed-cluster.js'
import { workerFaults } from '../managed/worker-faults.js'
import { untilAcknowledged } from './acknowledged-tasks.js'
import { type MesosFault, workersOf } from './mesos-context.js'
import type { MesosFaultCluster } from './mesos-fault-cluster.js'
import type { MesosFaultJob } from './mesos-fault-job.js'

const WORKER_FAULTS = workerFaults<MesosFaultCluster, MesosFaultJob>(async (context) => {
  const tasks = await workersOf(context)
  return tasks && { ids: tasks.map(({ id }) => id), areNeeded: true }
})

/** As the fault; and Mesos may forget the tasks that have ended. */
function acknowledged(fault: MesosFault): MesosFault {
  return {
    ...fault,
    async inject(context) {
      const done = await fault.inject(context)
      if (done) await untilAcknowledged(context)
      return done
    },
  }
}

/** Faults of tasks. */
export const TASK_FAULTS: readonly MesosFault[] = [
  acknowledged(WORKER_FAULTS.killOne),
  acknowledged(WORKER_FAULTS.killAll),
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
  WORKER_FAULTS.pauseOne,
]
