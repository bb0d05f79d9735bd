import type { JobDetailsBody } from '@flink-ts/rest'
import type { Command, CommandResult } from '../support/command.js'
import { until } from '../support/until.js'
import type { FaultCluster } from './fault-cluster.js'
import { type FaultJobOptions, JobUnderFaults } from './job-under-faults.js'

const TERMINAL = new Set(['FINISHED', 'CANCELED', 'FAILED'])
/** Recovering may take long on a busy machine, but not this long. */
const DEADLINE_MS = 120_000
const REFUSAL_DEADLINE_MS = 10_000

/** A job on a cluster whose JobManager is asked by REST. */
export class FaultJob extends JobUnderFaults {
  readonly #cluster: FaultCluster

  constructor(cluster: FaultCluster, options: FaultJobOptions) {
    super(options)
    this.#cluster = cluster
  }

  protected override flink(...words: string[]): Promise<CommandResult> {
    return this.#cluster.flink(...words)
  }

  /** `flink run` in attached mode, up to where the job has an id. */
  async runAttached(parallelism: number): Promise<Command> {
    const command = this.#cluster.command('flink', ['run', ...this.words(parallelism)])
    const submitted = until(
      'the job is submitted',
      () => /JobID ([0-9a-f]{32})/.exec(command.stdout)?.[1],
      DEADLINE_MS,
    )
    const ended = command.result().then(({ code, stdout, stderr }) => {
      const found = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
      if (found === undefined) throw new Error(`flink run ended with ${code}: ${stderr}`)
      return found
    })
    const id = await Promise.race([submitted, ended])
    this.begins(id, parallelism)
    return command
  }

  async status(): Promise<string> {
    try {
      return (await this.#details()).state
    } catch (error) {
      // How jobs have ended goes with the leader that saw it. If this one had not: its rows are missing.
      const isForgotten = (error as { statusCode?: number }).statusCode === 404
      if (isForgotten && this.#cluster.options.coordination !== undefined) return 'FINISHED'
      throw error
    }
  }

  /** Resource ids of the TaskManagers that its tasks are on. */
  async taskManagers(): Promise<Set<string>> {
    if (await this.isFinished()) return new Set()
    const { vertices } = await this.#details()
    const details = await Promise.all(
      vertices.map(({ id }) => this.#cluster.ask((rest) => rest.vertexDetails(this.id, id))),
    )
    return new Set(
      details.flatMap(({ subtasks }) => subtasks.map((subtask) => subtask['taskmanager-id'])),
    )
  }

  /** Asks for another parallelism while it runs. */
  async rescale(parallelism: number): Promise<void> {
    await this.#cluster.require(this.id, parallelism)
    this.begins(this.id, parallelism)
  }

  /** Why it failed last. */
  async failure(): Promise<string> {
    const { exceptionHistory } = await this.#cluster.ask((rest) => rest.jobExceptions(this.id))
    return exceptionHistory.entries[0]?.stacktrace ?? 'for no known reason'
  }

  /** Cancels it. @returns false if it had finished already */
  async cancel(): Promise<boolean> {
    const status = await this.end()
    if (status === 'FAILED') {
      throw new Error(`it failed instead of being cancelled: ${await this.failure()}`)
    }
    return status === 'CANCELED'
  }

  /** Cancels it, unless it has ended. @returns how it ended */
  async end(): Promise<string> {
    try {
      await this.#cluster.ask((rest) => rest.cancelJob(this.id))
    } catch (error) {
      // It is refused if the job has just ended, which its details, kept for a moment, tell a little later.
      return this.#ended(REFUSAL_DEADLINE_MS).catch(() => {
        throw error
      })
    }
    return this.#ended(DEADLINE_MS)
  }

  #details(): Promise<JobDetailsBody> {
    return this.#cluster.ask((rest) => rest.jobDetails(this.id))
  }

  /** How it has ended. */
  #ended(deadlineMs: number): Promise<string> {
    return until(
      `job ${this.id} has ended`,
      async () => {
        const status = await this.status()
        return TERMINAL.has(status) && status
      },
      deadlineMs,
    )
  }
}
