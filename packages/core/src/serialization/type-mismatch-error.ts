import { FlinkError } from '../errors/flink-error.js'

/** A record is not of the type that its operator declares. */
export class TypeMismatchError extends FlinkError {
  /** Whose records are of that type. */
  readonly operatorName: string
  /** Where in the record, such as `record.items[2].price`. */
  readonly path: string
  /** What the declaration says of that place. */
  readonly expected: string

  constructor(
    facts: { operatorName: string; path: string; expected: string; found: string },
    declared: string,
  ) {
    const { operatorName, path, expected, found } = facts
    super(
      `Operator '${operatorName}' emitted a record that is not of its declared type ${declared}: ${path} is ${found}; expected ${expected}`,
      { code: 'FLINK_TYPE_MISMATCH' },
    )
    this.operatorName = operatorName
    this.path = path
    this.expected = expected
  }
}
