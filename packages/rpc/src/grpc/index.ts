export { InvalidPortRangeError } from '../errors/invalid-port-range-error.js'
export { GrpcRpcService, type GrpcRpcServiceOptions } from './grpc-rpc-service.js'
