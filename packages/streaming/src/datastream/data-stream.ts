import { type MapStateDescriptor, resolveUserPath, type Sink } from '@flink-ts/core'
import { PrintSink } from '../connectors/print/print-sink.js'
import { TextFileSink, type TextFileSinkOptions } from '../connectors/textfile/text-file-sink.js'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'
import type {
  Filter,
  FlatMapper,
  KeyOf,
  Mapper,
  PartitionChoice,
  ProcessContext,
  ProcessFunction,
} from '../functions/function-types.js'
import { timerFunction } from '../functions/timer-function.js'
import { UserFunction } from '../functions/user-function.js'
import type {
  ConnectorEnvironment,
  Partitioning,
  SinkTransformation,
  Transformation,
} from '../graph/transformation.js'
import { FilterOperator } from '../operators/filter-operator.js'
import { FlatMapOperator } from '../operators/flat-map-operator.js'
import type { FunctionOperatorOptions } from '../operators/function-operator.js'
import { MapOperator } from '../operators/map-operator.js'
import { ProcessOperator } from '../operators/process-operator.js'
import { BroadcastConnectedStream, BroadcastStream } from './broadcast-streams.js'
import { type ConnectedInputs, ConnectedStreams } from './connected-streams.js'
import { DataStreamSink } from './data-stream-sink.js'
import type { KeyedStream } from './keyed-stream.js'
import { checkText, newOperatorSettings } from './operator-settings.js'
import { customPartitioning, hashPartitioning } from './partitionings.js'
import type { SingleOutputStreamOperator } from './single-output-stream-operator.js'
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
    const added = addWatermarks({ builder, transformation }, strategy as WatermarkStrategy<unknown>)
    return builder.operatorStream(added)
  }

  /** Gives each element a key: elements of one key meet in one subtask, which has state per key. */
  keyBy<K>(selector: KeyOf<T, K>): KeyedStream<T, K> {
    return this.builder.keyedStream(this.transformation, hashPartitioning(selector))
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
    return { first: this, second, streamOf: (t) => builder.operatorStream(t) }
  }

  #add<R, F extends (...args: never[]) => unknown>(
    step: FunctionStep<F>,
  ): SingleOutputStreamOperator<R> {
    return this.builder.operatorStream(addFunctionOperator(this, step))
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

type ProcessCall =
  ConstructorParameters<typeof ProcessOperator>[0]['userFunction'] extends UserFunction<infer F>
    ? F
    : never
