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

/** Delays and loses RPC messages as the seed and the faults of the moment say, and counts what it lost. */
export class SeededRpcPolicy implements SimulatedNetworkPolicy {
  /** Exchange it at any time. */
  faults: NetworkFaults
  /** Messages lost or slowed down so far. */
  injected = 0

  constructor(faults: NetworkFaults) {
    this.faults = faults
  }

  delayMs(_link: SimulatedLink, random: Random): number {
    const { minDelayMs, maxDelayMs, slowProbability, slowFactor } = this.faults
    const delayMs = minDelayMs + random.next() * (maxDelayMs - minDelayMs)
    if (slowProbability === 0 || random.next() >= slowProbability) return delayMs
    this.injected++
    return delayMs * (1 + random.next() * (slowFactor - 1))
  }

  losesRequest(_message: SimulatedMessage, random: Random): boolean {
    return this.#happens(this.faults.requestLoss, random)
  }

  losesResponse(_message: SimulatedMessage, random: Random): boolean {
    return this.#happens(this.faults.responseLoss, random)
  }

  #happens(probability: number, random: Random): boolean {
    if (probability === 0 || random.next() >= probability) return false
    this.injected++
    return true
  }
}
