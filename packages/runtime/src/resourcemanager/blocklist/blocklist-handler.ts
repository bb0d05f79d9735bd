import type { BlockedNode } from '../../messages/messages.generated.js'

/** The machines on which no worker is wanted for a while. Whoever knows that one is bad adds it. */
export interface BlocklistHandler {
  /** Machines that are blocked now. */
  readonly blockedNodes: ReadonlySet<string>
  /** Adds machines until their time is over; the later end of one that is known already counts. */
  addNewBlockedNodes(nodes: readonly BlockedNode[]): void
  /** Forgets all, without telling anybody. */
  clear(): void
}

/** Called when machines have been added. */
export type OnBlocked = (nodes: readonly BlockedNode[]) => void
