import { userMessage } from '@flink-ts/core'
import { applicationAccess } from './application-access.js'
import type { YarnWorld } from './yarn-world.js'

/** How far a deployment has come. */
export interface Begun {
  applicationId?: string
  /** Its folder is there; false: perhaps. */
  isStaged?: boolean
  /** Or it was tried. */
  isSubmitted?: boolean
}

/** Ends an application that did not come up, and removes its files, unless it may still run and need them. What cannot be done is told, not thrown: something else went wrong before. */
export async function takeBack(
  world: YarnWorld,
  applicationId: string,
  { isStaged = true, isSubmitted = false }: Pick<Begun, 'isStaged' | 'isSubmitted'>,
): Promise<void> {
  const { tell, log } = world.context
  const { resourceManager, staging } = applicationAccess(world, undefined)
  if (isSubmitted) {
    try {
      if ((await resourceManager.application(applicationId)) !== undefined) {
        await resourceManager.kill(applicationId)
      }
    } catch (error) {
      log.warn('Could not end an application', { applicationId, reason: userMessage(error) })
      tell(
        `Application ${applicationId} could not be ended and may still run: "yarn application -kill ${applicationId}" ends it.`,
      )
      return
    }
  }
  try {
    await staging.remove(applicationId)
  } catch (error) {
    const message = 'Could not remove the files of an application'
    const fields = { applicationId, reason: userMessage(error) }
    if (!isStaged) return log.debug(message, fields)
    log.warn(message, fields)
    tell(`Its files could not be removed: ${staging.folderOf(applicationId)}`)
  }
}
