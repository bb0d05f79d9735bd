import { FlinkError, nearestName } from '@flink-ts/core'

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  if (nearest !== undefined) return `did you mean '${nearest}'?`
  return known.length === 0
    ? 'there are none'
    : `there are ${known.map((n) => `'${n}'`).join(', ')}`
}

/** A file `_metadata` is there, but no release of this system wrote it. */
export class NotASavepointError extends FlinkError {
  readonly path: string

  constructor(path: string) {
    super(
      `${path} is no checkpoint or savepoint of flink-ts: it does not begin with FLTSSNAP; those of Apache Flink hold serialized Java objects and cannot be read`,
      { code: 'FLINK_STATE_NOT_A_SAVEPOINT' },
    )
    this.path = path
  }
}

/** A savepoint has no such operator. */
export class UnknownOperatorError extends FlinkError {
  readonly path: string
  readonly operator: string

  constructor(facts: { path: string; operator: string; known: readonly string[] }) {
    const { path, operator, known } = facts
    super(
      `There is no operator '${operator}' in ${path}; ${hint(operator, known)} (a uid, an id or a name that one operator has)`,
      { code: 'FLINK_STATE_UNKNOWN_OPERATOR' },
    )
    this.path = path
    this.operator = operator
  }
}

/** An operator of a savepoint has no such state. */
export class UnknownStateError extends FlinkError {
  readonly operatorName: string
  readonly stateName: string

  constructor(facts: { operatorName: string; stateName: string; known: readonly string[] }) {
    const { operatorName, stateName, known } = facts
    super(
      `There is no state '${stateName}' in operator "${operatorName}"; ${hint(stateName, known)}`,
      { code: 'FLINK_STATE_UNKNOWN_STATE' },
    )
    this.operatorName = operatorName
    this.stateName = stateName
  }
}

/** The state of an operator is in files of its backend, which only this backend reads. */
export class NativeStateError extends FlinkError {
  readonly operatorName: string

  constructor(operatorName: string) {
    super(
      `Cannot read the keyed state of operator "${operatorName}": it is an incremental checkpoint in files of its backend; take a savepoint in the canonical format`,
      { code: 'FLINK_STATE_NATIVE' },
    )
    this.operatorName = operatorName
  }
}

/** What was asked for does not fit the kind of a state, or a savepoint that is being made. */
export class StateToolUsageError extends FlinkError {
  constructor(message: string) {
    super(message, { code: 'FLINK_STATE_TOOL_USAGE' })
  }
}

/** Two values for one key of one state. */
export class DuplicateKeyError extends FlinkError {
  readonly stateName: string

  constructor(facts: { operatorName: string; stateName: string; key: string }) {
    const { operatorName, stateName, key } = facts
    super(
      `Cannot write state '${stateName}' of operator "${operatorName}": the key ${key} comes twice; give each key all that it has at once`,
      { code: 'FLINK_STATE_DUPLICATE_KEY' },
    )
    this.stateName = stateName
  }
}
