import type { CommandResult } from '../../support/command.js'
import { until } from '../../support/until.js'
import { type FaultJobOptions, JobUnderFaults } from '../job-under-faults.js'
import type { YarnFaultCluster } from './yarn-fault-cluster.js'

/** In which kind of cluster a job runs. */
export type YarnJobMode = 'per-job' | 'application'

const DEADLINE_MS = 120_000
const COMMANDS = { 'per-job': ['run', '-d'], application: ['run-application'] } as const

/** A job with a cluster of its own on YARN; what YARN says of the application is its status. */
export class YarnFaultJob extends JobUnderFaults {
  readonly mode: YarnJobMode
  readonly #cluster: YarnFaultCluster
  #applicationId = ''

  constructor(cluster: YarnFaultCluster, mode: YarnJobMode, options: FaultJobOptions) {
    super(options)
    this.#cluster = cluster
    this.mode = mode
  }

  get applicationId(): string {
    return this.#applicationId
  }

  protected override flink(...words: string[]): Promise<CommandResult> {
    return this.#cluster.flink(...words)
  }

  override async submit(parallelism: number, from?: string): Promise<void> {
    const before = new Set(await this.#jobsWithCheckpoints())
    const begin = from === undefined ? [] : [`-Dexecution.state-recovery.path=${from}`]
    const [command, ...options] = COMMANDS[this.mode]
    const { code, stdout, stderr } = await this.flink(
      ...[command, ...options, '-t', `yarn-${this.mode}`],
      ...begin,
      ...this.words(parallelism),
    )
    const applicationId = /application_\d+_\d+/.exec(stdout + stderr)?.[0]
    if (code !== 0 || applicationId === undefined) {
      throw new Error(`flink ${command} ended with ${code}: ${stderr}${stdout}`)
    }
    this.#applicationId = applicationId
    // Nobody has to know the job of an application: it is the one that begins to write checkpoints.
    const id =
      /JobID ([0-9a-f]{32})/.exec(stdout)?.[1] ??
      (await until(
        'the job of the application is known',
        async () => (await this.#jobsWithCheckpoints()).find((each) => !before.has(each)),
        DEADLINE_MS,
      ))
    this.begins(id, parallelism)
  }

  async status(): Promise<string> {
    const { finalStatus } = await this.#cluster.application(this.#applicationId)
    switch (finalStatus) {
      case 'SUCCEEDED':
        return 'FINISHED'
      case 'FAILED':
        return 'FAILED'
      case 'KILLED':
        return 'CANCELED'
      default:
        return 'RUNNING'
    }
  }

  async failure(): Promise<string> {
    return (await this.#cluster.application(this.#applicationId)).diagnostics
  }

  /** Cancels it. @returns false if it had finished already */
  async cancel(): Promise<boolean> {
    const { code, stdout, stderr } = await this.flink('cancel', ...this.#target(), this.id)
    if (code !== 0 && !(await this.isFinished())) {
      throw new Error(`flink cancel ended with ${code}: ${stderr}${stdout}`)
    }
    return (await this.#ended()) === 'CANCELED'
  }

  /** Stops it with a savepoint. @returns the savepoint; undefined if the job had finished already */
  async stop(): Promise<string | undefined> {
    const { savepoints } = this.options.storage
    const words = ['stop', '-p', savepoints, ...this.#target(), this.id]
    const { code, stdout, stderr } = await this.flink(...words)
    const path = /Path: (\S+)/.exec(stdout)?.[1]
    if (code !== 0 || path === undefined) {
      if (await this.isFinished()) return undefined
      throw new Error(`flink stop ended with ${code}: ${stderr}${stdout}`)
    }
    await this.#ended()
    return path
  }

  #target(): string[] {
    return ['-t', `yarn-${this.mode}`, `-Dyarn.application.id=${this.#applicationId}`]
  }

  #ended(): Promise<string> {
    return until(
      `${this.#applicationId} has ended`,
      async () => {
        const status = await this.status()
        return status !== 'RUNNING' && status
      },
      DEADLINE_MS,
    )
  }

  async #jobsWithCheckpoints(): Promise<string[]> {
    const { fileSystem, checkpoints } = this.options.storage
    if (!(await fileSystem.exists(checkpoints))) return []
    return (await fileSystem.list(checkpoints)).flatMap(
      ({ path }) => /[0-9a-f]{32}(?=\/?$)/.exec(path)?.[0] ?? [],
    )
  }
}
