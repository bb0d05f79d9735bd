import type { MesosResponse } from '../http/mesos-transport.js'

/** What a master's answer to a call, other than SUBSCRIBE, means. */
export type CallOutcome =
  | { readonly kind: 'taken' }
  /** The subscription goes on. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The master does not know the subscription (any more), or leads no longer: the next one is to be made. */
  | { readonly kind: 'not-subscribed'; readonly message: string }

/** Of those that 400 can be: the subscription is meant, not the call. */
const SUBSCRIPTION_IS_OVER = /Framework cannot be found|stream ID/i

export function callOutcome(status: number, text: string): CallOutcome {
  if (status === 200 || status === 202) return { kind: 'taken' }
  const message = answerText(status, text)
  const isOver =
    status === 403 ||
    status === 307 ||
    status >= 500 ||
    (status === 400 && SUBSCRIPTION_IS_OVER.test(text))
  return { kind: isOver ? 'not-subscribed' : 'refused', message }
}

/** For people. */
export function answerText(status: number, text: string): string {
  // Some answers repeat their status in words.
  const words = text.trim().replace(new RegExp(`^${status} `), '')
  return words === '' ? `status ${status}` : `status ${status}: ${words}`
}

const MAX_BYTES = 16 * 1024

/** The first part of what an answer says; the rest is read and dropped, so that the connection can be used again. */
export async function readText({ body }: MesosResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (bytes < MAX_BYTES) chunks.push(chunk.subarray(0, MAX_BYTES - bytes))
    bytes += chunk.length
  }
  return Buffer.concat(chunks).toString()
}
