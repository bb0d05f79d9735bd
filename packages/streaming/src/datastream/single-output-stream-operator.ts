import type { TypeInformation } from '@flink-ts/core'
import type { SlotSharingGroup } from '../environment/slot-sharing-group.js'
import type { OperatorTransformation } from '../graph/transformation.js'
import { DataStream } from './data-stream.js'
import { checkParallelism, checkText } from './operator-settings.js'
import type { StreamBuilder } from './stream-builder.js'

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
