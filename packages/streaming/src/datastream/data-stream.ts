import {
  type MapStateDescriptor,
  resolveUserPath,
  type Sink,
  type TypeInformation,
} from '@flink-ts/core'
import { PrintSink } from '../connectors/print/print-sink.js'
import { TextFileSink, type TextFileSinkOptions } from '../connectors/textfile/text-file-sink.js'
import type { SlotSharingGroup } from '../environment/slot-sharing-group.js'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'
import type {
  ComparableField,
  Filter,
  FlatMapper,
  KeyedProcessContext,
  KeyedProcessFunction,
  KeyOf,
  Mapper,
  NumericField,
  OnTimerContext,
  PartitionChoice,
  ProcessContext,
  ProcessFunction,
  Reducer,
} from '../functions/function-types.js'
import { timerFunction } from '../functions/timer-function.js'
import { UserFunction } from '../functions/user-function.js'
import type {
  ConnectorEnvironment,
  OperatorTransformation,
  Partitioning,
  SinkTransformation,
  Transformation,
} from '../graph/transformation.js'
import {
  AGGREGATION_WEIGHT,
  createKeyedReduceOperator,
} from '../operators/aggregation/keyed-reduce-operator.js'
import { LocalCombineOperator } from '../operators/aggregation/local-combine-operator.js'
import { fieldAggregation } from '../operators/field-aggregation.js'
import { FilterOperator } from '../operators/filter-operator.js'
import { FlatMapOperator } from '../operators/flat-map-operator.js'
import type { FunctionOperatorOptions } from '../operators/function-operator.js'
import { MapOperator } from '../operators/map-operator.js'
import { ProcessOperator } from '../operators/process-operator.js'
import {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from './broadcast-streams.js'
import { type ConnectedInputs, ConnectedStreams } from './connected-streams.js'
import { DataStreamSink } from './data-stream-sink.js'
import { checkParallelism, checkText, newOperatorSettings } from './operator-settings.js'
import { customPartitioning, hashPartitioning } from './partitionings.js'
import {
  addFunctionOperator,
  addWatermarks,
  type FunctionStep,
  type StreamBuilder,
} from './stream-builder.js'

type Collected<R> = import('@flink-ts/core').Collector<R>

/**
 * Elements of type `T` that flow through a job. Every method adds a step to the program; nothing runs before
 * `execute`. Functions are plain functions, or objects with `open` and `close` (rich functions).
 */
export class DataStream<T> {
  /** @internal */
  readonly builder: StreamBuilder
  /** @internal */
  readonly transformation: Transformation
  /** Behind `keyBy`. @internal */
  readonly keySelector?: (value: unknown) => unknown

  /** @internal */
  constructor(builder: StreamBuilder, transformation: Transformation) {
    this.builder = builder
    this.transformation = transformation
  }

  /** Turns each element into one. @throws InvalidProgramError for an async function */
  map<R>(mapper: Mapper<T, R>): SingleOutputStreamOperator<R> {
    const userFunction = new UserFunction<(value: unknown) => unknown>(mapper, 'map', 'map')
    return this.#add({
      name: 'Map',
      operation: 'map',
      userFunction,
      create: (o) => new MapOperator(o),
    })
  }

  /** Keeps the elements for which the function answers true. */
  filter(filter: Filter<T>): SingleOutputStreamOperator<T> {
    const userFunction = new UserFunction<(value: unknown) => boolean>(filter, 'filter', 'filter')
    const create = (o: ConstructorParameters<typeof FilterOperator>[0]) => new FilterOperator(o)
    // What it passes on is a copy of its own already.
    const emitsOwn = typeof filter === 'function'
    return this.#add({ name: 'Filter', operation: 'filter', userFunction, create, emitsOwn })
  }

  /**
   * Turns each element into any number: those of the array (or other iterable object) that the function answers,
   * or those it puts into the collector. null and undefined are none.
   */
  flatMap<R>(mapper: FlatMapper<T, R>): SingleOutputStreamOperator<R> {
    const userFunction = new UserFunction(mapper, 'flatMap', 'flatMap')
    const create = (o: ConstructorParameters<typeof FlatMapOperator>[0]) => new FlatMapOperator(o)
    return this.#add({ name: 'Flat Map', operation: 'flatMap', userFunction, create })
  }

  /** Hands each element with its context and a collector to the function. */
  process<R>(
    fn:
      | ProcessFunction<T, R>
      // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
      | ((value: T, context: ProcessContext, out: Collected<R>) => void | undefined),
  ): SingleOutputStreamOperator<R> {
    return this.addProcess(fn, 'Process')
  }

  /**
   * Gives elements their event time, and says how far it has come: what timers of event time go by. Timestamps and watermarks from
   * before are replaced.
   */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T> {
    const { builder, transformation } = this
    return new SingleOutputStreamOperator(
      builder,
      addWatermarks({ builder, transformation }, strategy as WatermarkStrategy<unknown>),
    )
  }

  /** Gives each element a key: elements of one key meet in one subtask, which has state per key. */
  keyBy<K>(selector: KeyOf<T, K>): KeyedStream<T, K> {
    return new KeyedStream(this.builder, this.transformation, hashPartitioning(selector))
  }

  /** The elements of this stream and those of others, in no order. */
  union(...others: DataStream<T>[]): DataStream<T> {
    const inputs = [this, ...others].map((stream) => stream.transformation)
    return new DataStream(this.builder, { kind: 'union', inputs })
  }

  /** This stream and another one, of another type perhaps, for an operator that takes both. */
  connect<U>(other: DataStream<U>): ConnectedStreams<T, U>
  connect<U>(other: BroadcastStream<U>): BroadcastConnectedStream<T, U>
  connect<U>(
    other: DataStream<U> | BroadcastStream<U>,
  ): ConnectedStreams<T, U> | BroadcastConnectedStream<T, U> {
    if (other instanceof BroadcastStream) {
      return new BroadcastConnectedStream<T, U>(this.connectedTo(other))
    }
    return new ConnectedStreams<T, U>(this.connectedTo(other))
  }

  /** Deals elements out to the next subtasks in turn. */
  rebalance(): DataStream<T> {
    return this.#partitioned({ type: 'REBALANCE' })
  }

  /** Deals elements out in turn to some of the next subtasks, so that as few as possible are connected. */
  rescale(): DataStream<T> {
    return this.#partitioned({ type: 'RESCALE' })
  }

  /** Sends each element to one of the next subtasks by chance. */
  shuffle(): DataStream<T> {
    return this.#partitioned({ type: 'SHUFFLE' })
  }

  /**
   * Sends every element to each of the next subtasks.
   *
   * @param descriptors of the map states that what the stream is connected with keeps of it, the same in each subtask
   */
  broadcast(): DataStream<T>
  // biome-ignore lint/suspicious/noExplicitAny: of any keys and values
  broadcast(...descriptors: MapStateDescriptor<any, any>[]): BroadcastStream<T>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  broadcast(...descriptors: MapStateDescriptor<any, any>[]): DataStream<T> | BroadcastStream<T> {
    return descriptors.length === 0
      ? this.#partitioned({ type: 'BROADCAST' })
      : new BroadcastStream(this.transformation, descriptors)
  }

  /** Sends all elements to the first of the next subtasks. */
  global(): DataStream<T> {
    return this.#partitioned({ type: 'GLOBAL' })
  }

  /** Keeps elements in their subtask; the next operator must have the same parallelism. */
  forward(): DataStream<T> {
    return this.#partitioned({ type: 'FORWARD' })
  }

  /** Sends each element to the subtask that the function chooses for its key. */
  partitionCustom<K>(partitioner: PartitionChoice<K>, selector: KeyOf<T, K>): DataStream<T> {
    return this.#partitioned(customPartitioning(partitioner, selector))
  }

  /**
   * Prints each element on a line, with `prefix> ` and, if several subtasks print, their number in front.
   * In a cluster the lines are in the .out files of the TaskManagers.
   */
  print(prefix = ''): DataStreamSink {
    return this.#addSink('Print to Std. Out', 'print', () => new PrintSink<unknown>({ prefix }))
  }

  /**
   * Writes each element on a line: into the file `path`, or with a parallelism above 1 into files 1, 2, … in the
   * folder `path`. They appear when all input has been written. Relative paths are relative to where the
   * program was submitted. A path that exists fails the job before it starts, unless `mode` is `overwrite`.
   */
  writeAsText(path: string, options: Pick<TextFileSinkOptions, 'mode'> = {}): DataStreamSink {
    checkText('the path of a file', path)
    const fingerprint = `writeAsText ${JSON.stringify(path)} ${options.mode ?? 'exclusive'}`
    return this.#addSink(
      'Text File',
      fingerprint,
      ({ workingDirectory }) =>
        new TextFileSink<unknown>({ ...options, path: resolveUserPath(path, workingDirectory) }),
    )
  }

  /** Hands each element to a sink. */
  sinkTo<CommT>(sink: Sink<T, CommT>): DataStreamSink {
    return this.#addSink('Writer', 'sink', () => sink as Sink<unknown, unknown>)
  }

  /** @param onTimer of a plain function @internal */
  protected addProcess<R>(
    fn: unknown,
    name: string,
    onTimer?: unknown,
  ): SingleOutputStreamOperator<R> {
    const userFunction = new UserFunction<ProcessCall>(fn, 'processElement', 'process')
    const timer = timerFunction(fn, onTimer)
    const create = (o: FunctionOperatorOptions<ProcessCall>) =>
      new ProcessOperator({ ...o, ...(timer.plain && { onTimer: timer.plain }) })
    const { captured: furtherFunctions } = timer
    return this.#add({ name, operation: 'process', userFunction, create, furtherFunctions })
  }

  /** @internal */
  protected connectedTo<S>(second: S): {
    readonly first: DataStream<T>
    readonly second: S
    readonly streamOf: ConnectedInputs<T, unknown>['streamOf']
  } {
    const { builder } = this
    return { first: this, second, streamOf: (t) => new SingleOutputStreamOperator(builder, t) }
  }

  #add<R, F extends (...args: never[]) => unknown>(
    step: FunctionStep<F>,
  ): SingleOutputStreamOperator<R> {
    return new SingleOutputStreamOperator(this.builder, addFunctionOperator(this, step))
  }

  #partitioned(partitioning: Partitioning): DataStream<T> {
    const { transformation: input } = this
    return new DataStream(this.builder, { kind: 'partition', input, partitioning })
  }

  #addSink(
    name: string,
    fingerprint: string,
    createSink: (environment: ConnectorEnvironment) => Sink<unknown, unknown>,
  ): DataStreamSink {
    const sink: SinkTransformation = {
      kind: 'sink',
      ...newOperatorSettings(this.builder.nextId(), name),
      input: this.transformation,
      fingerprint,
      createSink,
    }
    this.builder.addOperator(sink)
    return new DataStreamSink(this.builder, sink)
  }
}

/** The stream that an operator or source makes; sets what that operator is like. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  readonly #settings: OperatorTransformation

  /** @internal */
  constructor(builder: StreamBuilder, transformation: OperatorTransformation) {
    super(builder, transformation)
    this.#settings = transformation
  }

  /** Name in plans, logs and REST; need not be unique. */
  name(name: string): this {
    this.#settings.name = checkText('the name of an operator', name)
    return this
  }

  /** Stable name of the operator and its state; unique in the job. */
  uid(uid: string): this {
    this.#settings.uid = checkText('the uid of an operator', uid)
    return this
  }

  /**
   * Declares the type of what the operator emits. Where records of it travel between tasks, serializers are made
   * for that type, and one that is not of it fails the task, naming operator, path and type.
   */
  returns<R extends T>(type: TypeInformation<R>): SingleOutputStreamOperator<R> {
    this.#settings.outputType = type
    return this as unknown as SingleOutputStreamOperator<R>
  }

  /** Number of parallel subtasks; otherwise the environment's. @throws InvalidProgramError */
  setParallelism(parallelism: number): this {
    this.#settings.parallelism = checkParallelism('the parallelism of an operator', parallelism)
    return this
  }

  /** Number of key groups, the limit of any later parallelism. @throws InvalidProgramError */
  setMaxParallelism(max: number): this {
    this.#settings.maxParallelism = checkParallelism('the max parallelism of an operator', max)
    return this
  }

  /** Starts a task with this operator; those behind it may join it. */
  startNewChain(): this {
    this.#settings.chainingStrategy = 'HEAD'
    return this
  }

  /** Runs the operator in a task of its own. */
  disableChaining(): this {
    this.#settings.chainingStrategy = 'NEVER'
    return this
  }

  /**
   * Operators of different groups never share a slot; those behind inherit the group. A group with resources is
   * registered thereby, see {@link StreamExecutionEnvironment.registerSlotSharingGroup}.
   */
  slotSharingGroup(group: string | SlotSharingGroup): this {
    this.#settings.slotSharingGroup = this.builder.slotSharingGroup(group)
    return this
  }

  /**
   * Subtask i of all operators with the same key run in one slot. They need one slot sharing group. Flink has it
   * on the transformation.
   */
  setCoLocationGroupKey(key: string): this {
    this.#settings.coLocationGroupKey = checkText('a co-location group key', key)
    return this
  }
}

/** A stream whose elements have keys. Rich functions on it have state per key. */
export class KeyedStream<T, K> extends DataStream<T> {
  override readonly keySelector: (value: unknown) => unknown

  /** @internal */
  constructor(
    builder: StreamBuilder,
    input: Transformation,
    partitioning: ReturnType<typeof hashPartitioning>,
  ) {
    super(builder, { kind: 'partition', input, partitioning })
    this.keySelector = partitioning.keySelector
  }

  /**
   * Combines the elements of each key, two at a time. A STREAMING job emits the running value for every element,
   * a BATCH job each key's final value once.
   */
  reduce(reducer: Reducer<T>): SingleOutputStreamOperator<T> {
    const userFunction = new UserFunction<ReduceCall>(reducer, 'reduce', 'reduce')
    return this.#addReduce({ name: 'Keyed Reduce', operation: 'reduce', userFunction })
  }

  /** Adds up a field (or an index of a tuple) per key; the other fields are those of the key's first element. */
  sum(field: NumericField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregate('sum', field as PropertyKey)
  }

  /** The least value of a field per key; the other fields are those of the key's first element. */
  min(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregate('min', field as PropertyKey)
  }

  /** The greatest value of a field per key; the other fields are those of the key's first element. */
  max(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregate('max', field as PropertyKey)
  }

  /** {@link DataStream.connect}; with a stream that has keys too, equal keys meet and share their state. */
  override connect<U>(other: KeyedStream<U, K>): ConnectedStreams<T, U, KeyedProcessContext<K>>
  override connect<U>(other: DataStream<U>): ConnectedStreams<T, U>
  override connect<U>(other: BroadcastStream<U>): KeyedBroadcastConnectedStream<K, T, U>
  override connect<U>(other: DataStream<U> | BroadcastStream<U>): unknown {
    return other instanceof BroadcastStream
      ? new KeyedBroadcastConnectedStream<K, T, U>(this.connectedTo(other))
      : new ConnectedStreams<T, U, KeyedProcessContext<K>>(this.connectedTo(other))
  }

  /**
   * {@link DataStream.process} with the key in the context, state per key, and timers.
   *
   * @param onTimer called when a timer fires, if `fn` is a plain function; that of an object is its method of this name
   * @throws InvalidProgramError for async functions
   */
  override process<R>(fn: KeyedProcessFunction<K, T, R>): SingleOutputStreamOperator<R>
  override process<R>(
    // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
    fn: (value: T, context: KeyedProcessContext<K>, out: Collected<R>) => void | undefined,
    onTimer?: (
      timestampMs: number,
      context: OnTimerContext<K>,
      out: Collected<R>,
      // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
    ) => void | undefined,
  ): SingleOutputStreamOperator<R>
  override process<R>(fn: unknown, onTimer?: unknown): SingleOutputStreamOperator<R> {
    return this.addProcess(fn, 'KeyedProcess', onTimer)
  }

  #aggregate(kind: 'sum' | 'min' | 'max', field: PropertyKey): SingleOutputStreamOperator<T> {
    const { reduce, copy } = fieldAggregation(kind, field)
    const userFunction = new UserFunction<ReduceCall>(reduce, 'reduce', kind)
    const operation = `${kind} ${JSON.stringify(field)}`
    const step = { name: 'Keyed Aggregation', operation, userFunction, builtIn: true }
    return this.#addReduce(step, copy)
  }

  #addReduce(
    step: Omit<FunctionStep<ReduceCall>, 'create'>,
    copy?: (value: unknown) => unknown,
  ): SingleOutputStreamOperator<T> {
    const { keySelector } = this
    const create: FunctionStep<ReduceCall>['create'] = (options) =>
      createKeyedReduceOperator({ ...options, keySelector, ...(copy && { copy }) })
    const createCombiner =
      copy && ((o: CombinerOptions) => new LocalCombineOperator({ ...o, keySelector, copy }))
    return new SingleOutputStreamOperator(
      this.builder,
      addFunctionOperator(this, {
        ...step,
        create,
        emitsOwn: copy !== undefined,
        batchMemoryWeight: AGGREGATION_WEIGHT,
        ...(createCombiner && { createCombiner }),
      }),
    )
  }
}

type CombinerOptions = Parameters<FunctionStep<ReduceCall>['create']>[0]

type ProcessCall =
  ConstructorParameters<typeof ProcessOperator>[0]['userFunction'] extends UserFunction<infer F>
    ? F
    : never

type ReduceCall = (a: unknown, b: unknown) => unknown
