import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
} from '../functions/broadcast-function-types.js'
import { InvalidProgramError } from '../functions/errors.js'
import { timerFunction } from '../functions/timer-function.js'
import { CoUserFunction } from '../functions/user-function.js'
import type { Transformation, TwoInputTransformation } from '../graph/transformation.js'
import {
  BroadcastProcessOperator,
  type BroadcastProcessOptions,
} from '../operators/co/broadcast-process-operator.js'
import type { DataStream } from './data-stream.js'
import { newOperatorSettings } from './operator-settings.js'
import type { SingleOutputStreamOperator } from './single-output-stream-operator.js'

type AnyDescriptor = BroadcastProcessOptions['descriptors'][number]

/** A stream whose elements all go to each subtask of what it is connected with, which keeps broadcast state of them. */
export class BroadcastStream<T> {
  /** @internal */
  readonly transformation: Transformation
  /** @internal */
  readonly descriptors: readonly AnyDescriptor[]
  /** Nobody reads it: it tells the types of streams apart. @internal */
  declare readonly elements: T

  /** @internal */
  constructor(input: Transformation, descriptors: readonly AnyDescriptor[]) {
    if (descriptors.some((d) => typeof d?.name !== 'string' || d.name === '')) {
      throw new InvalidProgramError(
        'Cannot broadcast a stream with this state: expected descriptors of map state, each with a name',
      )
    }
    this.transformation = { kind: 'partition', input, partitioning: { type: 'BROADCAST' } }
    this.descriptors = descriptors
  }
}

/** What a stream and a broadcast one are made of. */
export interface BroadcastInputs<T, B> {
  readonly first: DataStream<T>
  readonly second: BroadcastStream<B>
  /** The stream that a new operator makes. */
  readonly streamOf: <R>(transformation: TwoInputTransformation) => SingleOutputStreamOperator<R>
}

/** A stream and a broadcast one, for a function that takes the elements of both. */
export class BroadcastConnectedStream<T, B> {
  /** @internal */
  protected readonly inputs: BroadcastInputs<T, B>

  /** @internal */
  constructor(inputs: BroadcastInputs<T, B>) {
    this.inputs = inputs
  }

  /** @throws InvalidProgramError for async functions */
  process<R>(fn: BroadcastProcessFunction<T, B, R>): SingleOutputStreamOperator<R> {
    return addBroadcastProcess(this.inputs, fn, 'Co-Process-Broadcast')
  }
}

/** A stream with keys and a broadcast one, for a function that takes the elements of both. */
export class KeyedBroadcastConnectedStream<K, T, B> extends BroadcastConnectedStream<T, B> {
  /** @throws InvalidProgramError for async functions */
  override process<R>(
    fn: KeyedBroadcastProcessFunction<K, T, B, R>,
  ): SingleOutputStreamOperator<R> {
    return addBroadcastProcess(this.inputs, fn, 'Co-Process-Broadcast-Keyed')
  }
}

function addBroadcastProcess<T, B, R>(
  { first, second, streamOf }: BroadcastInputs<T, B>,
  fn: unknown,
  name: string,
): SingleOutputStreamOperator<R> {
  const methods = ['processElement', 'processBroadcastElement'] as const
  const userFunction: BroadcastProcessOptions['userFunction'] = new CoUserFunction(
    fn,
    undefined,
    methods,
    'process',
  )
  const { builder, keySelector } = first
  const { descriptors } = second
  const added: TwoInputTransformation = {
    kind: 'twoInput',
    ...newOperatorSettings(builder.nextId(), name),
    inputs: [first.transformation, second.transformation],
    operation: `processBroadcast ${descriptors.map((d) => JSON.stringify(d.name)).join(' ')}`,
    functions: [...userFunction.captured, ...timerFunction(fn, undefined).captured],
    states: userFunction.states,
    createFactory: () => ({
      type: 'twoInput',
      createOperator: (operatorContext) =>
        new BroadcastProcessOperator({ operatorContext, userFunction, keySelector, descriptors }),
    }),
  }
  builder.addOperator(added)
  return streamOf(added)
}
