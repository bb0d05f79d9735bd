import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobDetailsBody } from '@flink-ts/rest'
import type { Command } from '../support/command.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { completedCheckpoints } from './checkpoint-files.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import type { JobSize } from './expected-rows.js'
import type { FaultCluster } from './fault-cluster.js'
import { partFiles, writerOf } from './read-output.js'

/** What a job of the fault run is. */
export interface FaultJobOptions extends JobSize {
  /** Elements per second, of all readers together. */
  readonly rate: number
  /** Output and orders to the job are below it. */
  readonly folder: string
  /** Where the cluster keeps checkpoints. */
  readonly storage: CheckpointStorage
  /** More keys of its configuration. */
  readonly configuration?: Readonly<Record<string, string>>
}

const TERMINAL = new Set(['FINISHED', 'CANCELED', 'FAILED'])
/** Recovering may take long on a busy machine, but not this long. */
const DEADLINE_MS = 120_000
const REFUSAL_DEADLINE_MS = 10_000

/**
 * One job from its first element to its last, whatever happens to it: under several ids, as it is cancelled and
 * restored, with one output.
 */
export class FaultJob {
  readonly options: FaultJobOptions
  readonly output: string
  readonly control: string
  readonly #cluster: FaultCluster
  #jobId = ''
  #parallelism = 0
  /** Of all ids so far, oldest first. */
  readonly #ids: string[] = []

  constructor(cluster: FaultCluster, options: FaultJobOptions) {
    this.#cluster = cluster
    this.options = options
    this.output = join(options.folder, 'output')
    this.control = join(options.folder, 'control')
    for (const folder of [this.output, this.control]) mkdirSync(folder, { recursive: true })
  }

  get id(): string {
    return this.#jobId
  }

  get parallelism(): number {
    return this.#parallelism
  }

  /** @param from a checkpoint or savepoint to begin with; @throws Error with what `flink run` wrote when it refuses */
  async submit(parallelism: number, from?: string): Promise<void> {
    const begin = from === undefined ? [] : [`-Dexecution.state-recovery.path=${from}`]
    const { code, stdout, stderr } = await this.#cluster.flink(
      'run',
      '-d',
      ...begin,
      ...this.#words(parallelism),
    )
    const id = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
    if (code !== 0 || id === undefined) throw new Error(`flink run ended with ${code}: ${stderr}`)
    this.#begins(id, parallelism)
  }

  /** `flink run` in attached mode, up to where the job has an id. */
  async runAttached(parallelism: number): Promise<Command> {
    const command = this.#cluster.command('flink', ['run', ...this.#words(parallelism)])
    const id = await until('the job is submitted', () => {
      return /JobID ([0-9a-f]{32})/.exec(command.stdout)?.[1]
    })
    this.#begins(id, parallelism)
    return command
  }

  /** Options, program and its arguments for `flink run`. */
  #words(parallelism: number): string[] {
    const { count, keys, rate, configuration } = this.options
    return [
      ...['-p', String(parallelism)],
      ...Object.entries(configuration ?? {}).map(([key, value]) => `-D${key}=${value}`),
      ...[program('faults/job.ts'), '--count', String(count), '--keys', String(keys)],
      ...['--rate', String(rate), '--output', this.output, '--control', this.control],
    ]
  }

  #begins(id: string, parallelism: number): void {
    this.#jobId = id
    this.#ids.push(id)
    this.#parallelism = parallelism
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

  async isFinished(): Promise<boolean> {
    const status = await this.status()
    if (status === 'FAILED')
      throw new Error(`job ${this.#jobId} has failed: ${await this.failure()}`)
    return status === 'FINISHED'
  }

  /** Resource ids of the TaskManagers that its tasks are on. */
  async taskManagers(): Promise<Set<string>> {
    if (await this.isFinished()) return new Set()
    const { vertices } = await this.#details()
    const details = await Promise.all(
      vertices.map(({ id }) => this.#cluster.ask((rest) => rest.vertexDetails(this.#jobId, id))),
    )
    return new Set(
      details.flatMap(({ subtasks }) => subtasks.map((subtask) => subtask['taskmanager-id'])),
    )
  }

  /** Asks for another parallelism while it runs. */
  async rescale(parallelism: number): Promise<void> {
    await this.#cluster.require(this.#jobId, parallelism)
    this.#parallelism = parallelism
  }

  /** Why it failed last. */
  async failure(): Promise<string> {
    const { exceptionHistory } = await this.#cluster.ask((rest) => rest.jobExceptions(this.#jobId))
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
      await this.#cluster.ask((rest) => rest.cancelJob(this.#jobId))
    } catch (error) {
      // It is refused if the job has just ended, which its details, kept for a moment, tell a little later.
      return this.#ended(REFUSAL_DEADLINE_MS).catch(() => {
        throw error
      })
    }
    return this.#ended(DEADLINE_MS)
  }

  #details(): Promise<JobDetailsBody> {
    return this.#cluster.ask((rest) => rest.jobDetails(this.#jobId))
  }

  /** How it has ended. */
  #ended(deadlineMs: number): Promise<string> {
    return until(
      `job ${this.#jobId} has ended`,
      async () => {
        const status = await this.status()
        return TERMINAL.has(status) && status
      },
      deadlineMs,
    )
  }

  /** Stops it with a savepoint. @returns the savepoint; undefined if the job had finished already */
  async stop(): Promise<string | undefined> {
    const target = this.options.storage.savepoints
    const { code, stdout, stderr } = await this.#cluster.flink('stop', '-p', target, this.#jobId)
    const path = /Path: (\S+)/.exec(stdout)?.[1]
    if (code === 0 && path !== undefined) return path
    if (await this.isFinished()) return undefined
    throw new Error(`flink stop ended with ${code}: ${stderr}${stdout}`)
  }

  /** Complete checkpoints of the newest id that has any, newest first. */
  async retainedCheckpoints(): Promise<string[]> {
    const { fileSystem, checkpoints } = this.options.storage
    for (const id of this.#ids.toReversed()) {
      const found = await completedCheckpoints(fileSystem, `${checkpoints}/${id}`)
      if (found.length > 0) return found
    }
    return []
  }

  /** Gives an order to the functions of the job: see `programs/faults`. */
  order(name: string, text = ''): void {
    writeFileSync(join(this.control, name), text)
  }

  revoke(name: string): void {
    rmSync(join(this.control, name), { force: true })
  }

  /** Whether an order has not been taken yet. */
  isWaiting(name: string): boolean {
    return existsSync(join(this.control, name))
  }

  /** What the job itself has found to be wrong. */
  violations(): string[] {
    const file = join(this.control, 'violations')
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  }

  /** All writers that have written: each attempt of the sink has new ones. */
  writers(): Set<string> {
    const names = [...partFiles(this.output, 'visible'), ...partFiles(this.output, 'hidden')]
    return new Set(names.map(writerOf))
  }

  /** Visible part files. */
  parts(): Set<string> {
    return new Set(partFiles(this.output, 'visible'))
  }
}
