import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { BlockedNode } from '../../messages/messages.generated.js'
import type { BlocklistHandler, OnBlocked } from './blocklist-handler.js'

export interface InMemoryBlocklistHandlerOptions {
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  /** Slots there are not granted any more. */
  readonly onBlocked: OnBlocked
  /** The time of machines is over. */
  readonly onUnblocked: () => void
}

/** A blocklist that ends with its process: a new leader starts with none. */
export class InMemoryBlocklistHandler implements BlocklistHandler {
  readonly #options: InMemoryBlocklistHandlerOptions
  readonly #nodes = new Map<string, BlockedNode>()
  #blocked: ReadonlySet<string> = new Set()
  #cancelTimer: CancelTimer | undefined

  constructor(options: InMemoryBlocklistHandlerOptions) {
    this.#options = options
  }

  get blockedNodes(): ReadonlySet<string> {
    return this.#blocked
  }

  addNewBlockedNodes(nodes: readonly BlockedNode[]): void {
    const now = this.#options.clock.now()
    const added = nodes.filter(({ nodeId, endTimestampMs }) => {
      const known = this.#nodes.get(nodeId)
      return endTimestampMs > now && (known === undefined || known.endTimestampMs < endTimestampMs)
    })
    if (added.length === 0) return
    for (const node of added) {
      this.#nodes.set(node.nodeId, node)
      this.#options.log.warn('A machine is blocked', { ...node })
    }
    this.#changed()
    this.#options.onBlocked(added)
  }

  clear(): void {
    this.#nodes.clear()
    this.#changed()
  }

  #changed(): void {
    this.#blocked = new Set(this.#nodes.keys())
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#nodes.size === 0) return
    const ends = [...this.#nodes.values()].map(({ endTimestampMs }) => endTimestampMs)
    const { clock, mainThread } = this.#options
    const delayMs = Math.max(0, Math.min(...ends) - clock.now())
    this.#cancelTimer = mainThread.schedule(delayMs, () => this.#removeExpired())
  }

  #removeExpired(): void {
    const { clock, log, onUnblocked } = this.#options
    const now = clock.now()
    for (const { nodeId, endTimestampMs } of [...this.#nodes.values()]) {
      if (endTimestampMs > now) continue
      this.#nodes.delete(nodeId)
      log.info('A machine is not blocked any more', { nodeId })
    }
    this.#changed()
    onUnblocked()
  }
}
