import { FlinkError } from '../errors/flink-error.js'

/** An accumulator cannot take a value, cannot be registered, or what it has gathered cannot be had. */
export class AccumulatorError extends FlinkError {
  /** Undefined where the accumulator does not know its own name. */
  readonly accumulatorName: string | undefined

  constructor(message: string, facts: { name?: string | undefined; cause?: unknown } = {}) {
    super(message, { code: 'FLINK_ACCUMULATOR', cause: facts.cause })
    this.accumulatorName = facts.name
  }
}
