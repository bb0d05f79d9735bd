import type { SlotSharingGroup } from '../environment/slot-sharing-group.js'
import type { SinkTransformation } from '../graph/transformation.js'
import { checkParallelism, checkText } from './operator-settings.js'
import type { StreamBuilder } from './stream-builder.js'

/** The end of a stream. Each method answers the object itself. */
export class DataStreamSink {
  readonly #builder: StreamBuilder
  readonly #settings: SinkTransformation

  /** @internal */
  constructor(builder: StreamBuilder, settings: SinkTransformation) {
    this.#builder = builder
    this.#settings = settings
  }

  /** Name in plans, logs and REST; need not be unique. */
  name(name: string): this {
    this.#settings.name = checkText('the name of a sink', name)
    return this
  }

  /** Stable name of the sink; unique in the job. */
  uid(uid: string): this {
    this.#settings.uid = checkText('the uid of a sink', uid)
    return this
  }

  /** Number of parallel writers; otherwise the environment's. @throws InvalidProgramError */
  setParallelism(parallelism: number): this {
    this.#settings.parallelism = checkParallelism('the parallelism of a sink', parallelism)
    return this
  }

  /** Runs the sink in another task than the operator before it. */
  disableChaining(): this {
    this.#settings.chainingStrategy = 'NEVER'
    return this
  }

  /** Sinks and operators of different groups never share a slot. A group with resources is registered thereby. */
  slotSharingGroup(group: string | SlotSharingGroup): this {
    this.#settings.slotSharingGroup = this.#builder.slotSharingGroup(group)
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
