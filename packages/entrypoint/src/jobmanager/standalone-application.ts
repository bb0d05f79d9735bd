import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DeploymentOptions, FlinkError, isHexId, lastingJobId, userMessage } from '@flink-ts/core'
import { prepareClusterModules } from '@flink-ts/runtime/program'
import { Application, type ApplicationOutcome } from '../application/application.js'
import { ApplicationJobs } from '../application/application-jobs.js'
import type { ApplicationThreadData } from '../application/application-thread-messages.js'
import { followLeadership } from '../application/follow-leadership.js'
import { LeadingApplication } from '../application/leading-application.js'
import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { type ClusterEnd, EXIT_CODES, startFailed, stoppedFromOutside } from './cluster-end.js'
import { type JobManager, startJobManager } from './job-manager.js'
import { keepJobResults } from './keep-job-results.js'

/**
 * A JobManager that runs one application: `main()` of its program runs here, in a thread of its own, while this process
 * leads; the cluster ends with it.
 */
export async function startStandaloneApplication(context: DaemonContext): Promise<RunningDaemon> {
  const { configuration, clock, log } = context
  const own = log.child({ component: 'Application' })
  const code = await readBundle(context)
  const jobId = fixedJobId(context)
  const shutsDown = configuration.get(DeploymentOptions.SHUTDOWN_ON_APPLICATION_FINISH)
  let end: ClusterEnd | undefined
  let jobs: ApplicationJobs | undefined
  const jobManager: JobManager = await startJobManager(keepJobResults(context), {
    onClusterShutDown: (status) => {
      end = { status, diagnostics: 'the cluster was shut down' }
      context.shutDown(`the cluster was shut down: ${status}`, EXIT_CODES[status])
    },
    onJobEnded: (info) => jobs?.jobEnded(info),
  })
  const { services } = jobManager
  const start = (program: ApplicationThreadData) => {
    jobs = new ApplicationJobs(() => services.dispatcher.whenLed())
    const endWithFirstFailure = configuration.get(
      DeploymentOptions.TERMINATE_APPLICATION_ON_ANY_JOB_EXCEPTION,
    )
    return new Application({ program, jobs, endWithFirstFailure, clock, log: own })
  }
  const onEnded = ({ status, diagnostics }: ApplicationOutcome) => {
    const text = `The application has ended: ${status}`
    if (status === 'SUCCEEDED') own.info(text)
    else own.warn(text, { diagnostics })
    if (!shutsDown) return
    end = { status, diagnostics }
    context.shutDown(text, EXIT_CODES[status])
  }
  const onFailed = (error: unknown) => {
    // The provider of the process starts it again, if it does so at all: nobody else may go on then.
    end = startFailed(configuration, userMessage(error))
    context.onFatalError(error)
  }
  let application: LeadingApplication
  let endFollowing: () => Promise<void>
  try {
    const lease = await services.blobServer.lease(code)
    const program: ApplicationThreadData = {
      programPath: await placeBundle(context, code),
      programName: context.options['--program-name'] ?? 'program',
      ...(context.options['--entry-point'] === undefined
        ? {}
        : { entryPoint: context.options['--entry-point'] }),
      args: context.programArguments,
      bundleKey: lease.key,
      configuration: configuration.toMap(),
      submissionTimeMs: clock.now(),
      randomSeed: context.random.nextInt(0x7fffffff),
      ...(jobId === undefined ? {} : { jobId }),
    }
    application = new LeadingApplication({ start: () => start(program), onEnded, onFailed })
    // main() runs where the Dispatcher leads: that of a process that has lost its leadership must not go on.
    endFollowing = followLeadership(services.highAvailability, jobManager.rpcAddress, (leads) =>
      application.setLeading(leads),
    )
  } catch (error) {
    const { status, diagnostics } = startFailed(
      configuration,
      `the application could not be started: ${userMessage(error)}`,
    )
    await jobManager.close(status, diagnostics)
    throw error
  }
  return {
    async close() {
      await endFollowing()
      await application.close()
      const { status, diagnostics } = end ?? stoppedFromOutside(configuration)
      await jobManager.close(status, diagnostics)
    },
    get hasStuckThreads() {
      return application.isStuck
    },
  }
}

async function readBundle({ options }: DaemonContext): Promise<Uint8Array> {
  const path = options['--bundle']
  if (path === undefined) throw refused('there is no --bundle FILE with the program')
  try {
    return await readFile(path)
  } catch (cause) {
    throw refused(`the program cannot be read: ${(cause as Error).message}`, cause)
  }
}

/** The bundle where Node finds the modules of the cluster from it. */
async function placeBundle({ folder }: DaemonContext, code: Uint8Array): Promise<string> {
  const path = join(folder, 'application', 'program.mjs')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, code)
  prepareClusterModules(dirname(path))
  return path
}

function fixedJobId({ options, configuration }: DaemonContext): string | undefined {
  const given = options['--job-id']?.toLowerCase()
  if (given === undefined) return lastingJobId(configuration)
  if (isHexId(given)) return given
  throw refused(`--job-id ${given} is no job id: expected 32 hexadecimal digits`)
}

function refused(why: string, cause?: unknown): FlinkError {
  return new FlinkError(`Cannot start the application: ${why}`, {
    code: 'FLINK_DAEMON_ARGUMENT',
    cause,
  })
}
