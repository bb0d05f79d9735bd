import type { SchedulerCall, TaskStatus } from '@flink-ts/mesos-client'

/** Tasks whose updates are remembered after their end. */
const MAX_ENDED = 1_000

export interface AcknowledgementsOptions {
  /** Resolves when the master has answered, or was lost; what failed is dealt with. */
  readonly call: (call: SchedulerCall) => Promise<void>
  /** Resolves when what followed from updates of a task is kept; rejects if it cannot be kept. */
  readonly settled: (taskId: string) => Promise<void>
}

/**
 * Updates that agents repeat until they are acknowledged: each is dealt with once, acknowledged when what followed from it is kept, and
 * acknowledged again as often as it comes after the master has answered. Agents repeat every ten seconds what a slow master, or a long
 * queue before it, has not taken yet: that makes the queue no longer.
 */
export class Acknowledgements {
  readonly #options: AcknowledgementsOptions
  /** Of the updates that were dealt with, by task. */
  readonly #uuids = new Map<string, Set<string>>()
  /** Those among them that have ended, the oldest first. */
  readonly #ended = new Set<string>()
  /** Updates that are about to be acknowledged, or of which the master has not answered yet. */
  readonly #underWay = new Set<string>()
  #isClosed = false

  constructor(options: AcknowledgementsOptions) {
    this.#options = options
  }

  /** Whether it is to be dealt with; counts as dealt with from now on. What the master made itself always is. */
  isNews({ taskId, uuid }: TaskStatus): boolean {
    if (uuid === undefined) return true
    const seen = this.#uuids.get(taskId)
    if (seen?.has(uuid) === true) return false
    if (seen === undefined) this.#uuids.set(taskId, new Set([uuid]))
    else seen.add(uuid)
    return true
  }

  /** To be called when it was dealt with. */
  async acknowledge({ taskId, agentId, uuid }: TaskStatus): Promise<void> {
    if (uuid === undefined || agentId === undefined) return
    const update = `${uuid} ${taskId}`
    if (this.#underWay.has(update)) return
    this.#underWay.add(update)
    try {
      await this.#acknowledgeWhenKept(taskId, agentId, uuid)
    } finally {
      this.#underWay.delete(update)
    }
  }

  /** Nothing more should come of the task: what comes late is still known for some time. */
  ended(taskId: string): void {
    if (!this.#uuids.has(taskId)) return
    this.#ended.add(taskId)
    if (this.#ended.size <= MAX_ENDED) return
    const [oldest] = this.#ended
    if (oldest === undefined) return
    this.#ended.delete(oldest)
    this.#uuids.delete(oldest)
  }

  /** Nothing is acknowledged any more. */
  close(): void {
    this.#isClosed = true
  }

  async #acknowledgeWhenKept(taskId: string, agentId: string, uuid: string): Promise<void> {
    try {
      await this.#options.settled(taskId)
    } catch {
      // Whoever wrote it was told. The agent tells the next leader.
      return
    }
    if (this.#isClosed) return
    return this.#options.call({ type: 'ACKNOWLEDGE', agentId, taskId, uuid })
  }
}
