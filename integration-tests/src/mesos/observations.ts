import type { JobSession } from '../support/counted-job.js'
import { allTasksRun, jobIdIn } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import type { MesosPlace } from './mesos-place.js'

/** The session of a place, for jobs. */
export function jobSession(place: MesosPlace): JobSession {
  return {
    folder: place.folder,
    flink: (action, ...words) => place.flink(action, ...words),
    rest: async () => place.rest,
  }
}

/** `flink run -d`, and waits until all of the job's tasks run. @returns the job's id */
export async function submitAndRun(place: MesosPlace, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await place.flink('run', '-d', ...words)
  const id = jobIdIn(stdout + stderr)
  await until(`job ${id} runs`, async () => allTasksRun(await place.rest.jobDetails(id)))
  return id
}

/** Waits until so many tasks are there, as the master believes. @returns their ids in order */
export function untilTasks(place: MesosPlace, count: number): Promise<string[]> {
  return until(`${count} tasks are there`, async () => {
    const ids = await runningTasks(place)
    return ids.length === count && ids
  })
}

/** Ids of tasks that run, in order. */
export async function runningTasks(place: MesosPlace): Promise<string[]> {
  const tasks = await place.tasks()
  return tasks.flatMap(({ id, state }) => (state === 'TASK_RUNNING' ? id : [])).toSorted()
}

/** Ids of TaskManagers, in order. */
export async function taskManagers(place: MesosPlace): Promise<string[]> {
  return (await place.rest.taskManagers()).map(({ id }) => id).toSorted()
}
