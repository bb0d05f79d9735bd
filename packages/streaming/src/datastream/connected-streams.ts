import type { Collector, Sync } from '@flink-ts/core'
import type { OperatorContext, TwoInputStreamOperator } from '@flink-ts/runtime/program'
import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
} from '../functions/co-function-types.js'
import type { KeyedProcessContext, KeyOf, ProcessContext } from '../functions/function-types.js'
import { type AnyFunction, CoUserFunction } from '../functions/user-function.js'
import type { TwoInputTransformation } from '../graph/transformation.js'
import { CoFlatMapOperator } from '../operators/co/co-flat-map-operator.js'
import type { CoFunctionOperatorOptions } from '../operators/co/co-function-operator.js'
import { CoMapOperator } from '../operators/co/co-map-operator.js'
import { CoProcessOperator } from '../operators/co/co-process-operator.js'
import type { DataStream } from './data-stream.js'
import { checkText, newOperatorSettings } from './operator-settings.js'
import type { SingleOutputStreamOperator } from './single-output-stream-operator.js'

// biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
type FlatMapped<R> = (Iterable<R> & object) | null | undefined | void

/** What two connected streams are made of. */
export interface ConnectedInputs<T1, T2> {
  readonly first: DataStream<T1>
  readonly second: DataStream<T2>
  /** The stream that a new operator makes. */
  readonly streamOf: <R>(transformation: TwoInputTransformation) => SingleOutputStreamOperator<R>
}

/**
 * Two streams, of other types perhaps, that one operator takes: it has a function for the elements of either. Elements
 * of one stream keep their order; between those of the two there is none. Functions are plain functions, one for each
 * stream, or an object with both, and `open` and `close` if it likes.
 *
 * Where both streams have keys (`a.keyBy(…).connect(b.keyBy(…))` or {@link keyBy}) elements of one key meet in one
 * subtask, and the function object has state per key that both its functions share.
 */
export class ConnectedStreams<T1, T2, C extends ProcessContext = ProcessContext> {
  readonly #inputs: ConnectedInputs<T1, T2>

  /** @internal */
  constructor(inputs: ConnectedInputs<T1, T2>) {
    this.#inputs = inputs
  }

  /** Gives the elements of both streams keys; equal keys meet, whichever stream they are of. */
  keyBy<K>(
    selector1: KeyOf<T1, K>,
    selector2: KeyOf<T2, K>,
  ): ConnectedStreams<T1, T2, KeyedProcessContext<K>> {
    const { first, second, streamOf } = this.#inputs
    return new ConnectedStreams({
      first: first.keyBy(selector1),
      second: second.keyBy(selector2),
      streamOf,
    })
  }

  /** Turns each element into one. @throws InvalidProgramError for async functions */
  map<R>(mapper: CoMapFunction<T1, T2, R>): SingleOutputStreamOperator<R>
  map<R>(map1: (value: T1) => Sync<R>, map2: (value: T2) => Sync<R>): SingleOutputStreamOperator<R>
  map<R>(first: unknown, second?: unknown): SingleOutputStreamOperator<R> {
    const methods = ['map1', 'map2'] as const
    const userFunction = new CoUserFunction<(v: unknown) => unknown>(first, second, methods, 'map')
    return this.#add('Co-Map', 'coMap', userFunction, (o) => new CoMapOperator(o))
  }

  /**
   * Turns each element into any number: those of the array (or other iterable object) that its function answers, or
   * those it puts into the collector. null and undefined are none.
   */
  flatMap<R>(mapper: CoFlatMapFunction<T1, T2, R>): SingleOutputStreamOperator<R>
  flatMap<R>(
    flatMap1: (value: T1, out: Collector<R>) => FlatMapped<R>,
    flatMap2: (value: T2, out: Collector<R>) => FlatMapped<R>,
  ): SingleOutputStreamOperator<R>
  flatMap<R>(first: unknown, second?: unknown): SingleOutputStreamOperator<R> {
    const methods = ['flatMap1', 'flatMap2'] as const
    const userFunction = new CoUserFunction(first, second, methods, 'flatMap')
    return this.#add('Co-Flat Map', 'coFlatMap', userFunction, (o) => new CoFlatMapOperator(o))
  }

  /** Hands each element with its context and a collector to its function. Timers are not available yet. */
  process<R>(fn: CoProcessFunction<T1, T2, R, C>): SingleOutputStreamOperator<R>
  process<R>(
    // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
    process1: (value: T1, context: C, out: Collector<R>) => void | undefined,
    // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
    process2: (value: T2, context: C, out: Collector<R>) => void | undefined,
  ): SingleOutputStreamOperator<R>
  process<R>(first: unknown, second?: unknown): SingleOutputStreamOperator<R> {
    const methods = ['processElement1', 'processElement2'] as const
    const userFunction = new CoUserFunction(first, second, methods, 'process')
    const name = this.#keySelectors === undefined ? 'Co-Process' : 'Co-Keyed-Process'
    return this.#add(name, 'coProcess', userFunction, (o) => new CoProcessOperator(o))
  }

  /**
   * An operator of your own, which may select the input that it wants to read next
   * (`TwoInputStreamOperator.nextSelection`). Where both streams have keys its context has keyed state; the operator
   * itself tells which key it stands for.
   *
   * @param name in plans, logs and REST
   * @param create called once per subtask
   */
  transform<R>(
    name: string,
    create: (context: OperatorContext) => TwoInputStreamOperator,
  ): SingleOutputStreamOperator<R> {
    checkText('the name of an operator', name)
    return this.#addOperator(name, { operation: 'transform', functions: [create] }, create)
  }

  get #keySelectors() {
    const [first, second] = [this.#inputs.first.keySelector, this.#inputs.second.keySelector]
    return first === undefined || second === undefined ? undefined : ([first, second] as const)
  }

  #add<R, F extends AnyFunction>(
    name: string,
    operation: string,
    userFunction: CoUserFunction<F>,
    create: (options: CoFunctionOperatorOptions<F>) => TwoInputStreamOperator,
  ): SingleOutputStreamOperator<R> {
    const keySelectors = this.#keySelectors
    const { captured: functions, states } = userFunction
    return this.#addOperator(name, { operation, functions, states }, (operatorContext) =>
      create({ operatorContext, userFunction, keySelectors }),
    )
  }

  #addOperator<R>(
    name: string,
    facts: Pick<TwoInputTransformation, 'operation' | 'functions' | 'states'>,
    createOperator: (context: OperatorContext) => TwoInputStreamOperator,
  ): SingleOutputStreamOperator<R> {
    const { first, second, streamOf } = this.#inputs
    const { builder } = first
    const added: TwoInputTransformation = {
      kind: 'twoInput',
      ...newOperatorSettings(builder.nextId(), name),
      inputs: [first.transformation, second.transformation],
      ...facts,
      createFactory: () => ({ type: 'twoInput', createOperator }),
    }
    builder.addOperator(added)
    return streamOf(added)
  }
}
