import { createStreamBuilder } from '../datastream/create-stream-builder.js'
import { newOperatorSettings } from '../datastream/operator-settings.js'
import type { SingleOutputStreamOperator } from '../datastream/single-output-stream-operator.js'
import type { StreamBuilder } from '../datastream/stream-builder.js'
import type { OperatorTransformation, SourceTransformation } from '../graph/transformation.js'
import type { SlotSharingGroup } from './slot-sharing-group.js'
import type { SourceStep } from './source-steps.js'

/** The operators that a program builds, numbered in the order in which it does, until a job is made of them. */
export class RecordedOperators {
  readonly #builder: StreamBuilder
  #recorded: OperatorTransformation[] = []
  #nextId = 1

  /** @param slotSharingGroup told of each group that an operator names; answers its name */
  constructor(slotSharingGroup: (group: string | SlotSharingGroup) => string) {
    this.#builder = createStreamBuilder({
      nextId: () => this.#nextId++,
      addOperator: (transformation) => void this.#recorded.push(transformation),
      slotSharingGroup,
    })
  }

  /** Those since {@link take}; sources are found from them. */
  get all(): readonly OperatorTransformation[] {
    return this.#recorded
  }

  /** Those since the last time, and begins anew. */
  take(): readonly OperatorTransformation[] {
    const recorded = this.#recorded
    this.#recorded = []
    return recorded
  }

  addSource<T>(name: string, step: SourceStep): SingleOutputStreamOperator<T> {
    const settings = newOperatorSettings(this.#builder.nextId(), name)
    const source: SourceTransformation = { ...settings, ...step, kind: 'source' }
    return this.#builder.operatorStream(source)
  }
}
