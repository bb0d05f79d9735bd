import { bundleProgram, RemoteJob, runProgram } from '@flink-ts/client/submission'
import { ClientOptions, DeploymentOptions, SystemRandom } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import {
  CLUSTER_OPTIONS,
  DETACHED,
  ENTRY,
  PARALLELISM,
  SHUTDOWN_ON_ATTACHED_EXIT,
} from '../arguments/options.js'
import { clusterSettingWarnings } from '../configuration.js'
import { accumulatorLines } from '../terminal/accumulator-lines.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action, ActionContext } from './action.js'
import { sendHeartbeats, showProgress } from './attached-job.js'
import { cancelJob } from './cancel-job.js'
import { clusterClient, isLocalTarget } from './cluster-client.js'
import { programConfiguration } from './program-configuration.js'
import { RestartReasons } from './restart-reasons.js'
import { RESTORE_OPTIONS, savepointWords, setSavepoint } from './savepoint-settings.js'

/** How long an interrupted client tries to cancel its job. */
const CANCEL_PATIENCE_MS = 5000
const INTERRUPTED = 130

/** Follows one job of an attached program, and what Ctrl-C does meanwhile. */
class AttachedJob {
  readonly #context: ActionContext
  readonly #client: RestClusterClient
  readonly #cancelOnExit: boolean
  #interruption: Promise<never> | undefined

  constructor(context: ActionContext, client: RestClusterClient, cancelOnExit: boolean) {
    this.#context = context
    this.#client = client
    this.#cancelOnExit = cancelOnExit
  }

  follow(jobId: string): RemoteJob {
    const { terminal, clock, configuration } = this.#context
    const client = this.#client
    const reasons = new RestartReasons({ jobId, client, clock })
    const job = new RemoteJob({
      jobId,
      client,
      clock,
      onStatus: (status) => {
        terminal.err(`Job ${jobId} switched to status ${status}.`)
        if (status !== 'RESTARTING') return
        reasons.next().then(
          (reason) => reason && terminal.err(`Job ${jobId} restarts after a failure: ${reason}`),
          // Whoever waits for the result is told.
          () => {},
        )
      },
    })
    const ends = [showProgress({ jobId, client, terminal, clock })]
    if (this.#cancelOnExit) {
      ends.push(
        sendHeartbeats({
          jobId,
          client,
          terminal,
          clock,
          intervalMs: configuration.get(ClientOptions.CLIENT_HEARTBEAT_INTERVAL),
          timeoutMs: configuration.get(ClientOptions.CLIENT_HEARTBEAT_TIMEOUT),
        }),
      )
    }
    ends.push(
      this.#context.onInterrupt(() => {
        this.#interruption ??= this.#interrupted(job)
      }),
    )
    const stop = () => {
      for (const end of ends) end()
    }
    job.result().then(stop, stop)
    return job
  }

  /** The outcome of a job, unless the command was interrupted: then that ends it. */
  async outcome<R>(result: Promise<R>): Promise<R> {
    try {
      return await result
    } catch (error) {
      await this.#interruption
      throw error
    }
  }

  /** As Flink: the job goes on, unless `--shutdownOnAttachedExit` was given. */
  async #interrupted(job: RemoteJob): Promise<never> {
    const { terminal, clock } = this.#context
    if (this.#cancelOnExit) {
      terminal.err(`Cancelling job ${job.jobId}.`)
      const patience = new Promise<string>((resolve) =>
        clock.schedule(2 * CANCEL_PATIENCE_MS, () => resolve('no answer in time')),
      )
      const cancelled = cancelJob({
        jobId: job.jobId,
        client: this.#client,
        clock,
        patienceMs: CANCEL_PATIENCE_MS,
        tell: (line) => terminal.err(line),
      })
      const outcome = await Promise.race([
        cancelled.then(
          () => undefined,
          (error: Error) => error.message,
        ),
        patience,
      ])
      if (outcome !== undefined) {
        terminal.err(`The job may still run (${outcome}): flink cancel ${job.jobId}`)
      }
    } else {
      terminal.err(`Job ${job.jobId} goes on on the cluster; flink cancel ${job.jobId} ends it.`)
    }
    process.exit(INTERRUPTED)
  }
}

/** `flink run`: runs a program, whose jobs run on the cluster. */
export const runAction: Action = {
  name: 'run',
  summary: 'compiles and runs a program.',
  positional: '<program.ts|program.js> <arguments>',
  options: [
    ENTRY,
    DETACHED,
    PARALLELISM,
    SHUTDOWN_ON_ATTACHED_EXIT,
    ...RESTORE_OPTIONS,
    ...CLUSTER_OPTIONS,
  ],
  async run(args, context) {
    const { terminal, clock } = context
    const [program, ...programArgs] = args.positional
    if (program === undefined) {
      throw new CliArgumentError('A program should be specified: a TypeScript or JavaScript file.')
    }
    const configuration = programConfiguration(args, context.configuration)
    setSavepoint(configuration, savepointWords(args), context.workingDirectory)
    const attached = !args.has(DETACHED)
    configuration.set(DeploymentOptions.ATTACHED, attached)
    const cancelOnExit =
      attached &&
      (args.has(SHUTDOWN_ON_ATTACHED_EXIT) ||
        configuration.get(DeploymentOptions.SHUTDOWN_IF_ATTACHED))
    if (isLocalTarget(args, context)) {
      const { runLocally } = await import('./run-locally.js')
      return runLocally({
        program,
        programArgs,
        entryPoint: args.value(ENTRY),
        configuration,
        context,
      })
    }
    for (const warning of clusterSettingWarnings(args)) terminal.err(`Warning: ${warning}`)
    const client = clusterClient(args, context)
    // Together: whoever has no cluster is told while the program is compiled.
    const reachable = client.clusterOverview()
    reachable.catch(() => {})
    const bundle = await bundleProgram(program, context.workingDirectory)
    await reachable
    const follower = new AttachedJob(context, client, cancelOnExit)
    await runProgram({
      bundle,
      entryPoint: args.value(ENTRY),
      args: programArgs,
      configuration,
      clock,
      random: new SystemRandom(),
      submit: async (job, descriptor) => {
        const { jobId } = job.jobGraph
        await client.submitJob(
          JSON.stringify({ ...job.jobGraph, program: descriptor }),
          bundle.code,
        )
        terminal.out(`Job has been submitted with JobID ${jobId}`)
        if (!attached) {
          const result = { jobId, jobName: job.jobGraph.name, netRuntimeMs: 0, accumulators: [] }
          const detached = new RemoteJob({ jobId, client, clock })
          return {
            jobId,
            status: () => detached.status(),
            cancel: () => detached.cancel(),
            accumulators: () => detached.accumulators(),
            savepoint: (request) => detached.savepoint(request),
            result: async () => result,
          }
        }
        const followed = follower.follow(jobId)
        return {
          jobId,
          status: () => followed.status(),
          cancel: () => followed.cancel(),
          accumulators: () => followed.accumulators(),
          savepoint: (request) => followed.savepoint(request),
          result: async () => {
            const result = await follower.outcome(followed.result())
            terminal.out('Program execution finished')
            terminal.out(`Job with JobID ${jobId} has finished.`)
            terminal.out(`Job Runtime: ${result.netRuntimeMs} ms`)
            for (const line of accumulatorLines(result.accumulators)) terminal.out(line)
            terminal.out()
            return result
          },
        }
      },
    })
    return 0
  },
}
