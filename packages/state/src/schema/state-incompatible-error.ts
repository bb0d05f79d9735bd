import { FlinkError } from '@flink-ts/core'

/** What stands in a snapshot cannot become the state that the program declares. */
export class StateIncompatibleError extends FlinkError {
  readonly operatorName: string
  readonly stateName: string
  /** Where in the values, such as `address.city` or `items[].price`; empty: the value itself. */
  readonly field: string
  readonly oldType: string
  readonly newType: string
  readonly remedy: string

  constructor(facts: {
    operatorName: string
    stateName: string
    field: string
    oldType: string
    newType: string
    remedy: string
  }) {
    const { operatorName, stateName, field, oldType, newType, remedy } = facts
    const where = field === '' ? '' : `field "${field}" of `
    super(
      `Cannot restore state "${stateName}" of operator "${operatorName}": ${where}its values is ${oldType} in the snapshot and ${newType} in the program; ${remedy}`,
      { code: 'FLINK_STATE_INCOMPATIBLE' },
    )
    this.operatorName = operatorName
    this.stateName = stateName
    this.field = field
    this.oldType = oldType
    this.newType = newType
    this.remedy = remedy
  }
}
