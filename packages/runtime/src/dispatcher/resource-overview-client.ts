import type { Logger } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import type { LeaderRetriever } from '../highavailability/high-availability-services.js'
import { RESOURCE_MANAGER_GATEWAY } from '../messages/gateways.js'
import type { ResourceManagerGateway, ResourceOverview } from '../messages/messages.generated.js'

const NOTHING: ResourceOverview = { taskManagers: 0, slotsTotal: 0, slotsAvailable: 0 }
const REQUEST_TIMEOUT_MS = 5000

/** Asks the leading ResourceManager what the cluster has. */
export class ResourceOverviewClient {
  readonly #rpcService: RpcService
  readonly #retriever: LeaderRetriever
  readonly #log: Logger
  #gateway: ResourceManagerGateway | undefined

  constructor(options: { rpcService: RpcService; retriever: LeaderRetriever; log: Logger }) {
    this.#rpcService = options.rpcService
    this.#retriever = options.retriever
    this.#log = options.log
  }

  start(): void {
    this.#retriever.start((leader) => {
      this.#gateway =
        leader &&
        this.#rpcService.connect(leader.address, leader.endpointId, RESOURCE_MANAGER_GATEWAY, {
          fencingToken: leader.token,
        })
    })
  }

  /** All zero while no ResourceManager answers. */
  async request(): Promise<ResourceOverview> {
    try {
      const timeout = { timeoutMs: REQUEST_TIMEOUT_MS }
      return (await this.#gateway?.requestResourceOverview({}, timeout)) ?? NOTHING
    } catch (error) {
      this.#log.info('The ResourceManager did not tell what it has', { error })
      return NOTHING
    }
  }

  close(): Promise<void> {
    return this.#retriever.close()
  }
}
