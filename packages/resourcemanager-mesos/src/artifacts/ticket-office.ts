import { isSameText, ticketId, ticketProof } from './sealing.js'
import type { TicketClaim } from './ticket-claim.js'

/** What a claim is answered. */
export type TicketAnswer =
  | { readonly kind: 'granted'; readonly taskId: string; readonly ticket: string }
  /** Of no task, or of one that has ended; or whoever shows it does not have it. */
  | { readonly kind: 'refused' }
  /** Somebody else was granted it before: one of the two is a stranger. */
  | { readonly kind: 'used'; readonly taskId: string; readonly firstUser: string }

interface IssuedTicket {
  readonly taskId: string
  readonly ticket: string
  used: { readonly nonce: string; readonly by: string } | undefined
}

/** Tickets of tasks: each is good for one process, until its task ends. */
export class TicketOffice {
  readonly #byId = new Map<string, IssuedTicket>()
  readonly #idByTask = new Map<string, string>()

  /** How many could still be shown. */
  get size(): number {
    return this.#byId.size
  }

  /** The ticket is good for the task from now on; one that it had is void. */
  issue(taskId: string, ticket: string): void {
    this.revoke(taskId)
    const id = ticketId(ticket)
    this.#byId.set(id, { taskId, ticket, used: undefined })
    this.#idByTask.set(taskId, id)
  }

  /** Idempotent. */
  revoke(taskId: string): void {
    const id = this.#idByTask.get(taskId)
    if (id === undefined) return
    this.#idByTask.delete(taskId)
    this.#byId.delete(id)
  }

  revokeAll(): void {
    this.#byId.clear()
    this.#idByTask.clear()
  }

  /** @param by remote address, for people */
  redeem({ id, nonce, proof }: TicketClaim, by: string): TicketAnswer {
    const issued = this.#byId.get(id)
    // Ids are no secret: whoever has the ticket shows it by the proof.
    if (issued === undefined || !isSameText(proof, ticketProof(issued.ticket, nonce))) {
      return { kind: 'refused' }
    }
    const { taskId, ticket, used } = issued
    if (used !== undefined && !isSameText(used.nonce, nonce)) {
      return { kind: 'used', taskId, firstUser: used.by }
    }
    issued.used ??= { nonce, by }
    return { kind: 'granted', taskId, ticket }
  }
}
