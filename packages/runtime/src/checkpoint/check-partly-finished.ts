import { FlinkError } from '@flink-ts/core'
import type { OperatorState, OperatorSubtaskState } from '@flink-ts/state'

/** Some subtasks of an operator with union list state have finished, others have not. */
export class PartlyFinishedUnionStateError extends FlinkError {
  readonly operatorId: string

  constructor({ operatorId, operatorName, parallelism }: OperatorState, finished: number) {
    super(
      `Operator '${operatorName}' (${operatorId}) has union list state, and ${finished} of its ${parallelism} subtasks have ` +
        'finished: what they had in it is in no checkpoint, and every subtask would go on without it. A checkpoint is possible when all of them have finished, or none',
      { code: 'FLINK_UNION_STATE_PARTLY_FINISHED' },
    )
    this.operatorId = operatorId
  }
}

/**
 * As Flink: the elements of finished subtasks are gone, which those that go on cannot know, since union state is everybody's.
 *
 * @throws PartlyFinishedUnionStateError
 */
export function checkPartlyFinished(operators: readonly OperatorState[]): void {
  for (const operator of operators) {
    const subtasks = [...operator.subtasks.values()]
    const finished = subtasks.filter((subtask) => subtask.finished === true).length
    if (finished === 0 || finished === operator.parallelism) continue
    if (subtasks.some(hasUnionState)) throw new PartlyFinishedUnionStateError(operator, finished)
  }
}

function hasUnionState({ operator }: OperatorSubtaskState): boolean {
  return operator?.states.some(({ kind }) => kind === 'unionList') === true
}
