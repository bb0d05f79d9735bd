import { FlinkError, type Logger } from '@flink-ts/core'
import type { CoordinatorSnapshots } from '../../checkpoint/checkpoint-gateways.js'
import type { Execution } from '../../executiongraph/execution.js'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionJobVertex } from '../../executiongraph/execution-job-vertex.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { OperatorEventRequest } from '../../messages/messages.generated.js'
import type { ScheduleAction } from '../slotpool/slot-pool.js'
import type {
  CoordinatorContext,
  OperatorCoordinator,
  RestoredCoordinator,
} from './operator-coordinator.js'
import { OperatorEventSender } from './operator-event-sender.js'

/** What the coordinators of a job begin with. */
export interface RestoredCoordinators {
  readonly checkpointId: bigint
  /** By operator id; those without state are missing. */
  readonly coordinatorStates: ReadonlyMap<string, Uint8Array>
}

/** Makes the coordinator of one operator. */
export type CoordinatorFactory = (context: CoordinatorContext) => OperatorCoordinator

export interface OperatorCoordinatorsOptions {
  /** The current one. */
  readonly graph: () => ExecutionGraph
  /** By operator id. */
  readonly factories: ReadonlyMap<string, CoordinatorFactory>
  /** One call to the TaskManager of an attempt. */
  readonly sendToTask: (execution: Execution, event: OperatorEventRequest) => Promise<unknown>
  /** An attempt cannot take its events. */
  readonly failTask: (execution: Execution, error: unknown) => void
  readonly failJob: (error: unknown) => void
  /** The oldest checkpoint that the job may begin with again. */
  readonly oldestKept: () => bigint
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
  readonly log: Logger
}

/** All operator coordinators of a job, and the exchange of events with their operators. */
export class OperatorCoordinators implements CoordinatorSnapshots {
  readonly #options: OperatorCoordinatorsOptions
  readonly #coordinators = new Map<string, { coordinator: OperatorCoordinator; vertexId: string }>()
  readonly #senders = new Map<string, OperatorEventSender>()
  /** Per attempt and operator the next number that is expected. */
  readonly #expected = new Map<string, number>()
  /** Rises with each graph: coordinators of an earlier one have no say any more. */
  #generation = 0
  #stopping = false
  #closed = false

  constructor(options: OperatorCoordinatorsOptions) {
    this.#options = options
    this.#create()
  }

  /** @param restored what the job begins with; undefined: with nothing */
  start(restored?: RestoredCoordinators): void {
    for (const [operatorId, { coordinator }] of this.#coordinators) {
      if (restored === undefined) coordinator.start()
      else coordinator.reset(stateOf(operatorId, restored))
    }
  }

  /** The job has another graph: coordinators for its parallelism take the place of those before. */
  graphReplaced(restored?: RestoredCoordinators): void {
    if (this.#closed) return
    this.#closeAll()
    this.#expected.clear()
    this.#create()
    this.start(restored)
    if (this.#stopping) this.stopSources()
  }

  /** Snapshots and shut valves, all in this turn. Rejects when an attempt ends that has not all its events. */
  async checkpoint(checkpointId: bigint): Promise<ReadonlyMap<string, Uint8Array>> {
    const snapshots: Promise<[string, Uint8Array]>[] = []
    const drained: Promise<void>[] = []
    for (const [operatorId, { coordinator, vertexId }] of this.#coordinators) {
      const state = coordinator.checkpoint?.(checkpointId)
      if (state !== undefined) snapshots.push(named(operatorId, state))
      for (const { current } of this.#vertex(vertexId)?.subtasks ?? []) {
        if (current.isTerminal) continue
        drained.push(this.#sender(current, operatorId).shut(checkpointId))
      }
    }
    const [states] = await Promise.all([Promise.all(snapshots), Promise.all(drained)])
    return new Map(states)
  }

  /** The task has heard of the checkpoint, or done its part: events to it go on. Idempotent. */
  reached(executionAttemptId: string, checkpointId: bigint): void {
    const execution = this.#options.graph().currentExecution(executionAttemptId)
    if (execution === undefined) return
    for (const [operatorId, { vertexId }] of this.#coordinators) {
      if (vertexId !== execution.vertexId) continue
      this.#senders.get(keyOf(execution, operatorId))?.open(checkpointId)
    }
  }

  ended(checkpointId: bigint, completed: boolean): void {
    for (const sender of this.#senders.values()) sender.open(checkpointId)
    for (const { coordinator } of this.#coordinators.values()) {
      if (completed)
        coordinator.notifyCheckpointComplete?.(checkpointId, this.#options.oldestKept())
      else coordinator.notifyCheckpointAborted?.(checkpointId)
    }
  }

  #create(): void {
    const { graph, factories, execute, failJob } = this.#options
    const generation = ++this.#generation
    const isCurrent = () => !this.#closed && generation === this.#generation
    for (const { jobVertex } of graph().jobVertices) {
      for (const { operatorId, name } of jobVertex.operators) {
        const factory = factories.get(operatorId)
        if (factory === undefined) continue
        const coordinator = factory({
          operatorName: name,
          parallelism: jobVertex.parallelism,
          sendEvent: (subtask, event) => {
            if (isCurrent()) this.#send(jobVertex.id, operatorId, subtask, event)
          },
          failJob: (cause) => {
            if (isCurrent()) failJob(cause)
          },
          execute,
          schedule: this.#options.schedule,
        })
        this.#coordinators.set(operatorId, { coordinator, vertexId: jobVertex.id })
      }
    }
  }

  /**
   * An operator sent an event; a repeated one changes nothing.
   *
   * @throws FlinkError if the attempt does not run, or the operator has no coordinator
   */
  handleEvent(event: OperatorEventRequest): void {
    const { executionAttemptId, operatorId, sequence, payload } = event
    const execution = this.#options.graph().currentExecution(executionAttemptId)
    if (execution === undefined || (execution.isTerminal && execution.state !== 'FINISHED')) {
      throw refused(`attempt ${executionAttemptId} does not run`)
    }
    const target = this.#coordinators.get(operatorId)
    if (target === undefined || target.vertexId !== execution.vertexId) {
      throw refused(`operator ${operatorId} of ${execution.taskName} has no coordinator`)
    }
    const key = keyOf(execution, operatorId)
    const expected = this.#expected.get(key) ?? 0
    if (sequence < expected) return
    if (sequence > expected) {
      throw refused(`event ${sequence} of ${execution.taskName} came before event ${expected}`)
    }
    this.#expected.set(key, expected + 1)
    target.coordinator.handleEventFromOperator(execution.subtaskIndex, payload)
  }

  /** Has all sources end their input; also those of a graph that comes later. */
  stopSources(): void {
    this.#stopping = true
    for (const { coordinator } of this.#coordinators.values()) coordinator.stop?.()
  }

  executionEnded(vertex: ExecutionVertex): void {
    for (const [operatorId, coordinator] of this.#of(vertex)) {
      const key = keyOf(vertex.current, operatorId)
      this.#senders.get(key)?.close()
      this.#senders.delete(key)
      coordinator.executionEnded(vertex.subtaskIndex)
    }
  }

  /** @param restored what the subtasks begin with; undefined: with nothing */
  subtasksReset(vertices: readonly ExecutionVertex[], restored?: RestoredCoordinators): void {
    const byVertex = new Map<ExecutionVertex['jobVertex'], ExecutionVertex[]>()
    for (const vertex of vertices) {
      const known = byVertex.get(vertex.jobVertex)
      if (known === undefined) byVertex.set(vertex.jobVertex, [vertex])
      else known.push(vertex)
    }
    for (const [jobVertex, subtasks] of byVertex) {
      for (const [operatorId, coordinator] of this.#of(subtasks[0]!)) {
        for (const { history } of subtasks) {
          const ended = history.at(-1)
          if (ended !== undefined) this.#expected.delete(keyOf(ended, operatorId))
        }
        if (subtasks.length === jobVertex.subtasks.length) {
          coordinator.reset(stateOf(operatorId, restored))
          continue
        }
        for (const { subtaskIndex } of subtasks) {
          coordinator.subtaskReset(subtaskIndex, restored?.checkpointId)
        }
      }
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#closeAll()
  }

  #closeAll(): void {
    for (const sender of this.#senders.values()) sender.close()
    this.#senders.clear()
    for (const { coordinator } of this.#coordinators.values()) coordinator.close()
    this.#coordinators.clear()
  }

  #send(vertexId: string, operatorId: string, subtask: number, payload: Uint8Array): void {
    const execution = this.#vertex(vertexId)?.subtasks[subtask]?.current
    if (execution === undefined || execution.isTerminal) return
    this.#sender(execution, operatorId).enqueue(payload)
  }

  #sender(execution: Execution, operatorId: string): OperatorEventSender {
    const { sendToTask, failTask, schedule, execute } = this.#options
    const key = keyOf(execution, operatorId)
    let sender = this.#senders.get(key)
    if (sender === undefined) {
      const executionAttemptId = execution.attemptId
      sender = new OperatorEventSender({
        send: (sequence, bytes) =>
          sendToTask(execution, { executionAttemptId, operatorId, sequence, payload: bytes }),
        onFailed: (error) => failTask(execution, error),
        schedule,
        execute,
      })
      this.#senders.set(key, sender)
    }
    return sender
  }

  #vertex(vertexId: string): ExecutionJobVertex | undefined {
    return this.#options.graph().jobVertices.find(({ jobVertex }) => jobVertex.id === vertexId)
  }

  #of(vertex: ExecutionVertex): [operatorId: string, coordinator: OperatorCoordinator][] {
    return vertex.jobVertex.jobVertex.operators.flatMap(({ operatorId }) => {
      const known = this.#coordinators.get(operatorId)
      return known === undefined
        ? []
        : [[operatorId, known.coordinator] satisfies [string, OperatorCoordinator]]
    })
  }
}

function stateOf(
  operatorId: string,
  restored: RestoredCoordinators | undefined,
): RestoredCoordinator | undefined {
  if (restored === undefined) return undefined
  const { checkpointId, coordinatorStates } = restored
  return { checkpointId, state: coordinatorStates.get(operatorId) }
}

async function named(
  operatorId: string,
  state: Uint8Array | Promise<Uint8Array>,
): Promise<[string, Uint8Array]> {
  return [operatorId, await state]
}

function keyOf(execution: Execution, operatorId: string): string {
  return `${execution.attemptId}/${operatorId}`
}

function refused(reason: string): FlinkError {
  return new FlinkError(`Cannot take an operator event: ${reason}`, {
    code: 'FLINK_OPERATOR_EVENT_REFUSED',
  })
}
