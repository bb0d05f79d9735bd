import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobGraphStore } from './high-availability-services.js'

/** Forgets everything with its process: for clusters without high availability. */
export class InMemoryJobGraphStore implements JobGraphStore {
  readonly #jobGraphs = new Map<string, JobGraph>()

  async putJobGraph(jobGraph: JobGraph): Promise<void> {
    this.#jobGraphs.set(jobGraph.jobId, jobGraph)
  }

  async getJobGraph(jobId: string): Promise<JobGraph | undefined> {
    return this.#jobGraphs.get(jobId)
  }

  async getJobIds(): Promise<string[]> {
    return [...this.#jobGraphs.keys()]
  }

  async removeJobGraph(jobId: string): Promise<void> {
    this.#jobGraphs.delete(jobId)
  }
}
