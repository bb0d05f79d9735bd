import assert from 'node:assert/strict'
import {
  type Clock,
  type ExecutionAttemptId,
  type Logger,
  newHexId,
  type Random,
  type SerializedError,
} from '@flink-ts/core'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { ExceptionEntry, ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobStatus } from '../messages/messages.generated.js'
import { Execution } from './execution.js'
import { ExecutionEdge } from './execution-edge.js'
import { ExecutionJobVertex } from './execution-job-vertex.js'
import { ExecutionVertex } from './execution-vertex.js'
import { isTerminalJobStatus, JOB_STATUS_TRANSITIONS } from './job-status.js'
import { StateMachine } from './state-machine.js'

export interface ExecutionGraphOptions {
  readonly jobGraph: JobGraph
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Ended attempts kept per subtask. */
  readonly attemptsHistorySize: number
  /** For people, such as `Cluster level default restart strategy`. */
  readonly restartStrategy: string
  /**
   * The graph that this one takes the place of: the status of the job, its times and its failure go on,
   * and so do the numbers of the attempts. It must not be used any more.
   */
  readonly predecessor?: ExecutionGraph
}

/** What the graph's picture takes from its scheduler. */
export interface GraphAnnotations {
  readonly waitingFor?: string | undefined
  readonly exceptionHistory: readonly ExceptionEntry[]
  readonly exceptionHistoryTruncated: boolean
  /** Default: `Default`. */
  readonly schedulerType?: ExecutionGraphInfo['schedulerType']
}

/** A job in execution: its status, and every subtask with its attempts. Holds no policy. */
export class ExecutionGraph {
  readonly jobGraph: JobGraph
  /** First part of all attempt ids. */
  readonly executionGraphId: string
  /** All subtasks, producers before consumers. */
  readonly vertices: readonly ExecutionVertex[]
  /** As in the JobGraph. */
  readonly jobVertices: readonly ExecutionJobVertex[]
  readonly edges: readonly ExecutionEdge[]
  readonly #options: Omit<ExecutionGraphOptions, 'predecessor'>
  readonly #status: StateMachine<JobStatus>
  readonly #byAttempt = new Map<string, ExecutionVertex>()
  readonly #startTimeMs: number
  #failureCause: SerializedError | undefined

  constructor({ predecessor, ...options }: ExecutionGraphOptions) {
    this.#options = options
    this.jobGraph = options.jobGraph
    this.executionGraphId = newHexId(options.random)
    if (predecessor === undefined) {
      this.#startTimeMs = options.clock.now()
      this.#status = new StateMachine({
        subject: 'Job',
        ids: { jobId: this.jobGraph.jobId, job: this.jobGraph.name },
        table: JOB_STATUS_TRANSITIONS,
        initial: 'INITIALIZING',
        clock: options.clock,
        log: options.log,
      })
    } else {
      this.#startTimeMs = predecessor.#startTimeMs
      this.#status = predecessor.#status
      this.#failureCause = predecessor.#failureCause
    }
    this.jobVertices = this.jobGraph.vertices.map((vertex) => new ExecutionJobVertex(vertex))
    const byId = new Map(this.jobVertices.map((vertex) => [vertex.jobVertex.id, vertex]))
    this.edges = this.jobGraph.edges.map((edge) => {
      const producer = byId.get(edge.sourceVertexId)
      const consumer = byId.get(edge.targetVertexId)
      assert(producer !== undefined && consumer !== undefined, `edge ${edge.id} joins vertices`)
      const executionEdge = new ExecutionEdge(edge, producer, consumer)
      producer.addOutput(executionEdge)
      consumer.addInput(executionEdge)
      return executionEdge
    })
    this.vertices = this.#createSubtasks(predecessor)
  }

  get status(): JobStatus {
    return this.#status.state
  }

  get failureCause(): SerializedError | undefined {
    return this.#failureCause
  }

  /** @throws AssertionError if the status does not allow it. */
  transitionTo(next: JobStatus, cause?: SerializedError): void {
    this.#status.transitionTo(
      next,
      cause === undefined ? {} : { cause: `${cause.name}: ${cause.message}` },
    )
    if (cause !== undefined) this.#failureCause = cause
  }

  /** The attempt, if it is the current one of its subtask. */
  currentExecution(attemptId: string): Execution | undefined {
    const execution = this.#byAttempt.get(attemptId)?.current
    return execution?.attemptId === attemptId ? execution : undefined
  }

  /** The attempt, current or remembered. */
  execution(attemptId: string): Execution | undefined {
    const vertex = this.#byAttempt.get(attemptId)
    if (vertex?.current.attemptId === attemptId) return vertex.current
    return vertex?.history.find((execution) => execution.attemptId === attemptId)
  }

  vertexOf(attemptId: ExecutionAttemptId): ExecutionVertex {
    const vertex = this.#byAttempt.get(attemptId)
    assert(vertex !== undefined, `attempt ${attemptId} belongs to job ${this.jobGraph.jobId}`)
    return vertex
  }

  get allFinished(): boolean {
    return this.vertices.every((vertex) => vertex.current.state === 'FINISHED')
  }

  toInfo(annotations: GraphAnnotations): ExecutionGraphInfo {
    const { jobGraph } = this
    const timestamps = { ...this.#status.timestamps }
    return {
      jobId: jobGraph.jobId,
      name: jobGraph.name,
      jobType: jobGraph.jobType,
      status: this.status,
      timestamps,
      startTimeMs: this.#startTimeMs,
      endTimeMs: isTerminalJobStatus(this.status) ? timestamps[this.status] : -1,
      ...(annotations.waitingFor === undefined ? {} : { waitingFor: annotations.waitingFor }),
      jobGraph: {
        vertices: jobGraph.vertices,
        edges: jobGraph.edges,
        configuration: jobGraph.configuration,
      },
      vertices: this.jobVertices.map((vertex) => vertex.toInfo()),
      exceptionHistory: annotations.exceptionHistory,
      exceptionHistoryTruncated: annotations.exceptionHistoryTruncated,
      ...(this.#failureCause === undefined ? {} : { failureCause: this.#failureCause }),
      restartStrategy: this.#options.restartStrategy,
      schedulerType: annotations.schedulerType ?? 'Default',
      parallelism: Math.max(...jobGraph.vertices.map((vertex) => vertex.parallelism)),
    }
  }

  #createSubtasks(predecessor: ExecutionGraph | undefined): ExecutionVertex[] {
    const vertices: ExecutionVertex[] = []
    const before = new Map(
      predecessor?.jobVertices.map(({ jobVertex, subtasks }) => [jobVertex.id, subtasks]),
    )
    for (const jobVertex of this.jobVertices) {
      const earlier = before.get(jobVertex.jobVertex.id)
      for (let subtask = 0; subtask < jobVertex.jobVertex.parallelism; subtask++) {
        const vertex: ExecutionVertex = new ExecutionVertex({
          jobVertex,
          subtaskIndex: subtask,
          index: vertices.length,
          historySize: this.#options.attemptsHistorySize,
          firstAttemptNumber: nextAttemptNumber(earlier?.[subtask]?.current),
          newExecution: (attemptNumber) => this.#newExecution(jobVertex, subtask, attemptNumber),
        })
        this.#byAttempt.set(vertex.current.attemptId, vertex)
        jobVertex.addSubtask(vertex)
        vertices.push(vertex)
      }
    }
    return vertices
  }

  /** Begins a new attempt of `vertex`, whose current one has ended. */
  resetVertex(vertex: ExecutionVertex): Execution {
    const [oldest] = vertex.history
    const execution = vertex.reset()
    vertex.jobVertex.attemptBegun()
    if (oldest !== undefined && vertex.history[0] !== oldest) {
      this.#byAttempt.delete(oldest.attemptId)
    }
    this.#byAttempt.set(execution.attemptId, vertex)
    return execution
  }

  #newExecution(
    jobVertex: ExecutionJobVertex,
    subtaskIndex: number,
    attemptNumber: number,
  ): Execution {
    const { id, name, parallelism } = jobVertex.jobVertex
    return new Execution({
      executionGraphId: this.executionGraphId,
      vertexId: id,
      subtaskIndex,
      attemptNumber,
      taskName: `${name} (${subtaskIndex + 1}/${parallelism})`,
      clock: this.#options.clock,
      log: this.#options.log,
    })
  }
}

/** An attempt of the graph before that never began gives its number on. */
function nextAttemptNumber(before: Execution | undefined): number {
  if (before === undefined) return 0
  return before.state === 'CREATED' ? before.attemptNumber : before.attemptNumber + 1
}
