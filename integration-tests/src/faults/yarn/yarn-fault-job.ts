import type { CommandResult } from '../../support/command.js'
import { until } from '../../support/until.js'
import type { FaultJobOptions } from '../job-under-faults.js'
import { SLOW_MS } from '../managed/managed-cluster.js'
import { ManagedJob } from '../managed/managed-job.js'
import type { YarnFaultCluster } from './yarn-fault-cluster.js'

/** In which kind of cluster a job runs. */
export type YarnJobMode = 'per-job' | 'application'

const COMMANDS = { 'per-job': ['run', '-d'], application: ['run-application'] } as const

/** A job with a cluster of its own on YARN; what YARN says of the application is its status. */
export class YarnFaultJob extends ManagedJob {
  declare readonly mode: YarnJobMode
  readonly #cluster: YarnFaultCluster
  #applicationId = ''

  constructor(cluster: YarnFaultCluster, mode: YarnJobMode, options: FaultJobOptions) {
    super(mode, options)
    this.#cluster = cluster
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
        SLOW_MS,
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

  /** It ends with the job. */
  async endCluster(): Promise<void> {}

  protected override target(): string[] {
    return ['-t', `yarn-${this.mode}`, `-Dyarn.application.id=${this.#applicationId}`]
  }

  async #jobsWithCheckpoints(): Promise<string[]> {
    const { fileSystem, checkpoints } = this.options.storage
    if (!(await fileSystem.exists(checkpoints))) return []
    return (await fileSystem.list(checkpoints)).flatMap(
      ({ path }) => /[0-9a-f]{32}(?=\/?$)/.exec(path)?.[0] ?? [],
    )
  }
}
