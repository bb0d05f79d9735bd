import { FlinkError } from '@flink-ts/core'

/** A two-input operator waits for an input that has ended, while the other has not. */
export class InputSelectionError extends FlinkError {
  readonly operatorName: string
  readonly selection: 'FIRST' | 'SECOND'

  constructor(facts: { operatorName: string; selection: 'FIRST' | 'SECOND' }) {
    const { operatorName, selection } = facts
    super(
      `Operator '${operatorName}' can make no progress: its nextSelection answered ${selection}, but that input ` +
        'has ended; select the other one after endInput',
      { code: 'FLINK_INPUT_SELECTION' },
    )
    this.operatorName = operatorName
    this.selection = selection
  }
}
