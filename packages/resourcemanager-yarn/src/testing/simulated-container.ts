import type {
  Container,
  ContainerId,
  ContainerLaunchContext,
  NodeId,
  Token,
  YarnResource,
} from '@flink-ts/hadoop-rpc'
import { formatContainerId } from '@flink-ts/hadoop-rpc'

/** One container of a simulated YARN, wherever it is in its life. */
export interface SimulatedContainer {
  readonly container: Container
  /** When its token is good no more. */
  readonly expiresAtMs: number
  /** Whether the ApplicationMaster was told of it. */
  isTold: boolean
  /** What it was started with; undefined before. */
  launchContext?: ContainerLaunchContext
}

export interface NewContainer {
  readonly epoch: number
  readonly attempt: number
  readonly number: number
  readonly nodeId: NodeId
  readonly resource: YarnResource
  readonly priority: number
  readonly expiresAtMs: number
}

export function simulatedContainer(facts: NewContainer): SimulatedContainer {
  const id = formatContainerId({
    epoch: facts.epoch,
    clusterTimestamp: 1_700_000_000_000n,
    applicationNumber: 1,
    attemptNumber: facts.attempt,
    containerNumber: BigInt(facts.number),
  })
  return {
    isTold: false,
    expiresAtMs: facts.expiresAtMs,
    container: {
      id,
      nodeId: facts.nodeId,
      nodeHttpAddress: '',
      resource: facts.resource,
      priority: facts.priority,
      allocationRequestId: -1,
      containerToken: simulatedToken('ContainerToken', id),
    },
  }
}

/** A token that says in clear what it is for. */
export function simulatedToken(kind: string, text: string): Token {
  return { identifier: Buffer.from(text), password: new Uint8Array(), kind, service: '' }
}

export function containerOfToken({ identifier }: Token): ContainerId {
  return Buffer.from(identifier).toString()
}
