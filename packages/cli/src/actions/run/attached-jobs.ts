import { RemoteJob } from '@flink-ts/client/submission'
import { ClientOptions } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { ClusterHandle } from '@flink-ts/runtime'
import { whenInterruptible } from '../../terminal/on-interrupt.js'
import type { ActionContext } from '../action.js'
import { sendHeartbeats, showProgress } from '../attached-job.js'
import { cancelJob } from '../cancel-job.js'
import { RestartReasons } from '../restart-reasons.js'
import { INTERRUPTED } from './interruption.js'

/** How long an interrupted client tries to cancel its job. */
const CANCEL_PATIENCE_MS = 5000

/** Where a job runs that is followed. */
export interface FollowedCluster {
  readonly client: RestClusterClient
  /** Of a command line that means the cluster, with a blank behind; empty: it is found without. */
  readonly words: string
  /** Deployed for this job alone: it waits until somebody fetches the result. */
  readonly ownHandle?: ClusterHandle
}

/** Follows the jobs of an attached program, and what Ctrl-C does meanwhile. */
export class AttachedJobs {
  readonly #context: ActionContext
  readonly #cancelOnExit: boolean
  #interruption: Promise<never> | undefined

  constructor(context: ActionContext, cancelOnExit: boolean) {
    this.#context = context
    this.#cancelOnExit = cancelOnExit
  }

  follow(jobId: string, cluster: FollowedCluster): RemoteJob {
    const { terminal, clock, configuration } = this.#context
    const { client } = cluster
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
        this.#interruption ??= this.#interrupted(job, cluster)
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
    } finally {
      await whenInterruptible()
    }
  }

  /** As Flink: the job goes on, unless `--shutdownOnAttachedExit` was given. */
  async #interrupted(
    job: RemoteJob,
    { client, words, ownHandle }: FollowedCluster,
  ): Promise<never> {
    const { terminal, clock } = this.#context
    const cancelCommand = `flink cancel ${words}${job.jobId}`
    if (this.#cancelOnExit) {
      terminal.err(`Cancelling job ${job.jobId}.`)
      const patience = new Promise<string>((resolve) =>
        clock.schedule(2 * CANCEL_PATIENCE_MS, () => resolve('no answer in time')),
      )
      const cancelled = cancelJob({
        jobId: job.jobId,
        client,
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
      if (ownHandle !== undefined) await this.#end(ownHandle)
      else if (outcome !== undefined) {
        terminal.err(`The job may still run (${outcome}): ${cancelCommand}`)
      }
    } else if (ownHandle !== undefined) {
      terminal.err(
        `Job ${job.jobId} goes on in ${ownHandle.clusterId}, which waits behind its end until somebody fetches its result; ${cancelCommand} ends both.`,
      )
    } else {
      terminal.err(`Job ${job.jobId} goes on on the cluster; ${cancelCommand} ends it.`)
    }
    process.exit(INTERRUPTED)
  }

  /** A cluster of one job ends when its result was fetched, which whoever follows the job does. */
  async #end(handle: ClusterHandle): Promise<void> {
    const { terminal, clock } = this.#context
    const ended = await Promise.race([
      handle.whenEnded().then(
        () => true,
        () => false,
      ),
      new Promise<false>((resolve) => clock.schedule(CANCEL_PATIENCE_MS, () => resolve(false))),
    ])
    if (ended) {
      terminal.err(`${handle.clusterId} has ended.`)
      return
    }
    await handle.kill().then(
      () => terminal.err(`${handle.clusterId} was killed.`),
      (error: Error) =>
        terminal.err(`${handle.clusterId} may still run, it could not be killed: ${error.message}`),
    )
  }
}
