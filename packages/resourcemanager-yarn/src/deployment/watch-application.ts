import { FlinkError, formatDuration } from '@flink-ts/core'
import type { ResourceManagerClient } from '../rest/resource-manager-client.js'
import type { YarnApplicationReport } from '../rest/resource-manager-records.js'
import { YarnRequestRefusedError, YarnUnreachableError } from '../rest/yarn-rest-error.js'
import { YarnApplicationGoneError } from './deployment-error.js'
import type { YarnWorld } from './yarn-world.js'

/** Pauses between reports, until so many milliseconds have passed: who waits for a start wants to know at once. */
const POLLS: readonly (readonly [untilMs: number, pauseMs: number])[] = [
  [5_000, 100],
  [60_000, 300],
  [Number.POSITIVE_INFINITY, 1_000],
]
/** A ResourceManager that restarts is away for a while. */
const OUTAGE_MS = 5 * 60_000
const FIRST_WAIT_LINE_MS = 3_000
const WAIT_LINE_MS = 15_000

export interface WatchOptions {
  readonly world: YarnWorld
  readonly resourceManager: ResourceManagerClient
  readonly applicationId: string
  /** Whether states are told as they change, and what it waits for. */
  readonly tells: boolean
  readonly isOver: (report: YarnApplicationReport) => boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks for reports until one will do.
 *
 * @throws YarnApplicationGoneError if YARN has forgotten it; YarnUnreachableError (or what YARN says instead of an answer) after 5 min without YARN; the reason of the signal
 */
export async function watchApplication(options: WatchOptions): Promise<YarnApplicationReport> {
  const { world, resourceManager, applicationId, isOver, signal } = options
  const { clock, tell } = world.context
  const startMs = clock.monotonicNow()
  let lastState: string | undefined
  let lastLineMs = startMs
  let nextLineMs = startMs + FIRST_WAIT_LINE_MS
  let outageMs: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    try {
      const report = await resourceManager.application(applicationId)
      if (report === undefined) {
        throw new YarnApplicationGoneError(applicationId, 'YARN does not know it (any more)')
      }
      outageMs = undefined
      const nowMs = clock.monotonicNow()
      if (options.tells && report.state !== lastState) {
        tell(`Application ${applicationId}: ${report.state}`)
        lastLineMs = nowMs
        nextLineMs = nowMs + FIRST_WAIT_LINE_MS
      }
      lastState = report.state
      if (isOver(report)) return report
      if (options.tells && nowMs >= nextLineMs && nowMs > lastLineMs) {
        const line = await waitingLine(resourceManager, report, nowMs - startMs).catch(
          (error: unknown) => {
            if (!FlinkError.is(error) || signal?.aborted) throw error
            world.context.log.debug('No figures of what an application waits for', { error })
            return undefined
          },
        )
        if (line !== undefined) tell(line)
        lastLineMs = nowMs
        nextLineMs = nowMs + WAIT_LINE_MS
      }
    } catch (error) {
      if (!isOutage(error)) throw error
      const nowMs = clock.monotonicNow()
      if (outageMs === undefined) tell(`${error.message}; still trying.`)
      outageMs ??= nowMs
      if (nowMs - outageMs > OUTAGE_MS) throw error
    }
    const passedMs = clock.monotonicNow() - startMs
    await pause(world, POLLS.find(([untilMs]) => passedMs < untilMs)![1], signal)
  }
}

/** An error within the ResourceManager says nothing about the application. */
function isOutage(error: unknown): error is FlinkError {
  return (
    error instanceof YarnUnreachableError ||
    (error instanceof YarnRequestRefusedError && error.status >= 500)
  )
}

/** What it waits for, with figures. */
async function waitingLine(
  resourceManager: ResourceManagerClient,
  { applicationId, queue: name, state, diagnostics }: YarnApplicationReport,
  sinceMs: number,
): Promise<string> {
  const [metrics, { queues }] = await Promise.all([
    resourceManager.metrics(),
    resourceManager.scheduler(),
  ])
  const queue = queues.find((each) => each.path === name || each.name === name)
  const figures = [
    `YARN has ${metrics.availableMb} of ${metrics.totalMb} MB free`,
    ...(queue === undefined ? [] : [`the queue uses ${queue.usedMb} MB`]),
    ...(queue?.amLimitMb === undefined
      ? []
      : [`${queue.usedAmMb ?? 0} of ${queue.amLimitMb} MB that ApplicationMasters may have in it`]),
  ]
  const since = formatDuration(Math.round(sinceMs / 1000) * 1000)
  // It begins with a date; details are many.
  const said = diagnostics
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (/AM container is launched/i.test(said)) {
    return `Application ${applicationId}: ${state} for ${since}, its JobManager has a container and starts.`
  }
  const shown = said.length > 300 ? `${said.slice(0, 300)}…` : said
  const why = said === '' ? '' : ` YARN says: ${shown}`
  return `Application ${applicationId}: ${state} for ${since}, waits for resources in queue ${name} (${figures.join(', ')}).${why}`
}

function pause({ context }: YarnWorld, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel()
      reject(signal!.reason)
    }
    const cancel = context.clock.schedule(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}
