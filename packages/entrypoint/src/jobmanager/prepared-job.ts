import { rmSync } from 'node:fs'

/** Names of the files in a folder that was prepared for a cluster of one job. */
export const PREPARED_JOB = { jobGraph: 'job-graph.json', bundle: 'program.mjs' } as const

/** Removes the folder that `--prepared` names: it is of use to one process, whether that could start or not. Idempotent. */
export function removePreparedJob(args: readonly string[]): void {
  const at = args.indexOf('--prepared')
  const folder = at < 0 ? undefined : args[at + 1]
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}
