import { type Clock, type Configuration, FlinkError, type Logger, RpcOptions } from '@flink-ts/core'
import type { TransportSecurity } from '@flink-ts/core/security'
import { PortInUseError, RpcBindError } from '@flink-ts/rpc'
import { GrpcRpcService } from '@flink-ts/rpc/grpc'

export interface StartRpcServiceOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  readonly security: TransportSecurity
  readonly bindHost: string
  readonly bindPorts: string
  readonly host: string
  /** Undefined: the port that was bound. */
  readonly port: number | undefined
  /** The keys that decide where it listens, for errors. */
  readonly hostKey: string
  readonly portKey: string
}

/** @throws FlinkError naming host, port and the key to change */
export async function startRpcService(options: StartRpcServiceOptions): Promise<GrpcRpcService> {
  const { configuration, clock, log, security, bindHost, bindPorts, host, port } = options
  try {
    return await GrpcRpcService.start({
      bindHost,
      bindPorts,
      advertisedHost: host,
      ...(port === undefined ? {} : { advertisedPort: port }),
      clock,
      security,
      log: log.child({ component: 'RpcService' }),
      defaultTimeoutMs: configuration.get(RpcOptions.ASK_TIMEOUT),
      maxMessageBytes: configuration.get(RpcOptions.FRAMESIZE),
    })
  } catch (cause) {
    if (cause instanceof PortInUseError) {
      throw new FlinkError(`${cause.message}; stop it, or set ${options.portKey} to a free port`, {
        code: cause.code,
        cause,
      })
    }
    if (cause instanceof RpcBindError) {
      throw new FlinkError(
        `${cause.message}; set ${options.hostKey} to an address of this machine, or to 0.0.0.0 for all of them`,
        { code: cause.code, cause },
      )
    }
    throw cause
  }
}
