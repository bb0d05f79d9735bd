export { GrpcRpcService, type GrpcRpcServiceOptions } from './grpc-rpc-service.js'
export { InvalidPortRangeError, portsOfRange } from './port-range.js'
