import { type Configuration, FlinkError } from '@flink-ts/core'
import type { ProgramDescriptor } from '../jobgraph/job-graph.js'
import type { JobCode } from '../operators/stream-operator.js'
import { assertTracesAgree } from './compare-traces.js'
import { FrozenWorld } from './frozen-world.js'
import {
  installProgramContext,
  type JobExecutionResult,
  type ProgramContext,
  type RecordedJob,
  type SubmittedJob,
} from './program-context.js'
import { ProgramInvocationError, type TracingRefusedError } from './program-errors.js'
import { replaceArgumentsAndEnvironment } from './program-world.js'
import { refuseSideEffects } from './refused-side-effects.js'
import { runProgram } from './run-program.js'

export interface ProgramTraceOptions {
  readonly program: ProgramDescriptor
  /** The fetched bundle: an ESM file next to whose folder the cluster's modules are found. */
  readonly bundlePath: string
  readonly configuration: Configuration
  /** Silences the console of this thread; answers what lets it speak again. */
  readonly muteConsole: () => () => void
  /**
   * Calls `onIdle` if nothing is left that could ever go on in this thread; answers what stops that.
   * A program that waits for nothing would otherwise end the thread without a word.
   */
  readonly watchIdle: (onIdle: () => void) => () => void
}

/**
 * Runs the program again in this thread, up to the `execute()` of the job in question, and answers
 * the code that it has built. That `execute()` never settles: what the program does behind it is
 * the client's affair. To be called once per thread.
 *
 * @throws TraceMismatchError when this run built another job than the client's
 * @throws TracingRefusedError when the program tried what must not happen in every task
 * @throws ProgramInvocationError when it ended without that `execute()`
 */
export async function traceProgram(options: ProgramTraceOptions): Promise<JobCode> {
  const { program, bundlePath } = options
  const frozen = new FrozenWorld(program)
  let refusal: TracingRefusedError | undefined
  const restores = [
    options.muteConsole(),
    replaceArgumentsAndEnvironment({
      programPath: bundlePath,
      args: program.args,
      environment: { ...program.environment },
    }),
    refuseSideEffects((error) => {
      refusal ??= error
    }),
    () => frozen.restore(),
  ]
  frozen.install()
  try {
    const job = await new Promise<RecordedJob>((resolve, reject) => {
      const ended = (why: string) => {
        reject(refusal ?? neverReached(program, why))
      }
      restores.push(installProgramContext(new TracingContext(options, resolve)))
      restores.push(options.watchIdle(() => ended('waits for something that can never happen')))
      const { entryPoint, args, programName } = program
      const main = entryPoint === undefined ? {} : { entryPoint }
      runProgram({ programPath: bundlePath, programName, args, ...main }).then(
        () => ended('ended'),
        reject,
      )
    })
    // Refused and caught by the program: what it built without that is not what it built in the client.
    if (refusal !== undefined) throw refusal
    await assertAgreement(program, bundlePath, job)
    return job.code
  } finally {
    for (const restore of restores.reverse()) restore()
  }
}

async function assertAgreement(
  program: ProgramDescriptor,
  bundlePath: string,
  job: RecordedJob,
): Promise<void> {
  const compareCaptures = Object.keys(program.captures).length > 0
  const captures = compareCaptures
    ? (await import('./captured-values.js')).capturedValues(job.functions, bundlePath)
    : {}
  const names = new Map<string, string>(
    job.jobGraph.vertices.flatMap((v) => v.operators.map((o) => [o.operatorId, o.name] as const)),
  )
  assertTracesAgree(program, { structure: job.structure, captures }, (id) => names.get(id) ?? id)
}

function neverReached(program: ProgramDescriptor, why: string): ProgramInvocationError {
  return new ProgramInvocationError(
    `Program ${program.programName} ${why} in a task without reaching its execute() number ` +
      `${program.executeIndex + 1}, which it reached at its submission`,
    { programName: program.programName },
  )
}

class TracingContext implements ProgramContext {
  readonly mode = 'tracing'
  readonly configuration: Configuration
  readonly #program: ProgramDescriptor
  readonly #onJob: (job: RecordedJob) => void
  #executions = 0

  constructor(options: ProgramTraceOptions, onJob: (job: RecordedJob) => void) {
    this.configuration = options.configuration
    this.#program = options.program
    this.#onJob = onJob
  }

  execute(job: RecordedJob): Promise<SubmittedJob> {
    const index = this.#executions++
    if (index < this.#program.executeIndex) {
      return Promise.resolve(replayed(this.#program.earlierResults[index]))
    }
    if (index === this.#program.executeIndex) this.#onJob(job)
    return new Promise(() => {})
  }

  async fromSubmission<T>(name: string): Promise<T> {
    const values = this.#program.submissionValues
    if (Object.hasOwn(values, name)) return values[name] as T
    throw new FlinkError(
      `Program ${this.#program.programName} asks for env.fromSubmission("${name}") in a task, but did not at its ` +
        `submission; it has ${Object.keys(values).join(', ') || 'no such values'}`,
      { code: 'FLINK_TRACE_MISMATCH' },
    )
  }
}

/** @param result absent: the job had not ended when the one in question was submitted */
function replayed(result: unknown): SubmittedJob {
  const ended = result as JobExecutionResult | null | undefined
  return {
    jobId: ended?.jobId ?? '',
    result: () => (ended ? Promise.resolve(ended) : new Promise(() => {})),
    status: async () => (ended ? 'FINISHED' : 'RUNNING'),
    cancel: async () => {},
    accumulators: async () => ended?.accumulators ?? [],
    savepoint: async () => {
      throw new FlinkError(
        'A program that is run again in a task cannot take a savepoint, nor know where the one of its submission is: ' +
          "fetch that by env.fromSubmission('savepoint', () => client.triggerSavepoint())",
        { code: 'FLINK_TRACE_MISMATCH' },
      )
    },
  }
}
