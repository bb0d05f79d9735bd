import type { Random } from '@flink-ts/core'

/** One direction between two addresses. */
export interface SimulatedLink {
  readonly from: string
  readonly to: string
}

/** The call whose request or response is on the way. */
export interface SimulatedMessage extends SimulatedLink {
  readonly endpointId: string
  readonly method: string
}

/**
 * Decides what happens to each message. Chance must come from the given `random` only. Messages
 * overtake each other whenever the later one draws the shorter delay.
 */
export interface SimulatedNetworkPolicy {
  /** How long one message, or the news of a lost connection, travels; milliseconds ≥ 0. */
  delayMs(link: SimulatedLink, random: Random): number
  /** Whether a request vanishes: the call never runs and its caller waits for the deadline. */
  losesRequest(message: SimulatedMessage, random: Random): boolean
  /** Whether a response vanishes: the call did run. */
  losesResponse(message: SimulatedMessage, random: Random): boolean
  /**
   * Whether a copy of a request arrives some time after the request itself; its answer goes nowhere.
   * No transport of ours does so, but callers repeat calls whose answer was lost. Default: never.
   */
  duplicatesRequest?(message: SimulatedMessage, random: Random): boolean
}

/** Delays drawn evenly from a range, losses by probability (default none). */
export function uniformPolicy(options: {
  minDelayMs: number
  maxDelayMs: number
  requestLoss?: number
  responseLoss?: number
}): SimulatedNetworkPolicy {
  const { minDelayMs, maxDelayMs, requestLoss = 0, responseLoss = 0 } = options
  return {
    delayMs: (_link, random) => minDelayMs + random.next() * (maxDelayMs - minDelayMs),
    losesRequest: (_message, random) => random.next() < requestLoss,
    losesResponse: (_message, random) => random.next() < responseLoss,
  }
}
