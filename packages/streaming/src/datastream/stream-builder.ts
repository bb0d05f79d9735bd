import type { OperatorContext, OperatorFactory, StreamOperator } from '@flink-ts/runtime/program'
import type { SlotSharingGroup } from '../environment/slot-sharing-group.js'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'
import type { AnyFunction, UserFunction } from '../functions/user-function.js'
import type {
  OneInputTransformation,
  OperatorTransformation,
  Transformation,
} from '../graph/transformation.js'
import type { FunctionOperatorOptions } from '../operators/function-operator.js'
import { TimestampsAndWatermarksOperator } from '../operators/watermarks/timestamps-and-watermarks-operator.js'
import type { KeyedStream } from './keyed-stream.js'
import { newOperatorSettings } from './operator-settings.js'
import type { hashPartitioning } from './partitionings.js'
import type { SingleOutputStreamOperator } from './single-output-stream-operator.js'

/** What streams need of the environment that they belong to. */
export interface StreamBuilder {
  /** Number for the next operator, from 1. */
  nextId(): number
  /** Makes an operator or sink part of the job. Sources become part of it with what reads them. */
  addOperator(transformation: OperatorTransformation): void
  /** Registers the group if it has resources. @returns its name */
  slotSharingGroup(group: string | SlotSharingGroup): string
  /** The stream that an operator or source makes. */
  operatorStream<T>(transformation: OperatorTransformation): SingleOutputStreamOperator<T>
  /** The elements of `input` with their keys. */
  keyedStream<T, K>(
    input: Transformation,
    partitioning: ReturnType<typeof hashPartitioning>,
  ): KeyedStream<T, K>
}

/** A stream as an operator takes it. */
export interface OperatorInput {
  readonly builder: StreamBuilder
  readonly transformation: Transformation
  /** Behind `keyBy`. */
  readonly keySelector?: (value: unknown) => unknown
}

/** An operator around one user function. */
export interface FunctionStep<F extends AnyFunction> {
  readonly name: string
  /** Such as `map`; equal in every trace. */
  readonly operation: string
  readonly userFunction: UserFunction<F>
  /** The user's other functions in it. */
  readonly furtherFunctions?: readonly CallableFunction[]
  /** Functions that are not the user's have nothing to compare. */
  readonly builtIn?: boolean
  /** See `OperatorFactory.emitsOwn`. */
  readonly emitsOwn?: boolean
  /** In BATCH jobs: its weight among those that share its slot's managed memory. Default 0. */
  readonly batchMemoryWeight?: number
  readonly create: (options: FunctionOperatorOptions<F>) => StreamOperator
  /** In BATCH jobs: makes what combines elements on the way to the operator. Default: nothing does. */
  readonly createCombiner?: (options: FunctionOperatorOptions<F>) => StreamOperator
}

/** Adds an operator behind `input`. */
export function addFunctionOperator<F extends AnyFunction>(
  input: OperatorInput,
  step: FunctionStep<F>,
): OneInputTransformation {
  const { builder, transformation, keySelector } = input
  const { userFunction, create, createCombiner } = step
  const factoryOf = (make: FunctionStep<F>['create']): OperatorFactory => ({
    type: 'oneInput',
    ...(step.emitsOwn && { emitsOwn: true }),
    createOperator: (operatorContext: OperatorContext) =>
      make({ operatorContext, userFunction, keySelector }),
  })
  const factory = factoryOf(create)
  const added: OneInputTransformation = {
    kind: 'operator',
    ...newOperatorSettings(builder.nextId(), step.name),
    input: transformation,
    operation: step.operation,
    functions:
      step.builtIn === true ? [] : [userFunction.captured, ...(step.furtherFunctions ?? [])],
    createFactory: () => factory,
    states: userFunction.states,
    ...(step.batchMemoryWeight !== undefined && { batchMemoryWeight: step.batchMemoryWeight }),
    ...(createCombiner && { combiner: { ...factoryOf(createCombiner), onlyReads: true } }),
  }
  builder.addOperator(added)
  return added
}

/** Adds an operator that gives the elements of `input` event time. */
export function addWatermarks(
  { builder, transformation }: OperatorInput,
  strategy: WatermarkStrategy<unknown>,
): OneInputTransformation {
  const { timestampAssigner } = strategy
  const added: OneInputTransformation = {
    kind: 'operator',
    ...newOperatorSettings(builder.nextId(), 'Timestamps/Watermarks'),
    input: transformation,
    operation: 'assignTimestampsAndWatermarks',
    functions: timestampAssigner === undefined ? [] : [timestampAssigner],
    createFactory: () => ({
      type: 'oneInput',
      onlyReads: true,
      createOperator: (context) => new TimestampsAndWatermarksOperator(strategy, context),
    }),
  }
  builder.addOperator(added)
  return added
}
