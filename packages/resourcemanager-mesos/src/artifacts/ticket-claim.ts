import { newNonce, ticketId, ticketProof } from './sealing.js'

/** Last part of the path at which tickets are redeemed. */
export const TICKET_PATH = 'ticket'

const SCHEME = 'Flink-Ticket'
const HEADER = /^Flink-Ticket ([0-9a-f]{64})\.([0-9a-f]{32})\.([0-9a-f]{64})$/

/** What a process shows to get what its ticket is good for. */
export interface TicketClaim {
  readonly id: string
  /** Of the process: it may ask again with the same when no answer came, and nobody else can read the answer. */
  readonly nonce: string
  readonly proof: string
}

export function newClaim(ticket: string): TicketClaim {
  const nonce = newNonce()
  return { id: ticketId(ticket), nonce, proof: ticketProof(ticket, nonce) }
}

/** The header `Authorization` with a claim. */
export function formatClaim({ id, nonce, proof }: TicketClaim): string {
  return `${SCHEME} ${id}.${nonce}.${proof}`
}

/** Undefined: it is none. */
export function parseClaim(header: string | undefined): TicketClaim | undefined {
  const match = HEADER.exec(header ?? '')
  return match === null ? undefined : { id: match[1]!, nonce: match[2]!, proof: match[3]! }
}
