import type { JobVertex } from '../jobgraph/job-graph.js'
import type { VertexInfo } from '../jobmaster/info/execution-graph-info.js'
import type { ExecutionState } from '../messages/messages.generated.js'
import type { ExecutionEdge } from './execution-edge.js'
import { aggregateExecutionState } from './execution-state.js'
import type { ExecutionVertex } from './execution-vertex.js'

/** One vertex of the JobGraph with its parallel subtasks. */
export class ExecutionJobVertex {
  readonly jobVertex: JobVertex
  readonly #subtasks: ExecutionVertex[] = []
  readonly #inputs: ExecutionEdge[] = []
  readonly #outputs: ExecutionEdge[] = []

  #version = 0

  constructor(jobVertex: JobVertex) {
    this.jobVertex = jobVertex
  }

  get subtasks(): readonly ExecutionVertex[] {
    return this.#subtasks
  }

  /** In the order of the task's input gates. */
  get inputs(): readonly ExecutionEdge[] {
    return this.#inputs
  }

  /** In the order of the task's result partitions. */
  get outputs(): readonly ExecutionEdge[] {
    return this.#outputs
  }

  /** Rises whenever a subtask begins a new attempt. */
  get version(): number {
    return this.#version
  }

  /** A subtask has begun a new attempt. */
  attemptBegun(): void {
    this.#version++
  }

  /** Part of building the graph. */
  addSubtask(subtask: ExecutionVertex): void {
    this.#subtasks.push(subtask)
  }

  /** Part of building the graph. */
  addInput(edge: ExecutionEdge): void {
    this.#inputs.push(edge)
  }

  /** Part of building the graph. */
  addOutput(edge: ExecutionEdge): void {
    this.#outputs.push(edge)
  }

  get aggregateState(): ExecutionState {
    return aggregateExecutionState(this.#subtasks.map((subtask) => subtask.current.state))
  }

  toInfo(): VertexInfo {
    return {
      vertexId: this.jobVertex.id,
      aggregateState: this.aggregateState,
      subtasks: this.#subtasks.map((subtask) => subtask.toInfo()),
    }
  }
}
