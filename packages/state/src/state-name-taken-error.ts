import { FlinkError } from '@flink-ts/core'

/** Two states of different kinds were given one name. */
export class StateNameTakenError extends FlinkError {
  readonly stateName: string

  constructor(stateName: string, facts: { asked: string; taken: string }) {
    super(
      `Cannot make ${facts.asked} state ${JSON.stringify(stateName)}: the operator has ${facts.taken} state of that name; give one of them another name`,
      { code: 'FLINK_STATE_NAME_TAKEN' },
    )
    this.stateName = stateName
  }
}
