import {
  Configuration,
  CoreOptions,
  ExecutionOptions,
  PipelineOptions,
  type Source,
  type SourceSplit,
} from '@flink-ts/core'
import { currentProgramContext, type ProgramContext } from '@flink-ts/runtime/program'
import type { SocketTextSourceConfig } from '../connectors/socket/socket-text-source.js'
import { checkParallelism, checkText } from '../datastream/operator-settings.js'
import type { SingleOutputStreamOperator } from '../datastream/single-output-stream-operator.js'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'
import { InvalidProgramError } from '../functions/errors.js'
import { type ExecutionPlan, executionPlanOf } from '../graph/execution-plan.js'
import { generateRecordedJob } from '../graph/job-graph-generator.js'
import type { StreamGraph } from '../graph/stream-graph.js'
import { generateStreamGraph } from '../graph/stream-graph-generator.js'
import type { ConnectorEnvironment, OperatorTransformation } from '../graph/transformation.js'
import { CheckpointConfig, type CheckpointingMode } from './checkpoint-config.js'
import { ExecutionConfig } from './execution-config.js'
import { explicitProgramContext, findProgramContext } from './executor-factory.js'
import { JobClient } from './job-client.js'
import type { JobExecutionResult } from './job-execution-result.js'
import { newJobId } from './new-job-id.js'
import { RecordedOperators } from './recorded-operators.js'
import { RegisteredSlotSharingGroups } from './registered-slot-sharing-groups.js'
import type { SlotSharingGroup } from './slot-sharing-group.js'
import {
  collectionStep,
  sequenceStep,
  socketTextStep,
  sourceStep,
  textFileStep,
} from './source-steps.js'

const DEFAULT_JOB_NAME = 'Flink Streaming Job'
/** Under this name the submission's working directory is kept for the traces. */
const WORKING_DIRECTORY = 'flink-ts.working-directory'

/** Where a program begins: makes streams from sources, and executes what was built of them. */
export class StreamExecutionEnvironment {
  /** What the program has set. */
  readonly #configuration: Configuration
  readonly #config: ExecutionConfig
  readonly #checkpointConfig: CheckpointConfig
  readonly #slotSharingGroups = new RegisteredSlotSharingGroups()
  readonly #operators = new RecordedOperators((group) => this.#slotSharingGroups.use(group))
  #context: ProgramContext | undefined

  /**
   * The environment of this program: on the cluster that it was submitted to, or in this process if nobody
   * submitted it.
   *
   * @param configuration Flink keys, over those of the client and the cluster
   */
  static getExecutionEnvironment(
    configuration?: Configuration | Readonly<Record<string, string>>,
  ): StreamExecutionEnvironment {
    const environment = new StreamExecutionEnvironment()
    return configuration === undefined ? environment : environment.configure(configuration)
  }

  /**
   * An environment whose jobs run on the cluster with this REST endpoint, in a program that was started by `node`. The
   * file that Node was started with is bundled and sent along; see docs/programs.md.
   *
   * @throws InvalidProgramError in a program that `flink run` or an application cluster runs: they say where it runs
   */
  static createRemoteEnvironment(
    host: string,
    port: number,
    configuration?: Configuration | Readonly<Record<string, string>>,
  ): StreamExecutionEnvironment {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new InvalidProgramError(`Cannot use ${port} as a port: expected 1 to 65535`)
    }
    checkText('the host of the remote environment', host)
    return StreamExecutionEnvironment.#explicit('RemoteEnvironment', configuration, {
      'execution.target': 'remote',
      'rest.address': host,
      'rest.port': String(port),
    })
  }

  /**
   * An environment whose jobs run in this process, each in a cluster of its own.
   *
   * @param parallelism of all operators that have none of their own; default: that of the configuration
   * @throws InvalidProgramError in a program that `flink run` or an application cluster runs: they say where it runs
   */
  static createLocalEnvironment(
    parallelism?: number,
    configuration?: Configuration | Readonly<Record<string, string>>,
  ): StreamExecutionEnvironment {
    const environment = StreamExecutionEnvironment.#explicit('LocalEnvironment', configuration, {
      'execution.target': 'local',
    })
    return parallelism === undefined ? environment : environment.setParallelism(parallelism)
  }

  static #explicit(
    kind: string,
    configuration: Configuration | Readonly<Record<string, string>> | undefined,
    target: Readonly<Record<string, string>>,
  ): StreamExecutionEnvironment {
    const environment = new StreamExecutionEnvironment(explicitProgramContext(kind))
    if (configuration !== undefined) environment.configure(configuration)
    return environment.configure(target)
  }

  private constructor(context = currentProgramContext()) {
    this.#configuration = new Configuration()
    this.#config = new ExecutionConfig(this.#configuration)
    this.#checkpointConfig = new CheckpointConfig(this.#configuration)
    this.#context = context
  }

  /** Parallelism of all operators that have none of their own. @throws InvalidProgramError */
  setParallelism(parallelism: number): this {
    checkParallelism('the parallelism of the environment', parallelism)
    this.#configuration.set(CoreOptions.DEFAULT_PARALLELISM, parallelism)
    return this
  }

  /** Parallelism of all operators that have none of their own, as far as it is known before `execute`. */
  getParallelism(): number {
    return this.#effectiveConfiguration().get(CoreOptions.DEFAULT_PARALLELISM)
  }

  /** Number of key groups of all operators that have none of their own. @throws InvalidProgramError */
  setMaxParallelism(max: number): this {
    checkParallelism('the max parallelism of the environment', max)
    this.#configuration.set(PipelineOptions.MAX_PARALLELISM, max)
    return this
  }

  /** BATCH: final results only, of bounded sources; AUTOMATIC: BATCH if all sources are bounded. */
  setRuntimeMode(mode: 'STREAMING' | 'BATCH' | 'AUTOMATIC'): this {
    this.#configuration.setString(ExecutionOptions.RUNTIME_MODE.key, mode)
    // Checked at once: a mistyped mode is to be found where it stands.
    this.#configuration.get(ExecutionOptions.RUNTIME_MODE)
    return this
  }

  /** Serializers of the program's classes, object reuse. */
  getConfig(): ExecutionConfig {
    return this.#config
  }

  /**
   * Takes a checkpoint every `intervalMs`: after a failure the jobs go on from the last one that was completed. Whole ms, at least 10.
   *
   * @param mode default `EXACTLY_ONCE`
   * @throws InvalidProgramError
   */
  enableCheckpointing(intervalMs: number, mode?: CheckpointingMode): this {
    this.#checkpointConfig.setCheckpointInterval(intervalMs)
    if (mode !== undefined) this.#checkpointConfig.setCheckpointingMode(mode)
    return this
  }

  /** When and how checkpoints are taken. */
  getCheckpointConfig(): CheckpointConfig {
    return this.#checkpointConfig
  }

  /** Sets Flink keys for this program's jobs. */
  configure(configuration: Configuration | Readonly<Record<string, string>>): this {
    const added =
      configuration instanceof Configuration ? configuration : Configuration.fromMap(configuration)
    this.#configuration.merge(added)
    return this
  }

  /**
   * Gives a slot sharing group resources, also if operators name it before or after. The last registration of a
   * name counts. With `cluster.fine-grained-resource-management.enabled` its slots have exactly these resources;
   * without it they are equal shares of a TaskManager that are large enough.
   */
  registerSlotSharingGroup(group: SlotSharingGroup): this {
    this.#slotSharingGroups.register(group)
    return this
  }

  /** Runs each operator in a task of its own. */
  disableOperatorChaining(): this {
    this.#configuration.set(PipelineOptions.OPERATOR_CHAINING, false)
    return this
  }

  /** Longest time in ms that an element waits in an output buffer; 0: each is sent at once, -1: full buffers only. */
  setBufferTimeout(timeoutMs: number): this {
    if (!Number.isInteger(timeoutMs) || timeoutMs < -1) {
      throw new InvalidProgramError(
        `Cannot use ${timeoutMs} as the buffer timeout: expected whole milliseconds, or -1`,
      )
    }
    this.#configuration.set(ExecutionOptions.BUFFER_TIMEOUT_ENABLED, timeoutMs >= 0)
    if (timeoutMs >= 0) this.#configuration.set(ExecutionOptions.BUFFER_TIMEOUT, timeoutMs)
    return this
  }

  /** A stream of the given elements. Parallelism 1 unless set. */
  fromElements<T>(...elements: T[]): SingleOutputStreamOperator<T> {
    return this.fromCollection(elements)
  }

  /** A stream of the elements of an array or other iterable object. Parallelism 1 unless set. */
  fromCollection<T>(elements: Iterable<T> & object): SingleOutputStreamOperator<T> {
    return this.#operators.addSource('Collection Source', collectionStep([...elements]))
  }

  /** The whole numbers from `from` to `to`, both included; in order with parallelism 1 only. */
  fromSequence(from: number, to: number): SingleOutputStreamOperator<number> {
    return this.#operators.addSource('Sequence Source', sequenceStep(from, to))
  }

  /**
   * A stream of what `source` reads.
   *
   * @param watermarkStrategy gives its elements event time; without one they keep what the source gives them
   * @throws InvalidProgramError if the source has no `coordinatorReference`: its enumerator would be code of the
   * program, and no JobManager runs that yet
   */
  fromSource<T, SplitT extends SourceSplit, CheckpointT>(
    source: Source<T, SplitT, CheckpointT>,
    watermarkStrategy: WatermarkStrategy<T>,
    name: string,
  ): SingleOutputStreamOperator<T>
  fromSource<T, SplitT extends SourceSplit, CheckpointT>(
    source: Source<T, SplitT, CheckpointT>,
    name: string,
  ): SingleOutputStreamOperator<T>
  fromSource<T, SplitT extends SourceSplit, CheckpointT>(
    source: Source<T, SplitT, CheckpointT>,
    ...rest: [WatermarkStrategy<T>, string] | [string]
  ): SingleOutputStreamOperator<T> {
    const [strategy, name] = rest.length === 1 ? [undefined, rest[0]] : rest
    checkText('the name of a source', name)
    return this.#operators.addSource(
      name,
      sourceStep(source as Source<unknown, never>, name, strategy as WatermarkStrategy<unknown>),
    )
  }

  /**
   * The lines of a file, or of the files of a folder (whose names do not begin with `.` or `_`), in UTF-8. Relative
   * paths are relative to where the program was submitted.
   */
  readTextFile(path: string): SingleOutputStreamOperator<string> {
    return this.#operators.addSource(
      'File Source',
      textFileStep(checkText('the path of a file', path)),
    )
  }

  /** The lines (or texts with another end) that come over a TCP connection; for trying things out. */
  socketTextStream(
    host: string,
    port: number,
    options: Pick<SocketTextSourceConfig, 'delimiter' | 'maxRetry'> = {},
  ): SingleOutputStreamOperator<string> {
    return this.#operators.addSource('Socket Stream', socketTextStep({ host, port, ...options }))
  }

  /**
   * Runs `fn` once, where the program is submitted, and answers the same value in every task: for what differs
   * from machine to machine or from time to time. The value must be JSON.
   */
  async fromSubmission<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
    return (await this.#programContext()).fromSubmission(name, fn)
  }

  /**
   * Submits what was built since the last `execute` as one job and waits for its end.
   *
   * @throws InvalidProgramError if no job can be made of it
   * @throws JobExecutionError when the job failed or was cancelled
   */
  async execute(jobName?: string): Promise<JobExecutionResult> {
    return (await this.executeAsync(jobName)).getJobExecutionResult()
  }

  /** Like {@link execute}, but does not wait for the job's end. */
  async executeAsync(jobName?: string): Promise<JobClient> {
    const recorded = this.#operators.take()
    const context = await this.#programContext()
    const workingDirectory = await context.fromSubmission(WORKING_DIRECTORY, () => process.cwd())
    const graph = this.#generate(recorded, jobName, { workingDirectory })
    const recordedJob = generateRecordedJob(graph, newJobId())
    return new JobClient(await context.execute(recordedJob))
  }

  /**
   * The operators of what was built since the last `execute`, which stays as it is.
   *
   * @throws InvalidProgramError if no job can be made of it
   */
  getStreamGraph(jobName?: string): StreamGraph {
    return this.#generate(this.#operators.all, jobName, { workingDirectory: process.cwd() })
  }

  /** What `flink info` prints: {@link getStreamGraph} as JSON in Flink's form. */
  getExecutionPlan(): string {
    const plan: ExecutionPlan = executionPlanOf(this.getStreamGraph())
    return JSON.stringify(plan, undefined, 2)
  }

  #generate(
    transformations: readonly OperatorTransformation[],
    jobName: string | undefined,
    environment: ConnectorEnvironment,
  ): StreamGraph {
    const configuration = this.#effectiveConfiguration()
    const name = jobName ?? configuration.get(PipelineOptions.NAME) ?? DEFAULT_JOB_NAME
    const { serializers } = this.#config
    const { resources: slotSharingGroupResources } = this.#slotSharingGroups
    const parts = { transformations, configuration, jobName: name, environment, serializers }
    return generateStreamGraph({ ...parts, slotSharingGroupResources })
  }

  #effectiveConfiguration(): Configuration {
    const base = this.#context?.configuration.clone() ?? new Configuration()
    return base.merge(this.#configuration)
  }

  async #programContext(): Promise<ProgramContext> {
    this.#context ??= await findProgramContext(this.#configuration.clone())
    return this.#context
  }
}
