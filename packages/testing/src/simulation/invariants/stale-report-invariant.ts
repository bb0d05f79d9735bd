import type { SimulatedNetworkEvent } from '@flink-ts/rpc'
import type { LogObservation } from '../cluster/simulated-world.js'

/** Ids of attempts: graph, vertex, subtask, number of the attempt. */
const ATTEMPT_ID = /([0-9a-f]{32}_[0-9a-f]{32}_\d+)_(\d+)/

/**
 * A JobMaster that has begun a later attempt of a subtask takes no report of an earlier one: it answers
 * with an error, so that the TaskManager ends what should not run.
 */
export class StaleReportInvariant {
  readonly #violated: (what: string) => void
  /** The latest attempt of each subtask, in the words of its JobMaster. */
  readonly #latest = new Map<string, number>()
  /** Reports under way, by call. */
  readonly #reports = new Map<number, { readonly subtask: string; readonly attempt: number }>()
  /** Those of them that were stale when they arrived. */
  readonly #stale = new Map<number, string>()

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  observeLog({ message, fields }: LogObservation): void {
    if (message !== 'Task changed its state' || fields['from'] === undefined) return
    const [, subtask, attempt] = ATTEMPT_ID.exec(String(fields['executionAttemptId'])) ?? []
    if (subtask === undefined) return
    this.#latest.set(subtask, Math.max(Number(attempt), this.#latest.get(subtask) ?? 0))
  }

  observe(event: SimulatedNetworkEvent): void {
    if (!('method' in event) || event.method !== 'updateTaskExecutionState') return
    const { callId } = event
    if (event.kind === 'send') {
      const { buffer, byteOffset, byteLength } = event.payload
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
      const [, subtask, attempt] = ATTEMPT_ID.exec(text) ?? []
      if (subtask !== undefined) this.#reports.set(callId, { subtask, attempt: Number(attempt) })
    } else if (event.kind === 'deliver') {
      const report = this.#reports.get(callId)
      this.#reports.delete(callId)
      const latest = report && this.#latest.get(report.subtask)
      if (report !== undefined && latest !== undefined && report.attempt < latest) {
        this.#stale.set(callId, `attempt ${report.attempt} of ${report.subtask}, not ${latest},`)
      }
    } else if (event.kind === 'reply') {
      const stale = this.#stale.get(callId)
      this.#stale.delete(callId)
      if (stale !== undefined && event.outcome === 'response') {
        this.#violated(`a report of ${stale} was taken by ${event.endpointId}`)
      }
    }
  }
}
