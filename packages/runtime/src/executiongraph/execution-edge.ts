import type { JobEdge } from '../jobgraph/job-graph.js'
import { EdgeDistribution } from './edge-distribution.js'
import type { ExecutionJobVertex } from './execution-job-vertex.js'

/** An edge of the JobGraph between the subtasks of two vertices. */
export class ExecutionEdge {
  readonly jobEdge: JobEdge
  readonly producer: ExecutionJobVertex
  readonly consumer: ExecutionJobVertex
  readonly distribution: EdgeDistribution

  constructor(jobEdge: JobEdge, producer: ExecutionJobVertex, consumer: ExecutionJobVertex) {
    this.jobEdge = jobEdge
    this.producer = producer
    this.consumer = consumer
    this.distribution = new EdgeDistribution(
      jobEdge.partitioner,
      producer.jobVertex.parallelism,
      consumer.jobVertex.parallelism,
    )
  }

  /** Whether producer and consumer must run at the same time. */
  get pipelined(): boolean {
    return this.jobEdge.exchange !== 'blocking'
  }
}
