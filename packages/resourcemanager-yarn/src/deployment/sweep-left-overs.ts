import { isFinalState } from '../rest/resource-manager-records.js'
import { applicationAccess } from './application-access.js'
import type { YarnWorld } from './yarn-world.js'

/** More wait for the next deployment. */
const MAX_APPLICATIONS = 50
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
  const found = await staging.leftOvers()
  let removed = 0
  // The newest first: those that run for long are looked at last.
  const others = [...found].reverse().filter((each) => each.applicationId !== ownApplicationId)
  for (const { applicationId, lastChangedMs } of others.slice(0, MAX_APPLICATIONS)) {
    const report = await resourceManager.application(applicationId)
    // Another YARN may use the same folder: this one knows nothing of its applications.
    const isForgotten =
      report === undefined &&
      startOf(applicationId) === startOf(ownApplicationId) &&
      clock.now() - lastChangedMs > FORGOTTEN_MS
    if (!isForgotten && (report === undefined || !isFinalState(report.state))) continue
    await staging.remove(applicationId)
    log.info('Removed the files of an application that is over', { applicationId })
    removed++
  }
  return removed
}

/** When the ResourceManager that made the id was started. */
const startOf = (applicationId: string) => applicationId.split('_')[1]
