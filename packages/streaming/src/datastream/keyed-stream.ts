import type { Collector } from '@flink-ts/core'
import type {
  ComparableField,
  KeyedProcessContext,
  KeyedProcessFunction,
  NumericField,
  OnTimerContext,
  Reducer,
} from '../functions/function-types.js'
import { UserFunction } from '../functions/user-function.js'
import type { Transformation } from '../graph/transformation.js'
import {
  AGGREGATION_WEIGHT,
  createKeyedReduceOperator,
} from '../operators/aggregation/keyed-reduce-operator.js'
import { LocalCombineOperator } from '../operators/aggregation/local-combine-operator.js'
import { fieldAggregation } from '../operators/field-aggregation.js'
import { BroadcastStream, KeyedBroadcastConnectedStream } from './broadcast-streams.js'
import { ConnectedStreams } from './connected-streams.js'
import { DataStream } from './data-stream.js'
import type { hashPartitioning } from './partitionings.js'
import type { SingleOutputStreamOperator } from './single-output-stream-operator.js'
import { addFunctionOperator, type FunctionStep, type StreamBuilder } from './stream-builder.js'

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
    fn: (value: T, context: KeyedProcessContext<K>, out: Collector<R>) => void | undefined,
    onTimer?: (
      timestampMs: number,
      context: OnTimerContext<K>,
      out: Collector<R>,
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
    return this.builder.operatorStream(
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

type ReduceCall = (a: unknown, b: unknown) => unknown
