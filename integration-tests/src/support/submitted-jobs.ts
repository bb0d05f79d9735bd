import type { JobDetailsBody } from '@flink-ts/rest'
import { program } from './test-cluster.js'

/** A job that runs until it is ended, for `flink run`. */
export const ENDLESS = [program('application.ts'), '--mode', 'endless']

/** The job that `flink run` has told of. @throws Error with all that it wrote if it has told of none */
export function jobIdIn(text: string): string {
  const id = /JobID ([0-9a-f]{32})/.exec(text)?.[1]
  if (id === undefined) throw new Error(`no job was submitted: ${text}`)
  return id
}

/** Whether a job and all of its tasks run. */
export function allTasksRun({ state, vertices }: JobDetailsBody): boolean {
  return state === 'RUNNING' && vertices.every((each) => each.tasks['RUNNING'] === each.parallelism)
}
