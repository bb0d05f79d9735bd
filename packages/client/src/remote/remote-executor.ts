import { type Clock, type Configuration, FLINK_TS_VERSION, type Random } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { ProgramContext, RecordedJob, SubmittedJob } from '@flink-ts/runtime'
import type { ProgramDescriptor } from '@flink-ts/runtime/program'
import { bundleProgram, type ProgramBundle } from '../program/bundle-program.js'
import { ProgramBundleError } from '../program/program-bundle-error.js'
import { RemoteJob } from '../submission/remote-job.js'
import { clusterRestClient } from './cluster-rest-client.js'
import { mentionedEnvironment } from './mentioned-environment.js'

export interface RemoteExecutorOptions {
  /** Names the cluster by `rest.address` and `rest.port`, or by `high-availability.…`. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  /** The program's own file, whose bundle the tasks run. */
  readonly programPath: string | undefined
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
}

/**
 * Sends the jobs of a program that `node` runs to a cluster. The program is bundled for the tasks, which run it again.
 * Unlike `flink run` nobody froze time and chance before the program began, and what its functions have captured is not
 * compared: what depends on the moment has to come from `fromSubmission`.
 */
export class RemoteExecutor implements ProgramContext {
  readonly mode = 'submission'
  readonly configuration: Configuration
  readonly #options: RemoteExecutorOptions
  readonly #client: RestClusterClient
  readonly #submissionTimeMs: number
  readonly #randomSeed: number
  /** By execute(); null while the job runs. */
  readonly #results: unknown[] = []
  readonly #values: Record<string, unknown> = {}
  #bundle: Promise<ProgramBundle> | undefined

  constructor(options: RemoteExecutorOptions) {
    const { configuration, clock, random, environment } = options
    this.configuration = configuration
    this.#options = options
    this.#submissionTimeMs = clock.now()
    this.#randomSeed = random.nextInt(0x7fffffff)
    this.#client = clusterRestClient({
      configuration,
      clock,
      // Where the commands look, too.
      configurationFolder: environment['FLINK_CONF_DIR'],
    })
  }

  /** @throws ProgramBundleError, RestConnectionError, RestClientError */
  async execute(recorded: RecordedJob): Promise<SubmittedJob> {
    const index = this.#results.push(null) - 1
    const earlierResults = this.#results.slice(0, index)
    this.#bundle ??= this.#bundleProgram()
    const bundle = await this.#bundle
    const program = this.#describe(recorded, bundle, index, earlierResults)
    const { jobId } = recorded.jobGraph
    await this.#client.submitJob(JSON.stringify({ ...recorded.jobGraph, program }), bundle.code)
    const job = new RemoteJob({ jobId, client: this.#client, clock: this.#options.clock })
    return {
      jobId,
      status: () => job.status(),
      cancel: () => job.cancel(),
      accumulators: () => job.accumulators(),
      savepoint: (request) => job.savepoint(request),
      result: async () => {
        const result = await job.result()
        this.#results[index] = result
        return result
      },
    }
  }

  async fromSubmission<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
    if (!Object.hasOwn(this.#values, name)) {
      const value = await fn()
      // As it will come out in the tasks: a value that JSON changes would differ there.
      this.#values[name] = value === undefined ? null : JSON.parse(JSON.stringify(value))
    }
    return this.#values[name] as T
  }

  async #bundleProgram(): Promise<ProgramBundle> {
    const { programPath, workingDirectory } = this.#options
    if (programPath === undefined) {
      throw new ProgramBundleError(
        'Cannot send a program to the cluster that is no file: start it with `node program.js`',
        '(none)',
      )
    }
    return bundleProgram(programPath, workingDirectory)
  }

  #describe(
    { structure }: RecordedJob,
    bundle: ProgramBundle,
    executeIndex: number,
    earlierResults: readonly unknown[],
  ): ProgramDescriptor {
    const { args, environment } = this.#options
    return {
      programName: bundle.programName,
      args: [...args],
      environment: mentionedEnvironment(Buffer.from(bundle.code).toString(), environment),
      clientVersion: FLINK_TS_VERSION,
      nodeMajor: Number.parseInt(process.versions.node, 10),
      submissionTimeMs: this.#submissionTimeMs,
      randomSeed: this.#randomSeed,
      executeIndex,
      earlierResults,
      submissionValues: { ...this.#values },
      structure,
      captures: {},
    }
  }
}
