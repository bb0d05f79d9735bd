import type { GatewayDefinition, RpcService } from '@flink-ts/rpc'
import type {
  LeaderAddress,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'

export interface LeaderGatewayRetrieverOptions<G extends object> {
  readonly rpcService: RpcService
  /** Closed with this. */
  readonly retriever: LeaderRetriever
  readonly definition: GatewayDefinition<G>
}

/** The gateway of whoever leads a component now. */
export class LeaderGatewayRetriever<G extends object> {
  readonly #options: LeaderGatewayRetrieverOptions<G>
  #gateway: G | undefined
  readonly #waiting = new Set<(gateway: G) => void>()

  constructor(options: LeaderGatewayRetrieverOptions<G>) {
    this.#options = options
  }

  /** Its calls carry the token of the present leader; undefined while nobody leads. */
  get gateway(): G | undefined {
    return this.#gateway
  }

  start(): void {
    this.#options.retriever.start((leader) => this.#onLeader(leader))
  }

  /** Resolves as soon as somebody leads, and never if nobody does before the close. */
  whenLed(): Promise<G> {
    if (this.#gateway !== undefined) return Promise.resolve(this.#gateway)
    return new Promise((resolve) => void this.#waiting.add(resolve))
  }

  close(): Promise<void> {
    this.#gateway = undefined
    this.#waiting.clear()
    return this.#options.retriever.close()
  }

  #onLeader(leader: LeaderAddress | undefined): void {
    if (leader === undefined) {
      this.#gateway = undefined
      return
    }
    const { rpcService, definition } = this.#options
    const { address, endpointId, token } = leader
    const gateway = rpcService.connect(address, endpointId, definition, { fencingToken: token })
    this.#gateway = gateway
    for (const resolve of this.#waiting) resolve(gateway)
    this.#waiting.clear()
  }
}
