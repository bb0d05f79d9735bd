import { readdirSync, readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Hadoop } from '../clusters/hadoop.js'
import type { JobSession } from '../support/counted-job.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'

/** A job that runs until it is ended, for `flink run`. */
export const ENDLESS = [program('application.ts'), '--mode', 'endless']

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

export function jobIdIn(text: string): string {
  const id = /JobID ([0-9a-f]{32})/.exec(text)?.[1]
  if (id === undefined) throw new Error(`no job was submitted: ${text}`)
  return id
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
  return until(`job ${jobId} runs`, async () => {
    const { state, vertices } = await (await place.rest(applicationId)).jobDetails(jobId)
    return (
      state === 'RUNNING' && vertices.every((each) => each.tasks['RUNNING'] === each.parallelism)
    )
  })
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
