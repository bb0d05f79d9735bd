import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandResult } from '../support/command.js'
import { program } from '../support/test-cluster.js'
import { completedCheckpoints } from './checkpoint-files.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import type { JobSize } from './expected-rows.js'
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

/**
 * One job from its first element to its last, whatever happens to it: under several ids, as it is cancelled and
 * restored, with one output. Where it runs, and how one hears of it, is for subclasses to say.
 */
export abstract class JobUnderFaults {
  readonly options: FaultJobOptions
  readonly output: string
  readonly control: string
  #jobId = ''
  #parallelism = 0
  /** Of all ids so far, oldest first. */
  readonly #ids: string[] = []

  constructor(options: FaultJobOptions) {
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

  /** Its status in Flink's words. */
  abstract status(): Promise<string>
  /** Why it failed last. */
  abstract failure(): Promise<string>
  /** Runs an action of `flink` to its end. */
  protected abstract flink(action: string, ...words: string[]): Promise<CommandResult>

  /** @param from a checkpoint or savepoint to begin with; @throws Error with what `flink run` wrote when it refuses */
  async submit(parallelism: number, from?: string): Promise<void> {
    const begin = from === undefined ? [] : [`-Dexecution.state-recovery.path=${from}`]
    const { code, stdout, stderr } = await this.flink(
      'run',
      '-d',
      ...begin,
      ...this.words(parallelism),
    )
    const id = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
    if (code !== 0 || id === undefined) throw new Error(`flink run ended with ${code}: ${stderr}`)
    this.begins(id, parallelism)
  }

  /** Stops it with a savepoint. @returns the savepoint; undefined if the job had finished already */
  async stop(): Promise<string | undefined> {
    const { savepoints } = this.options.storage
    const words = ['-p', savepoints, ...this.target(), this.id]
    const { code, stdout, stderr } = await this.flink('stop', ...words)
    const path = /Path: (\S+)/.exec(stdout)?.[1]
    if (code === 0 && path !== undefined) return path
    if (await this.isFinished()) return undefined
    throw new Error(`flink stop ended with ${code}: ${stderr}${stdout}`)
  }

  /** Options that name the cluster it runs in, for actions of `flink`. */
  protected target(): readonly string[] {
    return []
  }

  /** Options, program and its arguments for `flink run`. */
  protected words(parallelism: number): string[] {
    const { count, keys, rate, configuration } = this.options
    return [
      ...['-p', String(parallelism)],
      ...Object.entries(configuration ?? {}).map(([key, value]) => `-D${key}=${value}`),
      ...[program('faults/job.ts'), '--count', String(count), '--keys', String(keys)],
      ...['--rate', String(rate), '--output', this.output, '--control', this.control],
    ]
  }

  /** It has this id from now on. */
  protected begins(id: string, parallelism: number): void {
    this.#jobId = id
    if (this.#ids.at(-1) !== id) this.#ids.push(id)
    this.#parallelism = parallelism
  }

  async isFinished(): Promise<boolean> {
    const status = await this.status()
    if (status === 'FAILED')
      throw new Error(`job ${this.#jobId} has failed: ${await this.failure()}`)
    return status === 'FINISHED'
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
