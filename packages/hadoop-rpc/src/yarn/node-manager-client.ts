import { IpcClient } from '../ipc/ipc-client.js'
import type { IpcClientOptions } from '../ipc/ipc-settings.js'
import { remoteExceptionOf } from '../ipc/remote-exception.js'
import { callMethod } from './call-method.js'
import { launchContextToMessage } from './convert/launch-context.js'
import {
  containerIdFromMessage,
  containerIdToMessage,
  containerStatusFromMessage,
  failuresFromMessages,
  tokenToMessage,
} from './convert/records.js'
import type {
  ContainerLaunchContext,
  ContainerManagementProtocol,
  HadoopCallOptions,
  NodeManagerConnector,
  StartContainersResponse,
} from './protocols.js'
import type { ContainerId, ContainerStatus, Token } from './records.js'

const PROTOCOL = 'org.apache.hadoop.yarn.api.ContainerManagementProtocolPB'

/** Makes clients of NodeManagers. Each connects with its first call, and closes a connection that is not used. */
export function nodeManagerConnector(options: IpcClientOptions): NodeManagerConnector {
  return (address, token) =>
    new NodeManagerClient(new IpcClient(PROTOCOL, [address], { kind: 'token', token }, options))
}

class NodeManagerClient implements ContainerManagementProtocol {
  readonly #client: IpcClient

  constructor(client: IpcClient) {
    this.#client = client
  }

  async startContainers(
    requests: readonly {
      readonly containerToken: Token
      readonly launchContext: ContainerLaunchContext
    }[],
    options?: HadoopCallOptions,
  ): Promise<StartContainersResponse> {
    const response = await callMethod(
      this.#client,
      'startContainers',
      [
        'StartContainersRequest',
        {
          startContainerRequest: requests.map(({ containerToken, launchContext }) => ({
            containerToken: tokenToMessage(containerToken),
            containerLaunchContext: launchContextToMessage(launchContext),
          })),
        },
      ],
      'StartContainersResponse',
      options,
    )
    return {
      started: response.succeededRequests.map(containerIdFromMessage),
      failed: failuresFromMessages('startContainers', response.failedRequests),
    }
  }

  async stopContainers(
    ids: readonly ContainerId[],
    options?: HadoopCallOptions,
  ): Promise<{ readonly failed: ReadonlyMap<ContainerId, Error> }> {
    const response = await callMethod(
      this.#client,
      'stopContainers',
      ['StopContainersRequest', { containerId: ids.map(containerIdToMessage) }],
      'StopContainersResponse',
      options,
    )
    const failed = failuresFromMessages('stopContainers', response.failedRequests)
    for (const [id, error] of failed) if (isGone(error)) failed.delete(id)
    return { failed }
  }

  async getContainerStatuses(
    ids: readonly ContainerId[],
    options?: HadoopCallOptions,
  ): Promise<{
    readonly statuses: readonly ContainerStatus[]
    readonly failed: ReadonlyMap<ContainerId, Error>
  }> {
    const response = await callMethod(
      this.#client,
      'getContainerStatuses',
      ['GetContainerStatusesRequest', { containerId: ids.map(containerIdToMessage) }],
      'GetContainerStatusesResponse',
      options,
    )
    return {
      statuses: response.status.map((status) => containerStatusFromMessage(status, 'NEW')),
      failed: failuresFromMessages('getContainerStatuses', response.failedRequests),
    }
  }

  async close(): Promise<void> {
    this.#client.close()
  }
}

/** The NodeManager has forgotten the container, or never had it. */
function isGone(error: Error): boolean {
  return (
    remoteExceptionOf(error)?.remoteMessage.includes('is not handled by this NodeManager') ?? false
  )
}
