import type {
  Accumulator,
  DoubleCounter,
  Histogram,
  IntCounter,
  KeyedStateStore,
  LongCounter,
  RuntimeContext,
} from '@flink-ts/core'
import type { OperatorContext } from '@flink-ts/runtime/program'
import { InvalidProgramError } from '../functions/errors.js'
import type { KeyedContext } from './keyed-context.js'

/** The part of an operator's world that its user function sees. */
export function createRuntimeContext(
  context: OperatorContext,
  keyed: KeyedContext | undefined,
): RuntimeContext {
  const { accumulators } = context
  return {
    jobId: context.jobId,
    jobName: context.jobName,
    taskName: context.taskName,
    operatorName: context.operatorName,
    indexOfThisSubtask: context.subtaskIndex,
    numberOfParallelSubtasks: context.parallelism,
    maxNumberOfParallelSubtasks: context.maxParallelism,
    attemptNumber: context.attemptNumber,
    ...keyedStateStore(context, keyed),
    addAccumulator: (name, accumulator) =>
      accumulators.add(name, accumulator as Accumulator<never, unknown>),
    getAccumulator: <V, R>(name: string) => accumulators.get(name) as Accumulator<V, R> | undefined,
    getIntCounter: (name) => accumulators.getOrCreate(name, 'IntCounter') as IntCounter,
    getLongCounter: (name) => accumulators.getOrCreate(name, 'LongCounter') as LongCounter,
    getDoubleCounter: (name) => accumulators.getOrCreate(name, 'DoubleCounter') as DoubleCounter,
    getHistogram: (name) => accumulators.getOrCreate(name, 'Histogram') as Histogram,
  }
}

/** The keyed state that a user function may ask for. Without keys each question is refused. */
export function keyedStateStore(
  context: OperatorContext,
  keyed: KeyedContext | undefined,
): KeyedStateStore {
  const storeFor = ({ name }: { readonly name: string }): KeyedContext => {
    if (keyed !== undefined) return keyed
    throw new InvalidProgramError(
      `Operator '${context.operatorName}' asked for keyed state '${name}', but its input has ` +
        'no keys; use it behind keyBy(…)',
    )
  }
  return {
    getState: (descriptor) => storeFor(descriptor).getState(descriptor),
    getListState: (descriptor) => storeFor(descriptor).getListState(descriptor),
    getMapState: (descriptor) => storeFor(descriptor).getMapState(descriptor),
    getReducingState: (descriptor) => storeFor(descriptor).getReducingState(descriptor),
    getAggregatingState: (descriptor) => storeFor(descriptor).getAggregatingState(descriptor),
  }
}
