import { randomBytes } from 'node:crypto'
import type { CommandResult } from '../../support/command.js'
import { until } from '../../support/until.js'
import type { FaultJobOptions } from '../job-under-faults.js'
import { SLOW_MS } from '../managed/managed-cluster.js'
import { ManagedJob } from '../managed/managed-job.js'
import type { MesosFaultCluster } from './mesos-fault-cluster.js'

/** In which kind of cluster a job runs. */
export type MesosJobMode = 'session' | 'per-job'

/** A job in a session, or with a cluster of its own. */
export class MesosFaultJob extends ManagedJob {
  declare readonly mode: MesosJobMode
  readonly #cluster: MesosFaultCluster

  constructor(cluster: MesosFaultCluster, mode: MesosJobMode, options: FaultJobOptions) {
    super(mode, options)
    this.#cluster = cluster
  }

  protected override flink(action: string, ...words: string[]): Promise<CommandResult> {
    return this.#cluster.flink(action, ...words)
  }

  override async submit(parallelism: number, from?: string): Promise<void> {
    if (this.mode === 'session') {
      if (this.id === '') await this.#cluster.begin('mesos-appmaster.sh', [])
      return super.submit(parallelism, from)
    }
    const id = randomBytes(16).toString('hex')
    await this.#cluster.begin('mesos-appmaster-job.sh', [
      ...['--job-id', id, `-Dhigh-availability.cluster-id=/faults-${id}`],
      ...(from === undefined ? [] : [`-Dexecution.state-recovery.path=${from}`]),
      ...this.words(parallelism),
    ])
    this.begins(id, parallelism)
  }

  async status(): Promise<string> {
    return until(
      'the status of the job is known',
      async () => {
        const { exitCode } = this.#cluster
        if (exitCode !== undefined) return exitCode === 0 ? this.#ending() : 'FAILED'
        try {
          const found = await this.#cluster.tryToAsk((rest) => rest.jobDetails(this.id))
          return found?.answer.state
        } catch (error) {
          const { cause = error } = error as Error
          if ((cause as { statusCode?: number }).statusCode !== 404) throw error
          // How jobs have ended goes with the leader that saw it; a cluster of one job takes a moment to have it.
          return this.mode === 'session' && this.#ending()
        }
      },
      SLOW_MS,
    )
  }

  async failure(): Promise<string> {
    if (this.#cluster.exitCode !== undefined) return this.#cluster.jobManager.output
    const { exceptionHistory } = await this.#cluster.ask((rest) => rest.jobExceptions(this.id))
    return exceptionHistory.entries[0]?.stacktrace ?? 'for no known reason'
  }

  async endCluster(): Promise<void> {
    await (this.mode === 'session' ? this.#cluster.shutDown() : this.#cluster.untilEnded())
  }

  /** Checkpoints stay when a job is cancelled, and go when it finishes: how it has ended can be told without a JobManager. */
  async #ending(): Promise<'FINISHED' | 'CANCELED'> {
    const [newest] = await this.retainedCheckpoints()
    return newest?.includes(this.id) === true ? 'CANCELED' : 'FINISHED'
  }

  /** In a cluster of its own, until that has ended too. */
  protected override async ended(): Promise<string> {
    if (this.mode === 'per-job') await this.#cluster.untilEnded()
    return super.ended()
  }
}
