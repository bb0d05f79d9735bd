import type { Socket } from 'node:net'
import { type Clock, type Logger, parsePortRange } from '@flink-ts/core'
import { SecureListener, type TransportSecurity } from '@flink-ts/core/security'
import type {
  handleUnaryCall,
  Server,
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
  security: TransportSecurity | undefined
  serverOptions: Record<string, number>
  limits: ServingLimits
  registry: EndpointRegistry
  clock: Clock
  log: Logger
}

/** What a service answers at the same time; calls beyond are refused, and may be repeated. */
export interface ServingLimits {
  readonly maxCalls: number
  readonly maxBytes: number
}

export interface RunningGrpcServer {
  readonly port: number
  /** Lets calls end for a while, then breaks all connections. */
  close(graceMs: number): Promise<void>
}

/**
 * Listens on the first free port of the range and passes what arrives to the registry. HTTP/2 begins on connections
 * whose peer has proved itself, so that nobody else reaches gRPC at all.
 *
 * @throws InvalidPortRangeError, PortInUseError, RpcBindError
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const { grpc, host, ports, clock, log, security } = options
  const candidates = parsePortRange(ports)
  if (candidates === undefined) throw new InvalidPortRangeError(ports)
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
  // Whether it is encrypted is settled before gRPC sees the connection.
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const onConnection = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  }
  const socketOptions = { noDelay: true }
  const purpose = 'rpc'
  const listen = (port: number) =>
    SecureListener.listen({
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port,
      security,
      purpose,
      clock,
      log,
      socketOptions,
      onConnection,
    })
  const listener = await firstFree(candidates, listen, host, ports)
  return {
    port: listener.port,
    close: (graceMs) => closeServer({ server, listener, sockets, clock, log, graceMs }),
  }
}

async function firstFree(
  candidates: Iterable<number>,
  listen: (port: number) => Promise<SecureListener>,
  host: string,
  ports: string,
): Promise<SecureListener> {
  let lastInUse: unknown
  for (const port of candidates) {
    try {
      return await listen(port)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        throw new RpcBindError({ host, port, cause })
      }
      lastInUse = cause
    }
  }
  throw new PortInUseError({ host, ports, cause: lastInUse })
}

async function closeServer(options: {
  server: Server
  listener: SecureListener
  sockets: ReadonlySet<Socket>
  clock: Clock
  log: Logger
  graceMs: number
}): Promise<void> {
  const { server, listener, sockets, clock, log, graceMs } = options
  await listener.close()
  await new Promise<void>((resolve) => {
    // A peer that does not let go must not keep this process from ending.
    const cancelForce = clock.schedule(graceMs, resolve)
    server.tryShutdown((error) => {
      cancelForce()
      if (error !== undefined) log.debug('RPC server did not stop in order', { error })
      resolve()
    })
  })
  for (const socket of sockets) socket.destroy()
}

function unaryHandler(options: GrpcServerOptions): handleUnaryCall<Buffer, Reply> {
  const { registry, limits } = options
  let calls = 0
  let bytes = 0
  return (call: ServerUnaryCall<Buffer, Reply>, callback: sendUnaryData<Reply>) => {
    const { length } = call.request
    if (calls >= limits.maxCalls || bytes + length > limits.maxBytes) {
      const reason = `it has ${calls} calls of ${bytes} bytes to answer already`
      const payload = encodeRefusal({ kind: 'busy', reason })
      callback(null, { kind: 'refusal', payload })
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
    calls++
    bytes += length
    void registry.dispatch(invocation, call.getPeer()).then((reply) => {
      calls--
      bytes -= length
      callback(null, reply)
    })
  }
}
