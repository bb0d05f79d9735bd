import type { Random } from '@flink-ts/core'
import type { SimulatedLink, SimulatedMessage, SimulatedNetworkPolicy } from '@flink-ts/rpc'

/** How bad the network is. Times in milliseconds, probabilities from 0 to 1. */
export interface NetworkFaults {
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** Probability that a message takes up to `slowFactor` times longer, so that others overtake it. */
  readonly slowProbability: number
  readonly slowFactor: number
  readonly requestLoss: number
  readonly responseLoss: number
  /** Probability that a copy of a request arrives some time after it. Default 0. */
  readonly duplication?: number
}

/** A network without faults: a data centre. */
export const CALM_NETWORK: NetworkFaults = {
  minDelayMs: 0.2,
  maxDelayMs: 2,
  slowProbability: 0,
  slowFactor: 1,
  requestLoss: 0,
  responseLoss: 0,
}

/**
 * These carry elements of a sequence, once each: the JobMaster and the task count on a call that runs
 * at most once, which is the contract of RPC, and give up the attempt when they do not know.
 */
const AT_MOST_ONCE = new Set(['sendOperatorEventToTask', 'sendOperatorEventToCoordinator'])

/** Delays, loses and repeats RPC messages as the seed and the faults of the moment say. */
export class SeededRpcPolicy implements SimulatedNetworkPolicy {
  /** Exchange it at any time. */
  faults: NetworkFaults
  readonly #onFault: (kind: string) => void
  /** Milliseconds by which a message to this address comes later: its process stands still. */
  pauseMs: (address: string) => number = () => 0

  /** @param onFault hears of each message that is treated badly */
  constructor(faults: NetworkFaults, onFault: (kind: string) => void = () => {}) {
    this.faults = faults
    this.#onFault = onFault
  }

  delayMs({ to }: SimulatedLink, random: Random): number {
    const { minDelayMs, maxDelayMs, slowProbability, slowFactor } = this.faults
    const delayMs = minDelayMs + random.next() * (maxDelayMs - minDelayMs) + this.pauseMs(to)
    if (slowProbability === 0 || random.next() >= slowProbability) return delayMs
    this.#onFault('message delayed')
    return delayMs * (1 + random.next() * (slowFactor - 1))
  }

  losesRequest(_message: SimulatedMessage, random: Random): boolean {
    return this.#happens('request lost', this.faults.requestLoss, random)
  }

  losesResponse(_message: SimulatedMessage, random: Random): boolean {
    return this.#happens('response lost', this.faults.responseLoss, random)
  }

  duplicatesRequest({ method }: SimulatedMessage, random: Random): boolean {
    if (AT_MOST_ONCE.has(method)) return false
    return this.#happens('request duplicated', this.faults.duplication ?? 0, random)
  }

  #happens(kind: string, probability: number, random: Random): boolean {
    if (probability === 0 || random.next() >= probability) return false
    this.#onFault(kind)
    return true
  }
}
