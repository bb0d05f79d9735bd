import type { JobSize } from './expected-rows.js'
import { readRows } from './read-output.js'
import { type CheckResult, RowChecker } from './row-checker.js'

/** Looks at every visible row of a job that has ended. */
export async function checkOutput(job: {
  readonly options: JobSize
  readonly output: string
}): Promise<CheckResult> {
  const checker = new RowChecker(job.options)
  await readRows(job.output, (row) => checker.add(row))
  return checker.result()
}
