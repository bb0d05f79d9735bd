import type { MesosOperator } from '../../clusters/mesos-operator.js'
import { until } from '../../support/until.js'
import type { MesosContext } from './mesos-context.js'

/** As `GET_TASKS` tells it. An agent tells of the next state when the one before is acknowledged. */
interface ToldTask {
  readonly task_id: { readonly value: string }
  readonly state: string
  readonly status_update_state?: string
}

/** Until that is acknowledged the task is not among the completed ones. */
const ENDED = /_(FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE)$/

/** It takes a moment; when the job has finished meanwhile, nobody can tell any more. */
const DEADLINE_MS = 45_000

/** Waits until the JobManager has acknowledged all that Mesos has told it of tasks, so that Mesos may forget those that have ended. */
export async function untilAcknowledged({ cluster, job }: MesosContext): Promise<void> {
  let waiting: readonly string[] = []
  await until(
    'nothing waits to be acknowledged',
    async () => {
      waiting = await unacknowledged(cluster.operator)
      return waiting.length === 0 || (await job.isFinished())
    },
    DEADLINE_MS,
  ).catch((cause) => {
    throw new Error(`${(cause as Error).message}: ${waiting.join('; ')}`, { cause })
  })
}

async function unacknowledged(operator: MesosOperator): Promise<string[]> {
  const { tasks = [] } = await operator.call('GET_TASKS')
  return (tasks as ToldTask[])
    .filter(({ state, status_update_state: told }) => told !== state || ENDED.test(state))
    .map(({ task_id: { value }, state, status_update_state: told }) => {
      return `${value}, which is ${state} and told as ${told}`
    })
}
