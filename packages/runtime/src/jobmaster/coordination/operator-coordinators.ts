import { FlinkError, type Logger } from '@flink-ts/core'
import type { Execution } from '../../executiongraph/execution.js'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { OperatorEventRequest } from '../../messages/messages.generated.js'
import type { ScheduleAction } from '../slotpool/slot-pool.js'
import type { CoordinatorContext, OperatorCoordinator } from './operator-coordinator.js'
import { OperatorEventSender } from './operator-event-sender.js'

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
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
  readonly log: Logger
}

/** All operator coordinators of a job, and the exchange of events with their operators. */
export class OperatorCoordinators {
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

  start(): void {
    for (const { coordinator } of this.#coordinators.values()) coordinator.start()
  }

  /** The job has another graph: coordinators for its parallelism take the place of those before. */
  graphReplaced(): void {
    if (this.#closed) return
    this.#closeAll()
    this.#expected.clear()
    this.#create()
    this.start()
    if (this.#stopping) this.stopSources()
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

  subtasksReset(vertices: readonly ExecutionVertex[]): void {
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
        if (subtasks.length === jobVertex.subtasks.length) coordinator.reset()
        else for (const { subtaskIndex } of subtasks) coordinator.subtaskReset(subtaskIndex)
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
    const { graph, sendToTask, failTask, schedule, execute } = this.#options
    const vertex = graph().jobVertices.find(({ jobVertex }) => jobVertex.id === vertexId)
    const execution = vertex?.subtasks[subtask]?.current
    if (execution === undefined || execution.isTerminal) return
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
    sender.enqueue(payload)
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

function keyOf(execution: Execution, operatorId: string): string {
  return `${execution.attemptId}/${operatorId}`
}

function refused(reason: string): FlinkError {
  return new FlinkError(`Cannot take an operator event: ${reason}`, {
    code: 'FLINK_OPERATOR_EVENT_REFUSED',
  })
}
