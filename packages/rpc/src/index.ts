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
export { RpcMessageError } from './errors/rpc-message-error.js'
export { RpcMessageTooLargeError } from './errors/rpc-message-too-large-error.js'
export { RpcTimeoutError } from './errors/rpc-timeout-error.js'
export { type FencingToken, formatFencingToken, sameFencingToken } from './fencing-token.js'
export type { GatewayDefinition, MethodDefinition } from './gateway-definition.js'
export { gatewayDefinitionFromProto } from './protobuf/gateway-definition-from-proto.js'
export type { CallOptions, RpcServer, RpcService, ServerOptions } from './rpc-service.js'
