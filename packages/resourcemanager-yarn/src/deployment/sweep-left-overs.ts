import { userMessage } from '@flink-ts/core'
import { isFinalState } from '../rest/resource-manager-records.js'
import { YarnUnreachableError } from '../rest/yarn-rest-error.js'
import { applicationAccess } from './application-access.js'
import type { YarnWorld } from './yarn-world.js'

/** More wait for the next deployment. */
const MAX_REMOVED = 50
/** Those that stay must not hide others, nor be asked for without end. */
const MAX_LOOKED_AT = 1_000
/** Whoever has got an id from YARN submits its application within this time, or never. */
const FORGOTTEN_MS = 3_600_000

/**
 * Removes the folders of the user's applications that YARN says are over: those that were killed could not do it themselves.
 *
 * @returns how many were removed
 */
export async function sweepLeftOvers(world: YarnWorld, ownApplicationId: string): Promise<number> {
  const { clock, log } = world.context
  const { resourceManager, staging } = applicationAccess(world, undefined)
  const isOver = async (applicationId: string, lastChangedMs: number) => {
    const report = await resourceManager.application(applicationId)
    if (report !== undefined) return isFinalState(report.state)
    // Another YARN may use the same folder: this one knows nothing of its applications.
    return (
      startOf(applicationId) === startOf(ownApplicationId) &&
      clock.now() - lastChangedMs > FORGOTTEN_MS
    )
  }
  const found = await staging.leftOvers()
  let removed = 0
  // The newest first: those that run for long are looked at last.
  const others = [...found].reverse().filter((each) => each.applicationId !== ownApplicationId)
  for (const { applicationId, lastChangedMs } of others.slice(0, MAX_LOOKED_AT)) {
    if (removed >= MAX_REMOVED) break
    try {
      if (!(await isOver(applicationId, lastChangedMs))) continue
      await staging.remove(applicationId)
    } catch (error) {
      if (error instanceof YarnUnreachableError) throw error
      const reason = userMessage(error)
      log.warn('Could not remove the files of a former application', { applicationId, reason })
      continue
    }
    log.info('Removed the files of an application that is over', { applicationId })
    removed++
  }
  return removed
}

/** When the ResourceManager that made the id was started. */
const startOf = (applicationId: string) => applicationId.split('_')[1]
