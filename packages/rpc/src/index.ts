export { FencedRpcEndpoint } from './endpoint/fenced-rpc-endpoint.js'
export {
  MainThreadExecutor,
  type MainThreadExecutorOptions,
} from './endpoint/main-thread-executor.js'
export { RpcEndpoint, type RpcEndpointOptions } from './endpoint/rpc-endpoint.js'
export { EndpointClosedError } from './errors/endpoint-closed-error.js'
export { FencingTokenError } from './errors/fencing-token-error.js'
export { NotLeaderError } from './errors/not-leader-error.js'
export { PortInUseError } from './errors/port-in-use-error.js'
export { RecipientUnreachableError } from './errors/recipient-unreachable-error.js'
export { RemoteRpcError } from './errors/remote-rpc-error.js'
export { RpcBindError } from './errors/rpc-bind-error.js'
export { RpcMessageError } from './errors/rpc-message-error.js'
export { RpcMessageTooLargeError } from './errors/rpc-message-too-large-error.js'
export { RpcPeerBusyError } from './errors/rpc-peer-busy-error.js'
export { RpcTimeoutError } from './errors/rpc-timeout-error.js'
export { RpcUnauthenticatedError } from './errors/rpc-unauthenticated-error.js'
export { type FencingToken, formatFencingToken, sameFencingToken } from './fencing-token.js'
export type { GatewayDefinition, MethodDefinition } from './gateway-definition.js'
export {
  InMemoryRpcService,
  type InMemoryRpcServiceOptions,
} from './in-memory/in-memory-rpc-service.js'
export { InProcessRpcNetwork } from './in-process/in-process-rpc-network.js'
export {
  gatewayDefinitionFromDescriptor,
  gatewayDefinitionFromProto,
} from './protobuf/gateway-definition-from-proto.js'
export { DEFAULT_CALL_TIMEOUT_MS, DEFAULT_MAX_MESSAGE_BYTES } from './rpc-defaults.js'
export type {
  Authorize,
  CallOptions,
  RpcServer,
  RpcService,
  ServerOptions,
} from './rpc-service.js'
export type { SimulatedNetworkEvent } from './simulated/simulated-network-event.js'
export {
  type SimulatedLink,
  type SimulatedMessage,
  type SimulatedNetworkPolicy,
  uniformPolicy,
} from './simulated/simulated-network-policy.js'
export {
  SimulatedRpcNetwork,
  type SimulatedRpcNetworkOptions,
} from './simulated/simulated-rpc-network.js'
