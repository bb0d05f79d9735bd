import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ClientOptions,
  deserializeError,
  FlinkError,
  parseDuration,
  userMessage,
} from '@flink-ts/core'
import { applicationStatusOf, type JobResult } from '@flink-ts/runtime'
import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { type ClusterEnd, EXIT_CODES, startFailed, stoppedFromOutside } from './cluster-end.js'
import { type JobManager, startJobManager } from './job-manager.js'
import { keepJobResults } from './keep-job-results.js'
import { PREPARED_JOB } from './prepared-job.js'

/**
 * NORMAL: the cluster waits until a client has got the result of its job, for `--result-patience` (default
 * `client.heartbeat.timeout`) at most: a client that was killed never comes. DETACHED: it ends with the job.
 */
export type ExecutionMode = 'NORMAL' | 'DETACHED'

/**
 * A JobManager for one job: `--job-graph FILE` (the JSON of a job graph) is submitted with the program `--bundle FILE`,
 * and the cluster ends with the job, by `--execution-mode` NORMAL (default) or DETACHED. In place of both files `--prepared
 * FOLDER` names a folder with the files of {@link PREPARED_JOB}, which is this process's: it removes it.
 *
 * With high availability a job that goes on, or has ended, under an earlier JobManager is not begun again.
 */
export async function startJobCluster(context: DaemonContext): Promise<RunningDaemon> {
  const mode = executionMode(context)
  const patienceMs = resultPatience(context)
  const { jobGraph, code } = await readJob(context)
  let end: ClusterEnd | undefined
  let ended: ClusterEnd | undefined
  let stopWaiting = () => {}
  const finish = () => {
    stopWaiting()
    if (ended?.status === undefined) return
    end = ended
    context.shutDown('the job of this cluster has ended', EXIT_CODES[ended.status])
  }
  const jobEnded = ({ jobId, status, failureCause }: JobEnd) => {
    // One that has ended before may be told of when it is recovered, and when it is submitted.
    if (jobId !== jobGraph['jobId'] || ended !== undefined) return
    const why = failureCause === undefined ? '' : `: ${userMessage(deserializeError(failureCause))}`
    ended = {
      status: applicationStatusOf(status),
      diagnostics: `the job of this cluster ended as ${status}${why}`,
    }
    if (mode === 'DETACHED') finish()
    else {
      context.tell?.(`Job ${jobId} ended as ${status}${why}`)
      stopWaiting = context.clock.schedule(patienceMs, finish)
    }
  }
  const jobManager: JobManager = await startJobManager(keepJobResults(context), {
    onClusterShutDown: (status) => {
      end = { status, diagnostics: 'the cluster was shut down' }
      context.shutDown(`the cluster was shut down: ${status}`, EXIT_CODES[status])
    },
    onJobEnded: jobEnded,
    onResultFetched: (jobId) => {
      if (jobId === jobGraph['jobId'] && mode === 'NORMAL') finish()
    },
  })
  try {
    const earlier = await submit(jobManager, jobGraph, code)
    if (earlier !== undefined) {
      context.log.info('The job of this cluster has ended under an earlier JobManager', {
        jobId: earlier.jobId,
        status: earlier.status,
      })
      jobEnded(earlier)
    } else {
      context.tell?.(
        `The cluster runs job '${jobGraph['name']}' (${jobGraph['jobId']}), and ends with it.`,
      )
    }
  } catch (error) {
    const { status, diagnostics } = startFailed(
      context.configuration,
      `the job could not be submitted: ${userMessage(error)}`,
    )
    await jobManager.close(status, diagnostics)
    throw error
  }
  return {
    close: () => {
      stopWaiting()
      const { status, diagnostics } = end ?? stoppedFromOutside(context.configuration)
      return jobManager.close(status, diagnostics)
    },
  }
}

type JobEnd = Pick<JobResult, 'jobId' | 'status' | 'failureCause'>

/** @returns how the job ended, if it has ended before */
async function submit(
  { services }: JobManager,
  jobGraph: Readonly<Record<string, unknown>>,
  code: Uint8Array | undefined,
): Promise<JobEnd | undefined> {
  const lease = code === undefined ? undefined : await services.blobServer.lease(code)
  try {
    const program = jobGraph['program'] as object | undefined
    const complete =
      lease === undefined
        ? jobGraph
        : { ...jobGraph, program: { ...program, bundleKey: lease.key } }
    const dispatcher = await services.dispatcher.whenLed()
    try {
      await dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(complete)) })
      return undefined
    } catch (error) {
      if (!FlinkError.is(error) || error.code !== 'FLINK_DUPLICATE_JOB_SUBMISSION') throw error
      // The job of a JobManager that failed goes on here, unless it has ended.
      return (await dispatcher.requestJobResult({ jobId: String(jobGraph['jobId']) })).result
    }
  } finally {
    await lease?.release()
  }
}

function executionMode({ options }: DaemonContext): ExecutionMode {
  const given = (options['--execution-mode'] ?? 'NORMAL').toUpperCase()
  if (given === 'NORMAL' || given === 'DETACHED') return given
  throw refused(`--execution-mode ${given} is unknown: expected NORMAL or DETACHED`)
}

/** How long the cluster waits for a client that fetches the result. */
function resultPatience({ options, configuration }: DaemonContext): number {
  const given = options['--result-patience']
  if (given === undefined) return configuration.get(ClientOptions.CLIENT_HEARTBEAT_TIMEOUT)
  const patienceMs = parseDuration(given)
  if (patienceMs === undefined) throw refused(`--result-patience ${given} is no duration`)
  return patienceMs
}

async function readJob(
  context: DaemonContext,
): Promise<{ jobGraph: Readonly<Record<string, unknown>>; code: Uint8Array | undefined }> {
  const prepared = context.options['--prepared']
  const own =
    prepared === undefined
      ? context
      : {
          ...context,
          options: {
            '--job-graph': join(prepared, PREPARED_JOB.jobGraph),
            '--bundle': join(prepared, PREPARED_JOB.bundle),
          },
        }
  try {
    const [text, code] = await Promise.all([
      readOption(own, '--job-graph'),
      own.options['--bundle'] === undefined ? undefined : readOption(own, '--bundle'),
    ])
    return { jobGraph: parseJobGraph(text), code }
  } finally {
    if (prepared !== undefined) await rm(prepared, { recursive: true, force: true })
  }
}

async function readOption({ options }: DaemonContext, name: string): Promise<Buffer> {
  const path = options[name]
  if (path === undefined) throw refused(`there is no ${name} FILE`)
  try {
    return await readFile(path)
  } catch (cause) {
    throw refused(`${name} ${path} cannot be read: ${(cause as Error).message}`, cause)
  }
}

/** The Dispatcher checks the rest. */
function parseJobGraph(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(bytes.toString()) as Record<string, unknown>
  } catch (cause) {
    throw refused(`the job graph is no JSON: ${(cause as Error).message}`, cause)
  }
}

function refused(why: string, cause?: unknown): FlinkError {
  return new FlinkError(`Cannot start the cluster of a job: ${why}`, {
    code: 'FLINK_DAEMON_ARGUMENT',
    cause,
  })
}
