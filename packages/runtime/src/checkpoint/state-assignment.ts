import {
  assignKeyGroups,
  type CheckpointMetadata,
  type KeyedRestorePart,
  type OperatorRestorePart,
  type OperatorState,
  redistributeOperatorState,
  type StateHandle,
} from '@flink-ts/state'
import type { ExecutionJobVertex } from '../executiongraph/execution-job-vertex.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { JobVertex } from '../jobgraph/job-graph.js'
import type { RestoredCoordinators } from '../jobmaster/coordination/operator-coordinators.js'
import { encodeTaskRestore, type OperatorRestore } from './task-restore.js'

/** What the subtasks of one operator begin with, at one parallelism. */
interface OperatorAssignment {
  readonly keyed: readonly (readonly KeyedRestorePart[])[]
  readonly operatorState: readonly (readonly OperatorRestorePart[])[]
  readonly finished: (subtask: number) => boolean
}

/**
 * Gives the state of a checkpoint to the subtasks of a job, of the same or another parallelism: keyed state by key groups,
 * operator state as its kind says. Operators are matched by id; state of others is left out, and an operator that the checkpoint
 * does not have begins with nothing (`checkRestore` judges both before).
 */
export class StateAssignment implements RestoredCoordinators {
  readonly checkpointId: bigint
  readonly #operators: ReadonlyMap<string, OperatorState>
  /** Of the tasks whose heads these operators are; those that had nothing are missing. */
  readonly #inFlightOf = new Map<string, readonly StateHandle[]>()
  /** By vertex: its operators' assignments, as of a parallelism. */
  readonly #assigned = new Map<
    string,
    { parallelism: number; operators: ReadonlyMap<string, OperatorAssignment> }
  >()

  constructor({ checkpointId, operators }: CheckpointMetadata) {
    this.checkpointId = checkpointId
    this.#operators = new Map(operators.map((operator) => [operator.operatorId, operator]))
    for (const { operatorId, subtasks } of operators) {
      const handles = [...subtasks.values()].flatMap(({ inFlight }) => inFlight ?? [])
      if (handles.length > 0) this.#inFlightOf.set(operatorId, handles)
    }
  }

  get coordinatorStates(): ReadonlyMap<string, Uint8Array> {
    const states = new Map<string, Uint8Array>()
    for (const { operatorId, coordinatorState } of this.#operators.values()) {
      if (coordinatorState !== undefined) states.set(operatorId, coordinatorState)
    }
    return states
  }

  /** `TaskDeploymentDescriptor.task_restore` of a subtask. */
  taskRestore({ jobVertex, subtaskIndex }: ExecutionVertex): Uint8Array {
    const operators = new Map<string, OperatorRestore>()
    const head = jobVertex.jobVertex.operators[0]?.operatorId
    for (const [operatorId, assignment] of this.#of(jobVertex.jobVertex)) {
      operators.set(operatorId, {
        keyed: assignment.keyed[subtaskIndex] ?? [],
        operatorState: assignment.operatorState[subtaskIndex] ?? [],
        inFlight: operatorId === head ? this.#inFlight(jobVertex, subtaskIndex) : [],
        finished: assignment.finished(subtaskIndex),
      })
    }
    return encodeTaskRestore({ checkpointId: this.checkpointId, operators })
  }

  /**
   * What was on its way to the subtask: its own part, or those of all subtasks at another parallelism, and what the
   * producers of its inputs had written. The files say which channels they are of.
   */
  #inFlight({ jobVertex, inputs }: ExecutionJobVertex, subtaskIndex: number): StateHandle[] {
    if (this.#inFlightOf.size === 0) return []
    const ownId = jobVertex.operators[0]!.operatorId
    const own = this.#operators.get(ownId)
    const isSame = own?.parallelism === jobVertex.parallelism
    const ownPart = own?.subtasks.get(subtaskIndex)?.inFlight
    const ownParts = isSame ? [ownPart] : (this.#inFlightOf.get(ownId) ?? [])
    const producers = new Set(
      inputs.map(({ producer }) => producer.jobVertex.operators[0]!.operatorId),
    )
    const parts = [...producers].flatMap((id) => this.#inFlightOf.get(id) ?? [])
    return [...ownParts, ...parts].filter((handle) => handle !== undefined)
  }

  #of(vertex: JobVertex): ReadonlyMap<string, OperatorAssignment> {
    const { id, parallelism, maxParallelism } = vertex
    const known = this.#assigned.get(id)
    if (known?.parallelism === parallelism) return known.operators
    const operators = new Map<string, OperatorAssignment>()
    for (const { operatorId } of vertex.operators) {
      const state = this.#operators.get(operatorId)
      if (state !== undefined) operators.set(operatorId, assign(state, parallelism, maxParallelism))
    }
    this.#assigned.set(id, { parallelism, operators })
    return operators
  }
}

function assign(
  { subtasks, parallelism: old }: OperatorState,
  parallelism: number,
  maxParallelism: number,
): OperatorAssignment {
  const all = [...subtasks.values()]
  const keyedHandles = all.flatMap(({ keyed }) => keyed ?? [])
  const operatorHandles = new Map(
    [...subtasks].flatMap(([subtask, { operator }]) =>
      operator === undefined ? [] : [[subtask, operator] as const],
    ),
  )
  // Of some that had finished and some that had not, nobody knows who is who at another parallelism.
  const allFinished = subtasks.size === old && all.every(({ finished }) => finished === true)
  return {
    keyed: assignKeyGroups(keyedHandles, { parallelism, maxParallelism }),
    operatorState: redistributeOperatorState(operatorHandles, { old, new: parallelism }),
    finished: (subtask) =>
      old === parallelism ? subtasks.get(subtask)?.finished === true : allFinished,
  }
}
