import type { Invocation, OutgoingInvocation, Reply } from '../invocation/invocation.js'
import type { PendingCall } from '../invocation/pending-calls.js'

/** A service as its network sees it. */
export interface NetworkNode {
  readonly address: string
  /** Never rejects. */
  dispatch(invocation: Invocation): Promise<Reply>
}

/** What carries the messages between {@link InMemoryRpcService}s of one process. */
export interface RpcNetwork {
  /** @throws AssertionError when the address is taken. */
  attach(node: NetworkNode): void
  /** Those who watch the node's address are told that their connection is lost. */
  detach(node: NetworkNode): void
  /** Carries `invocation` to `to` and its reply back to `call`, neither at once. */
  send(from: NetworkNode, to: string, invocation: OutgoingInvocation, call: PendingCall): void
  watch(from: NetworkNode, to: string, listener: (reason: Error) => void): () => void
}
