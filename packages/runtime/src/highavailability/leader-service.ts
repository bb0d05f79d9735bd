import { FlinkError } from '@flink-ts/core'
import { RpcEndpoint, type RpcEndpointOptions } from '@flink-ts/rpc'
import { LEADER_ENDPOINT_ID, LEADER_GATEWAY } from '../messages/gateways.js'
import type {
  LeaderGateway,
  RequestLeaderRequest,
  RequestLeaderResponse,
} from '../messages/messages.generated.js'
import type { LeaderComponent } from './high-availability-services.js'
import type { LeaderRegistry } from './leader-registry.js'

export interface LeaderServiceOptions extends Omit<RpcEndpointOptions, 'endpointId'> {
  /** Of this process, see `StandaloneHaServices.leaders`. */
  readonly leaders: LeaderRegistry
}

/** Tells other processes who leads; the one endpoint that they know from their configuration. */
export class LeaderService extends RpcEndpoint implements LeaderGateway {
  readonly #leaders: LeaderRegistry

  constructor(options: LeaderServiceOptions) {
    super({ ...options, endpointId: LEADER_ENDPOINT_ID })
    this.#leaders = options.leaders
  }

  async requestLeader(request: RequestLeaderRequest): Promise<RequestLeaderResponse> {
    const leader = this.#leaders.leaderOf(leaderComponentOf(request))
    if (leader === undefined) return {}
    return {
      endpoint: { address: leader.address, endpointId: leader.endpointId },
      token: leader.token,
    }
  }

  protected override onStart(): void {
    this.serve<LeaderGateway>(LEADER_GATEWAY, this)
  }
}

function leaderComponentOf({ component, jobId }: RequestLeaderRequest): LeaderComponent {
  if (component === 'dispatcher' || component === 'resourcemanager') return { kind: component }
  if (component === 'jobmanager' && jobId !== undefined) return { kind: component, jobId }
  throw new FlinkError(
    `Nobody leads '${component}': expected dispatcher, resourcemanager, or jobmanager with a job id`,
    { code: 'FLINK_UNKNOWN_LEADER_COMPONENT' },
  )
}
