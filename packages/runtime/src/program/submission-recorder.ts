import { type Configuration, FLINK_TS_VERSION } from '@flink-ts/core'
import type { ProgramDescriptor } from '../jobgraph/job-graph.js'
import { capturedValues } from './captured-values.js'
import { FrozenWorld } from './frozen-world.js'
import {
  installProgramContext,
  type ProgramContext,
  type RecordedJob,
  type SubmittedJob,
} from './program-context.js'
import { ProgramInvocationError } from './program-errors.js'
import { recordedEnvironment, replaceArgumentsAndEnvironment } from './program-world.js'
import { type ProgramEntry, runProgram } from './run-program.js'

export interface SubmissionRecorderOptions {
  /** The bundle to run; the same file that the tasks will run. */
  readonly programPath: string
  readonly programName: string
  /** `-c`. Absent: `main` if the program exports it. */
  readonly entryPoint?: string
  readonly args: readonly string[]
  /** What environments start from: the cluster's configuration with `-D` and `-p`. */
  readonly configuration: Configuration
  readonly submissionTimeMs: number
  readonly randomSeed: number
  /** Blob of the bundle, if it is known before the program runs. */
  readonly bundleKey?: string
  /** Hands a job to the cluster. Runs with real time and chance. */
  readonly submit: (job: RecordedJob, program: ProgramDescriptor) => Promise<SubmittedJob>
}

/**
 * Runs a program once in the client's process and submits the job of each `execute()`, with all that
 * a task needs to run it again: arguments, the variables of the environment that it read, time and
 * seed, values that it fetched. To be run once at a time: it replaces globals of the process.
 */
export class SubmissionRecorder {
  readonly #options: SubmissionRecorderOptions
  readonly #frozen: FrozenWorld
  readonly #environment = new Map<string, string>()
  readonly #values: Record<string, unknown> = {}
  /** By execute(); undefined while the job runs. */
  readonly #results: unknown[] = []
  #entryPoint: string | undefined

  constructor(options: SubmissionRecorderOptions) {
    this.#options = options
    this.#frozen = new FrozenWorld(options)
  }

  /**
   * Resolves when the program has ended, with the number of its `execute()` calls.
   *
   * @throws what the program throws, and what `submit` throws where the program does not catch it
   */
  async run(): Promise<number> {
    const { programPath, programName, entryPoint, args, configuration } = this.#options
    const context: ProgramContext = {
      mode: 'submission',
      configuration,
      execute: (job) => this.#execute(job),
      fromSubmission: (name, fn) => this.#fromSubmission(name, fn),
    }
    const restores = [
      installProgramContext(context),
      replaceArgumentsAndEnvironment({
        programPath,
        args,
        environment: recordedEnvironment(this.#environment),
      }),
      () => this.#frozen.restore(),
    ]
    this.#frozen.install()
    try {
      await this.#runToItsEnd({
        programPath,
        programName,
        entryPoint,
        args,
        hasExecuted: () => this.#results.length > 0,
        onEntryPoint: (name) => {
          this.#entryPoint = name
        },
      })
    } finally {
      for (const restore of restores.reverse()) restore()
    }
    return this.#results.length
  }

  /** Node would end the process without a word when the program awaits what can never come. */
  #runToItsEnd(entry: ProgramEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      const onIdle = () => {
        const { programName } = this.#options
        reject(
          new ProgramInvocationError(
            `Program ${programName} waits for something that can never happen: it awaits, and nothing is pending`,
            { programName },
          ),
        )
      }
      process.once('beforeExit', onIdle)
      runProgram(entry)
        .then(resolve, reject)
        .finally(() => process.off('beforeExit', onIdle))
    })
  }

  #execute(job: RecordedJob): Promise<SubmittedJob> {
    const index = this.#results.push(undefined) - 1
    const program = this.#describe(job, index)
    return this.#frozen.suspended(async () => {
      const submitted = await this.#options.submit(job, program)
      return {
        jobId: submitted.jobId,
        status: () => this.#frozen.suspended(() => submitted.status()),
        cancel: () => this.#frozen.suspended(() => submitted.cancel()),
        accumulators: () => this.#frozen.suspended(() => submitted.accumulators()),
        savepoint: (request) => this.#frozen.suspended(() => submitted.savepoint(request)),
        result: () =>
          this.#frozen.suspended(async () => {
            const result = await submitted.result()
            this.#results[index] = result
            return result
          }),
      }
    })
  }

  async #fromSubmission<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
    if (!Object.hasOwn(this.#values, name)) {
      const value = await this.#frozen.suspended(fn)
      // As it will come out in the tasks: a value that JSON changes would differ there.
      this.#values[name] = value === undefined ? null : JSON.parse(JSON.stringify(value))
    }
    return this.#values[name] as T
  }

  #describe(job: RecordedJob, executeIndex: number): ProgramDescriptor {
    const { bundleKey, programName, args, submissionTimeMs, randomSeed } = this.#options
    return {
      ...(bundleKey === undefined ? {} : { bundleKey }),
      programName,
      ...(this.#entryPoint === undefined ? {} : { entryPoint: this.#entryPoint }),
      args: [...args],
      environment: Object.fromEntries(this.#environment),
      clientVersion: FLINK_TS_VERSION,
      nodeMajor: Number.parseInt(process.versions.node, 10),
      submissionTimeMs,
      randomSeed,
      executeIndex,
      earlierResults: this.#results.slice(0, executeIndex).map((result) => result ?? null),
      submissionValues: { ...this.#values },
      structure: job.structure,
      captures: capturedValues(job.functions, this.#options.programPath),
    }
  }
}
