import { parsePortRange } from '@flink-ts/core'
import type {
  handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  ServerUnaryCall,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { InvalidPortRangeError } from '../errors/invalid-port-range-error.js'
import { PortInUseError } from '../errors/port-in-use-error.js'
import { RpcBindError } from '../errors/rpc-bind-error.js'
import { RpcMessageError } from '../errors/rpc-message-error.js'
import type { EndpointRegistry } from '../invocation/endpoint-registry.js'
import type { Invocation, Reply } from '../invocation/invocation.js'
import { encodeRefusal } from '../invocation/refusal.js'
import type { GrpcModule } from './grpc-module.js'
import { CALL_PATH, readInvocation, serializeReply } from './wire.js'

export interface GrpcServerOptions {
  grpc: GrpcModule
  host: string
  ports: string
  credentials: ServerCredentials
  serverOptions: Record<string, number>
  authenticate: ((metadata: Metadata) => string | undefined) | undefined
  registry: EndpointRegistry
}

/**
 * Listens on the first free port of the range and passes what arrives to the registry.
 *
 * @throws InvalidPortRangeError, PortInUseError, RpcBindError
 */
export async function startGrpcServer(
  options: GrpcServerOptions,
): Promise<{ server: Server; port: number }> {
  const { grpc, host, ports } = options
  const candidates = parsePortRange(ports)
  if (candidates === undefined) throw new InvalidPortRangeError(ports)
  let lastInUse: unknown
  for (const port of candidates) {
    const server = new grpc.Server(options.serverOptions)
    server.addService(
      {
        call: {
          path: CALL_PATH,
          requestStream: false,
          responseStream: false,
          requestSerialize: (bytes: Buffer) => bytes,
          requestDeserialize: (bytes: Buffer) => bytes,
          responseSerialize: serializeReply,
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      { call: unaryHandler(options) } satisfies UntypedServiceImplementation,
    )
    try {
      return { server, port: await bind(server, options, port) }
    } catch (cause) {
      server.forceShutdown()
      // grpc-js keeps the system's code in the text only.
      if (!String(cause).includes('EADDRINUSE')) throw new RpcBindError({ host, port, cause })
      lastInUse = cause
    }
  }
  throw new PortInUseError({ host, ports, cause: lastInUse })
}

function bind(server: Server, options: GrpcServerOptions, port: number): Promise<number> {
  const { host, credentials } = options
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
}

function unaryHandler(options: GrpcServerOptions): handleUnaryCall<Buffer, Reply> {
  const { grpc, registry, authenticate } = options
  return (call: ServerUnaryCall<Buffer, Reply>, callback: sendUnaryData<Reply>) => {
    const refusedBecause = authenticate?.(call.metadata)
    if (refusedBecause !== undefined) {
      callback({ code: grpc.status.UNAUTHENTICATED, details: refusedBecause })
      return
    }
    let invocation: Invocation
    try {
      invocation = readInvocation(call.metadata, call.request)
    } catch (error) {
      const { subject, field, problem } =
        error instanceof RpcMessageError
          ? error
          : { subject: 'gRPC call', field: '', problem: String(error) }
      const refusal = { kind: 'invalid-message', subject, field, problem } as const
      callback(null, { kind: 'refusal', payload: encodeRefusal(refusal) })
      return
    }
    void registry.dispatch(invocation).then((reply) => callback(null, reply))
  }
}
