import { readdirSync, readFileSync } from 'node:fs'
import type { JobSession } from '../support/counted-job.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import type { MesosPlace } from './mesos-place.js'

/** A job that runs until it is ended, for `flink run`. */
export const ENDLESS = [program('application.ts'), '--mode', 'endless']

/** The session of a place, for jobs. */
export function jobSession(place: MesosPlace): JobSession {
  return {
    folder: place.folder,
    flink: (action, ...words) => place.flink(action, ...words),
    rest: async () => place.rest,
  }
}

export function jobIdIn(text: string): string {
  const id = /JobID ([0-9a-f]{32})/.exec(text)?.[1]
  if (id === undefined) throw new Error(`no job was submitted: ${text}`)
  return id
}

/** `flink run -d`, and waits until all of the job's tasks run. @returns the job's id */
export async function submitAndRun(place: MesosPlace, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await place.flink('run', '-d', ...words)
  const id = jobIdIn(stdout + stderr)
  await until(`job ${id} runs`, async () => {
    const { state, vertices } = await place.rest.jobDetails(id)
    return (
      state === 'RUNNING' && vertices.every((each) => each.tasks['RUNNING'] === each.parallelism)
    )
  })
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

/** The command lines of all processes of this machine. */
export function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        // It has ended meanwhile.
        return ''
      }
    })
    .join('\n')
}
