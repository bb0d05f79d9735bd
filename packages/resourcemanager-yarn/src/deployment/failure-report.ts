import { containerLogTail } from '../rest/node-manager-logs.js'
import type { ResourceManagerClient } from '../rest/resource-manager-client.js'
import type { YarnApplicationReport } from '../rest/resource-manager-records.js'
import type { YarnWorld } from './yarn-world.js'

const MAX_DIAGNOSTICS_LINES = 12
const MAX_LOG_LINES = 15
const MAX_LINE_LENGTH = 300
/** In the order in which they tell most. */
const LOG_FILES = ['jobmanager.stderr', 'jobmanager.log', 'prelaunch.err']
/** Lines of YARN that tell nothing. */
const NOISE =
  /^\s*(?:at |$)|^For more detailed output|^Failing this attempt|then click on links to logs|^Exception in thread|^Stack trace|^(?:\[[^\]]*\])?Container exited with|^Last \d+ bytes of |^\. Failing the application|^Container id: |^Exit code: /

/** Why an application has ended, for people, on one screen: what YARN says, and the end of the JobManager's log while it is there. */
export async function failureReport(
  world: YarnWorld,
  resourceManager: ResourceManagerClient,
  report: YarnApplicationReport,
): Promise<string> {
  const lines = shortened(report.diagnostics, MAX_DIAGNOSTICS_LINES, (line) => !NOISE.test(line))
  const log = await lastLog(world, resourceManager, report.applicationId)
  return [
    `it ended as ${report.state}${report.state === 'FINISHED' ? ` (${report.finalStatus})` : ''}.`,
    ...(lines.length === 0 ? ['YARN gives no reason.'] : lines),
    ...(log === undefined ? [] : [`The end of its ${log.file} (${log.where}):`, ...log.lines]),
  ].join('\n')
}

async function lastLog(
  { transport, yarn, context }: YarnWorld,
  resourceManager: ResourceManagerClient,
  applicationId: string,
): Promise<{ file: string; where: string; lines: readonly string[] } | undefined> {
  try {
    const attempt = (await resourceManager.attempts(applicationId)).at(-1)
    if (attempt === undefined) return undefined
    for (const file of LOG_FILES) {
      const text = await containerLogTail(
        {
          nodeHttpAddress: attempt.nodeHttpAddress,
          isSecure: yarn.hadoop.get('yarn.http.policy') === 'HTTPS_ONLY',
          containerId: attempt.containerId,
          userName: yarn.userName,
          transport,
        },
        file,
        MAX_LOG_LINES,
      )
      if (text === undefined) continue
      const where = `${attempt.containerId} on ${attempt.nodeHttpAddress.replace(/:\d+$/, '')}`
      return { file, where, lines: shortened(text, MAX_LOG_LINES, () => true) }
    }
  } catch (error) {
    // The reason of the end counts, with or without a log.
    context.log.debug('Could not get the log of an application', { applicationId, error })
  }
  return undefined
}

function shortened(text: string, maxLines: number, wanted: (line: string) => boolean): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && wanted(line))
  const shown = lines
    .slice(0, maxLines)
    .map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line))
  return lines.length > maxLines ? [...shown, `(${lines.length - maxLines} more lines)`] : shown
}
