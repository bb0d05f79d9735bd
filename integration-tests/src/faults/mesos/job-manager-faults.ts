import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  AFTER_EXPIRY_MS,
  noneHasEndedWith,
  SESSION_TIMEOUT_MS,
  SLOW_MS,
  TAKE_OVER_MS,
} from '../managed/managed-cluster.js'
import {
  type MesosContext,
  type MesosFault,
  untilNoneIsForgotten,
  workersOf,
} from './mesos-context.js'

const EXPIRY_MS = SESSION_TIMEOUT_MS + AFTER_EXPIRY_MS

/** The next JobManager takes the TaskManagers over, as the same framework: none of them ends. */
async function takenOver(context: MesosContext, action: () => Promise<void>): Promise<boolean> {
  const { cluster, job } = context
  const workers = await workersOf(context)
  if (workers === undefined) return false
  const { frameworkId } = workers[0]!
  context.happens()
  await action()
  await cluster.untilWell()
  await lasting(TAKE_OVER_MS)
  if (await job.isFinished()) return true
  await isStill(frameworkId, context)
  await untilNoneIsForgotten(context)
  await noneHasEndedWith(
    'their JobManager',
    context,
    workers.map(({ id }) => id),
  )
  return true
}

/** @throws Error if there is another framework, or a task of one */
async function isStill(frameworkId: string, { cluster }: MesosContext): Promise<void> {
  const isOther = (id: string) => id !== frameworkId
  const others = (await cluster.frameworks()).filter(({ id }) => isOther(id))
  const foreign = (await cluster.tasks()).filter((task) => isOther(task.frameworkId))
  if (others.length + foreign.length === 0) return
  const tasks = foreign.map(({ id, state, agentId, frameworkId: owner }) => {
    const life = cluster.isRunning(id) ? 'its process lives' : 'it has no process'
    return `task ${id} of ${owner}, which is ${state} on agent ${agentId}: ${life}`
  })
  const names = new Set([...others.map(({ id }) => id), ...foreign.map((task) => task.frameworkId)])
  throw new Error(
    [`${[...names].join(', ')}: another framework than ${frameworkId}`, ...tasks].join('; '),
  )
}

async function killed({ cluster, random }: MesosContext): Promise<void> {
  await cluster.jobManager.kill(true)
  await lasting(random.nextInt(3000))
  cluster.jobManager.release()
}

/** Faults of JobManagers. */
export const JOB_MANAGER_FAULTS: readonly MesosFault[] = [
  {
    name: 'kill-job-manager',
    weight: 4,
    restarts: true,
    inject: (context) => takenOver(context, () => killed(context)),
  },
  {
    name: 'end-job-manager',
    weight: 1,
    restarts: true,
    inject: (context) => takenOver(context, () => context.cluster.jobManager.terminate()),
  },
  {
    name: 'pause-job-manager-until-lost',
    weight: 2,
    restarts: true,
    inject: (context) =>
      takenOver(context, async () => {
        const { jobManager } = context.cluster
        jobManager.pause()
        await lasting(EXPIRY_MS + context.random.nextInt(3000))
        jobManager.resume()
      }),
  },
  {
    // A supervisor takes a JobManager for dead that only sleeps.
    name: 'replace-job-manager',
    weight: 2,
    restarts: true,
    inject: (context) =>
      takenOver(context, async () => {
        const { cluster, random } = context
        const former = cluster.jobManager
        former.pause()
        await cluster.addJobManager()
        await lasting(EXPIRY_MS + random.nextInt(6000))
        former.resume()
        await lasting(random.nextInt(4000))
        await cluster.dismissFirst()
      }),
  },
  {
    name: 'kill-everything',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster } = context
      const workers = await workersOf(context)
      if (workers === undefined) return false
      context.happens()
      const killing = workers.map(({ id }) => cluster.kill(id))
      await Promise.all([killed(context), ...killing])
      await untilNoneIsForgotten(context)
      return true
    },
  },
  {
    // It may have got anywhere with the tasks that are to come: the next one knows of each.
    name: 'kill-job-manager-in-launch',
    weight: 2,
    restarts: true,
    async inject(context) {
      const { cluster, random, note } = context
      const workers = await workersOf(context)
      if (workers === undefined) return false
      context.happens()
      await Promise.all(workers.map(({ id }) => cluster.kill(id)))
      const old = new Set(workers.map(({ id }) => id))
      // From before they are asked for to where they are registered.
      if (random.nextInt(2) === 0) await lasting(random.nextInt(1500))
      else {
        await until(
          'a task is launched',
          async () => (await cluster.tasks()).some(({ id }) => !old.has(id)),
          SLOW_MS,
        )
        await lasting(random.nextInt(500))
      }
      const launched = (await cluster.tasks()).filter(({ id }) => !old.has(id))
      note(launched.map(({ id, state }) => `${id} ${state}`).join(', '))
      await killed(context)
      await untilNoneIsForgotten(context)
      return true
    },
  },
  {
    // What was kept of the TaskManagers is lost, and they hang: the next JobManager hears of them from Mesos alone.
    name: 'forget-task-managers',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster } = context
      const workers = await workersOf(context)
      if (workers === undefined) return false
      const ids = workers.map(({ id }) => id)
      context.note(ids.join(', '))
      context.happens()
      await cluster.jobManager.kill(true)
      for (const id of ids) cluster.pause(id)
      await cluster.coordination.forget(ids)
      cluster.jobManager.release()
      await until(
        'the TaskManagers that nobody knows have ended',
        () => !ids.some((id) => cluster.isRunning(id)),
        SLOW_MS,
      )
      return true
    },
  },
  {
    // Somebody, or the failover timeout, ends it: all of its tasks end, and nobody may use its id again.
    name: 'remove-framework',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster, random } = context
      const workers = await workersOf(context)
      if (workers === undefined) return false
      const { frameworkId } = workers[0]!
      const isDown = random.nextInt(2) === 0
      context.note(`${frameworkId}${isDown ? ' while there is no JobManager' : ''}`)
      context.happens()
      if (isDown) await cluster.jobManager.kill(true)
      await cluster.operator.tearDown(frameworkId)
      cluster.jobManager.release()
      await until(
        'another framework is registered',
        async () => {
          const frameworks = await cluster.operator.frameworks()
          return frameworks.some(({ id, connected }) => id !== frameworkId && connected)
        },
        SLOW_MS,
      )
      await until('the tasks of the former one have ended', () => {
        return !workers.some(({ id }) => cluster.isRunning(id))
      })
      return true
    },
  },
]
