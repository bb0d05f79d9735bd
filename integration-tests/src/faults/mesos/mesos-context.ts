import type { MesosAgent } from '../../clusters/mesos.js'
import type { MesosTask } from '../../clusters/mesos-operator.js'
import { until } from '../../support/until.js'
import type { FaultContext } from '../fault.js'
import { anyOf, type ManagedFault, neededWorkers, SLOW_MS } from '../managed/managed-cluster.js'
import type { MesosFaultCluster } from './mesos-fault-cluster.js'
import type { MesosFaultJob } from './mesos-fault-job.js'

export type MesosFault = ManagedFault<MesosFaultCluster, MesosFaultJob>
export type MesosContext = FaultContext<MesosFaultCluster, MesosFaultJob>

/** Tasks of Mesos whose TaskManagers the job uses, as many as it needs; undefined if it is about to end. */
export async function workersOf({
  cluster,
  job,
}: MesosContext): Promise<readonly MesosTask[] | undefined> {
  const needed = neededWorkers(job)
  const { found } = await until(
    'the TaskManagers of the job run',
    async () => {
      if (await job.isFinished()) return { found: undefined }
      const taskManagers = await cluster.ask((rest) => rest.taskManagers())
      const used = new Set(
        taskManagers.flatMap(({ id, freeSlots, slotsNumber }) =>
          freeSlots < slotsNumber ? id : [],
        ),
      )
      const tasks = await cluster.tasks()
      const found = tasks.filter(({ id, state }) => used.has(id) && state === 'TASK_RUNNING')
      return found.length >= needed && found.length === used.size && { found }
    },
    SLOW_MS,
  )
  return found
}

/** An agent with TaskManagers of the job, and all of them that are there. */
export async function busyAgent(
  context: MesosContext,
): Promise<{ agent: MesosAgent; agentId: string; victims: readonly string[] } | undefined> {
  const workers = await workersOf(context)
  if (workers === undefined) return undefined
  const { agentId } = anyOf(context, workers)
  const agent = await context.cluster.agent(agentId)
  const victims = workers.flatMap((each) => (each.agentId === agentId ? each.id : []))
  context.note(`${agent.name} with ${victims.join(', ')}`)
  return { agent, agentId, victims }
}

/** Waits until each task that Mesos has is a TaskManager which the JobManager knows: none has been forgotten. */
export async function untilNoneIsForgotten({ cluster, job }: MesosContext): Promise<void> {
  let forgotten: readonly string[] = []
  await until(
    'all tasks of Mesos are TaskManagers of the cluster',
    async () => {
      if (await job.isFinished()) return true
      const known = new Set((await cluster.ask((rest) => rest.taskManagers())).map(({ id }) => id))
      forgotten = (await cluster.tasks()).flatMap(({ id }) => (known.has(id) ? [] : id))
      return forgotten.length === 0
    },
    SLOW_MS,
  ).catch((cause) => {
    throw new Error(`nobody knows ${forgotten.join(', ')}`, { cause })
  })
}
