import { RemoteException } from '../../ipc/remote-exception.js'
import type { MessageInput } from '../../messages/message-codec.js'
import type {
  ContainerExceptionMessage,
  ContainerIdMessage,
  ContainerMessage,
  ContainerStatusMessage,
  NmTokenMessage,
  NodeIdMessage,
  NodeReportMessage,
  NodeState as NodeStateName,
  PreemptionMessageMessage,
  SerializedExceptionMessage,
  TokenMessage,
} from '../../messages/messages.generated.js'
import {
  containerIdNumber,
  formatContainerId,
  parseContainerId,
  splitContainerIdNumber,
} from '../ids.js'
import type {
  Container,
  ContainerId,
  ContainerState,
  ContainerStatus,
  NodeId,
  NodeManagerToken,
  NodeReport,
  NodeState,
  PreemptionMessage,
  Token,
} from '../records.js'
import { resourceFromMessage } from './resources.js'

const EMPTY = new Uint8Array(0)

export function containerIdToMessage(id: ContainerId): MessageInput<ContainerIdMessage> {
  const parts = parseContainerId(id)
  return {
    id: containerIdNumber(parts),
    appAttemptId: {
      attemptId: parts.attemptNumber,
      applicationId: {
        id: parts.applicationNumber,
        clusterTimestamp: parts.clusterTimestamp,
      },
    },
  }
}

export function containerIdFromMessage(message: ContainerIdMessage | undefined): ContainerId {
  const attempt = message?.appAttemptId
  return formatContainerId({
    ...splitContainerIdNumber(message?.id ?? 0n),
    clusterTimestamp: attempt?.applicationId?.clusterTimestamp ?? 0n,
    applicationNumber: attempt?.applicationId?.id ?? 0,
    attemptNumber: attempt?.attemptId ?? 0,
  })
}

export function tokenToMessage(token: Token): TokenMessage {
  const { identifier, password, kind, service } = token
  return { identifier, password, kind, service }
}

export function tokenFromMessage(message: TokenMessage | undefined): Token {
  const { identifier = EMPTY, password = EMPTY, kind = '', service = '' } = message ?? {}
  // Copies: what was decoded are views of the whole answer.
  return {
    identifier: Uint8Array.from(identifier),
    password: Uint8Array.from(password),
    kind,
    service,
  }
}

export function nodeIdFromMessage(message: NodeIdMessage | undefined): NodeId {
  return { host: message?.host ?? '', port: message?.port ?? 0 }
}

export function nodeManagerTokenFromMessage(message: NmTokenMessage): NodeManagerToken {
  return { nodeId: nodeIdFromMessage(message.nodeId), token: tokenFromMessage(message.token) }
}

export function containerFromMessage(message: ContainerMessage): Container {
  return {
    id: containerIdFromMessage(message.id),
    nodeId: nodeIdFromMessage(message.nodeId),
    nodeHttpAddress: message.nodeHttpAddress ?? '',
    resource: resourceFromMessage(message.resource),
    priority: message.priority?.priority ?? 0,
    allocationRequestId: Number(message.allocationRequestId ?? -1n),
    containerToken: tokenFromMessage(message.containerToken),
  }
}

const CONTAINER_STATES = { C_NEW: 'NEW', C_RUNNING: 'RUNNING', C_COMPLETE: 'COMPLETE' } as const

/** @param otherwise of a state that is not known here */
export function containerStatusFromMessage(
  message: ContainerStatusMessage,
  otherwise: ContainerState,
): ContainerStatus {
  return {
    id: containerIdFromMessage(message.containerId),
    state: message.state === undefined ? otherwise : CONTAINER_STATES[message.state],
    exitCode: message.exitStatus ?? -1000,
    diagnostics: message.diagnostics ?? '',
  }
}

export function nodeReportFromMessage(message: NodeReportMessage): NodeReport {
  return {
    nodeId: nodeIdFromMessage(message.nodeId),
    state: nodeStateOf(message.nodeState),
    httpAddress: message.httpAddress ?? '',
    healthReport: message.healthReport ?? '',
  }
}

/** A state that is not known here says nothing: nothing is to be done about such a node. */
function nodeStateOf(name: NodeStateName | undefined): NodeState {
  return name === undefined ? 'NEW' : (name.slice('NS_'.length) as NodeState)
}

export function preemptionFromMessage(message: PreemptionMessageMessage): PreemptionMessage {
  const idsOf = (containers: PreemptionMessageMessage['contract']) =>
    (containers?.container ?? []).map(({ id }) => containerIdFromMessage(id))
  return { strict: idsOf(message.strictContract), negotiable: idsOf(message.contract) }
}

export function failuresFromMessages(
  method: string,
  messages: readonly ContainerExceptionMessage[],
): Map<ContainerId, Error> {
  return new Map(
    messages.map(({ containerId, exception }) => [
      containerIdFromMessage(containerId),
      exceptionFromMessage(method, exception, 0),
    ]),
  )
}

const MAX_CAUSE_DEPTH = 20

function exceptionFromMessage(
  method: string,
  message: SerializedExceptionMessage | undefined,
  depth: number,
): RemoteException {
  const { className, message: text = '', trace = '', cause } = message ?? {}
  return new RemoteException(method, className, trace === '' ? text : `${text}\n${trace}`, {
    cause:
      cause === undefined || depth >= MAX_CAUSE_DEPTH
        ? undefined
        : exceptionFromMessage(method, cause, depth + 1),
  })
}
