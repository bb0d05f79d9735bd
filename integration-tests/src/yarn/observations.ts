import type { Test } from 'tap'
import type { Hadoop } from '../clusters/hadoop.js'
import type { JobSession } from '../support/counted-job.js'
import { allTasksRun } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'

/** A subtest that leaves nothing behind, and shows the logs of what ran if it fails. */
export async function yarnTest(
  t: Test,
  place: YarnPlace,
  name: string,
  body: (t: Test) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    const before = new Set((await place.yarn.applications()).map(({ id }) => id))
    try {
      await body(t)
      await place.checkNothingIsLeft(t)
    } catch (error) {
      t.fail(error as Error)
    }
    await place.showLogs(t, before)
    if (!t.passing()) await place.removeAll()
  })
}

/** When the ResourceManager's log says that a container came into a state, as text that can be compared. */
export function transitionTime(hadoop: Hadoop, containerId: string, state: string): string {
  const pattern = new RegExp(
    `^(\\S+ \\S+) .*${containerId} Container Transitioned from \\S+ to ${state}`,
    'm',
  )
  const time = pattern.exec(hadoop.resourceManager.log())?.[1]
  if (time === undefined) throw new Error(`${containerId} was never ${state}`)
  return time
}

export function containersIn(hadoop: Hadoop, applicationId: string): string[] {
  const number = applicationId.slice('application_'.length)
  const pattern = new RegExp(
    `container_(?:e\\d+_)?${number}_\\d+_\\d+ Container Transitioned from NEW to ALLOCATED`,
    'g',
  )
  return [...hadoop.resourceManager.log().matchAll(pattern)].map(([text]) => text.split(' ')[0]!)
}

export async function statusOf(
  place: YarnPlace,
  applicationId: string,
  jobId: string,
): Promise<string> {
  return (await (await place.rest(applicationId)).jobDetails(jobId)).state
}

export function untilRunning(
  place: YarnPlace,
  applicationId: string,
  jobId: string,
): Promise<unknown> {
  return until(`job ${jobId} runs`, async () =>
    allTasksRun(await (await place.rest(applicationId)).jobDetails(jobId)),
  )
}

/** A session on YARN, for jobs. */
export function jobSession(place: YarnPlace, applicationId: string): JobSession {
  const target = ['-t', 'yarn-session', `-Dyarn.application.id=${applicationId}`]
  return {
    folder: place.folder,
    flink: (action, ...words) => place.flink(action, ...target, ...words),
    rest: () => place.rest(applicationId),
  }
}

/** Ends a session as `yarn-session.sh -id` does. */
export async function stopSession(place: YarnPlace, applicationId: string): Promise<void> {
  const stop = place.command('yarn-session.sh', ['-id', applicationId], { hasInput: true })
  stop.write('stop\n')
  const { code, stdout, stderr } = await stop.result()
  if (code !== 0) throw new Error(`yarn-session.sh ended with ${code}: ${stderr}${stdout}`)
  await place.untilEnded(applicationId)
}
