import { FlinkError } from '../errors/flink-error.js'

/** A record is not of the type that its operator declares, or a value of state not of that of the state. */
export class TypeMismatchError extends FlinkError {
  /** Whose records, or state, are of that type. */
  readonly operatorName: string
  /** Undefined: it is a record. */
  readonly stateName: string | undefined
  /** Where in the record, such as `record.items[2].price`; of state `value.items[2].price`. */
  readonly path: string
  /** What the declaration says of that place. */
  readonly expected: string

  constructor(
    facts: {
      operatorName: string
      stateName?: string | undefined
      path: string
      expected: string
      found: string
    },
    declared: string,
  ) {
    const { operatorName, stateName, path, expected, found } = facts
    const what =
      stateName === undefined
        ? `Operator '${operatorName}' emitted a record`
        : `Operator '${operatorName}' has put a value into its state '${stateName}'`
    super(
      `${what} that is not of its declared type ${declared}: ${path} is ${found}; expected ${expected}`,
      { code: 'FLINK_TYPE_MISMATCH' },
    )
    this.operatorName = operatorName
    this.stateName = stateName
    this.path = path
    this.expected = expected
  }
}
