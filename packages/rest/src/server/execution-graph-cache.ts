import type { Clock } from '@flink-ts/core'
import type { DispatcherGateway, ExecutionGraphInfo } from '@flink-ts/runtime'

/**
 * Pictures of execution graphs, at most `timeToLiveMs` old: many viewers of one job cost its JobMaster one
 * request in that time. Requests under way are shared.
 */
export class ExecutionGraphCache {
  readonly #entries = new Map<string, { atMs: number; graph: Promise<ExecutionGraphInfo> }>()
  readonly #clock: Clock
  readonly #timeToLiveMs: number
  readonly #dispatcher: () => DispatcherGateway

  constructor(options: {
    clock: Clock
    timeToLiveMs: number
    dispatcher: () => DispatcherGateway
  }) {
    this.#clock = options.clock
    this.#timeToLiveMs = options.timeToLiveMs
    this.#dispatcher = options.dispatcher
  }

  /** @throws the Dispatcher's error, such as FLINK_JOB_NOT_FOUND; errors are not kept */
  get(jobId: string): Promise<ExecutionGraphInfo> {
    const nowMs = this.#clock.monotonicNow()
    const known = this.#entries.get(jobId)
    if (known !== undefined && nowMs - known.atMs < this.#timeToLiveMs) return known.graph
    this.#dropExpired(nowMs)
    const graph = this.#request(jobId)
    this.#entries.set(jobId, { atMs: nowMs, graph })
    graph.catch(() => {
      if (this.#entries.get(jobId)?.graph === graph) this.#entries.delete(jobId)
    })
    return graph
  }

  /** What is asked next is asked of the Dispatcher: the caller has been told that the job has ended. */
  forget(jobId: string): void {
    this.#entries.delete(jobId)
  }

  async #request(jobId: string): Promise<ExecutionGraphInfo> {
    const { executionGraph } = await this.#dispatcher().requestJob({ jobId })
    return JSON.parse(Buffer.from(executionGraph).toString('utf8')) as ExecutionGraphInfo
  }

  #dropExpired(nowMs: number): void {
    for (const [jobId, entry] of this.#entries) {
      if (nowMs - entry.atMs >= this.#timeToLiveMs) this.#entries.delete(jobId)
    }
  }
}
