import { IpcClient } from '../ipc/ipc-client.js'
import type { IpcClientOptions } from '../ipc/ipc-settings.js'
import { callMethod } from './call-method.js'
import {
  containerFromMessage,
  containerIdToMessage,
  containerStatusFromMessage,
  nodeManagerTokenFromMessage,
  nodeReportFromMessage,
  preemptionFromMessage,
  tokenFromMessage,
} from './convert/records.js'
import { resourceFromMessage, resourceToMessage } from './convert/resources.js'
import type {
  AllocateRequest,
  AllocateResponse,
  ApplicationMasterProtocol,
  FinishApplicationMasterRequest,
  HadoopCallOptions,
  RegisterApplicationMasterRequest,
  RegisterApplicationMasterResponse,
} from './protocols.js'
import type { Token } from './records.js'

export interface ApplicationMasterClientOptions extends IpcClientOptions {
  /** `host:port` of the schedulers (8030), one for each ResourceManager. */
  readonly addresses: readonly string[]
  /** Of kind `YARN_AM_RM_TOKEN`, from the container's `container_tokens`. */
  readonly token: Token
}

const PROTOCOL = 'org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB'

/** A client of the ResourceManager for its ApplicationMaster. Connects with the first call. */
export function createApplicationMasterClient(
  options: ApplicationMasterClientOptions,
): ApplicationMasterProtocol {
  const { addresses, token } = options
  return new ApplicationMasterClient(
    new IpcClient(PROTOCOL, addresses, { kind: 'token', token }, options),
  )
}

class ApplicationMasterClient implements ApplicationMasterProtocol {
  readonly #client: IpcClient

  constructor(client: IpcClient) {
    this.#client = client
  }

  async registerApplicationMaster(
    request: RegisterApplicationMasterRequest,
    options?: HadoopCallOptions,
  ): Promise<RegisterApplicationMasterResponse> {
    const response = await callMethod(
      this.#client,
      'registerApplicationMaster',
      ['RegisterApplicationMasterRequest', request],
      'RegisterApplicationMasterResponse',
      options,
    )
    return {
      maximumCapability: resourceFromMessage(response.maximumCapability),
      queue: response.queue ?? '',
      containersFromPreviousAttempts:
        response.containersFromPreviousAttempts.map(containerFromMessage),
      nmTokensFromPreviousAttempts: response.nmTokensFromPreviousAttempts.map(
        nodeManagerTokenFromMessage,
      ),
      schedulerResourceTypes: resourceTypesOf(
        response.schedulerResourceTypes,
        response.resourceTypes.map(({ name }) => name),
      ),
    }
  }

  async allocate(request: AllocateRequest, options?: HadoopCallOptions): Promise<AllocateResponse> {
    const { blacklistAdditions: additions, blacklistRemovals: removals } = request
    const hasBlacklist = additions.length + removals.length > 0
    const response = await callMethod(
      this.#client,
      'allocate',
      [
        'AllocateRequest',
        {
          responseId: request.responseId,
          progress: request.progress,
          ask: request.asks.map((ask) => ({
            priority: { priority: ask.priority },
            resourceName: ask.resourceName,
            capability: resourceToMessage(ask.capability),
            numContainers: ask.numContainers,
            relaxLocality: ask.relaxLocality,
            nodeLabelExpression: ask.nodeLabelExpression,
            allocationRequestId: BigInt(ask.allocationRequestId),
          })),
          release: request.releases.map(containerIdToMessage),
          blacklistRequest: hasBlacklist ? { additions, removals } : undefined,
        },
      ],
      'AllocateResponse',
      options,
    )
    const { amCommand, amRmToken, limit, preempt } = response
    return {
      responseId: response.responseId ?? 0,
      allocatedContainers: response.allocatedContainers.map(containerFromMessage),
      completedContainers: response.completedContainerStatuses.map((status) =>
        containerStatusFromMessage(status, 'COMPLETE'),
      ),
      containersFromPreviousAttempts:
        response.containersFromPreviousAttempts.map(containerFromMessage),
      updatedNodes: response.updatedNodes.map(nodeReportFromMessage),
      nmTokens: response.nmTokens.map(nodeManagerTokenFromMessage),
      numClusterNodes: response.numClusterNodes ?? 0,
      ...(limit !== undefined && { availableResources: resourceFromMessage(limit) }),
      ...(amRmToken !== undefined && { amRmToken: tokenFromMessage(amRmToken) }),
      ...(amCommand !== undefined && {
        amCommand: amCommand === 'AM_RESYNC' ? ('RESYNC' as const) : ('SHUTDOWN' as const),
      }),
      ...(preempt !== undefined && { preemption: preemptionFromMessage(preempt) }),
    }
  }

  async finishApplicationMaster(
    request: FinishApplicationMasterRequest,
    options?: HadoopCallOptions,
  ): Promise<{ readonly isUnregistered: boolean }> {
    const { diagnostics, trackingUrl, status } = request
    const response = await callMethod(
      this.#client,
      'finishApplicationMaster',
      [
        'FinishApplicationMasterRequest',
        { diagnostics, trackingUrl, finalApplicationStatus: `APP_${status}` as const },
      ],
      'FinishApplicationMasterResponse',
      options,
    )
    return { isUnregistered: response.isUnregistered ?? false }
  }

  setToken(token: Token): void {
    this.#client.authentication = { kind: 'token', token }
  }

  async close(): Promise<void> {
    this.#client.close()
  }
}

/** A scheduler that looks at more than memory looks at every kind that the cluster has. */
function resourceTypesOf(types: readonly string[], known: readonly string[]): readonly string[] {
  const names = types.map((type) => (type === 'MEMORY' ? 'memory-mb' : 'vcores'))
  return types.includes('CPU') ? [...new Set([...names, ...known])] : names
}
