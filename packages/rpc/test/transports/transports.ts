import { noopLogger, SeededRandom, SystemClock } from '@flink-ts/core'
import type { TransportSecurity } from '@flink-ts/core/security'
import { ManualClock } from '@flink-ts/core/testing'
import { InProcessRpcNetwork, type RpcService, SimulatedRpcNetwork } from '@flink-ts/rpc'
import { GrpcRpcService } from '@flink-ts/rpc/grpc'
import { SECRET, tlsSecurity } from './security-fixtures.js'

export interface ServiceSettings {
  defaultTimeoutMs?: number
  maxMessageBytes?: number
}

/** One transport under the contract tests. */
export interface Transport {
  createService(settings?: ServiceSettings): Promise<RpcService>
  /** An address at which nobody listens. */
  readonly deadAddress: string
  readonly clock: ManualClock | SystemClock
  /** Awaits `promise`, letting time pass as fast as it can. */
  settle<T>(promise: Promise<T>): Promise<T>
  close(): Promise<void>
}

export const TRANSPORTS: Record<string, () => Transport> = {
  'in-process': () => {
    const clock = new ManualClock()
    const network = new InProcessRpcNetwork()
    return virtual(clock, (address, settings) =>
      network.createService({ address, clock, ...settings }),
    )
  },
  simulated: () => {
    const clock = new ManualClock()
    const network = new SimulatedRpcNetwork({ clock, random: new SeededRandom(7) })
    const transport = virtual(clock, (address, settings) =>
      network.createService({ address, clock, ...settings }),
    )
    return {
      ...transport,
      close: async () => {
        await transport.close()
        network.close()
      },
    }
  },
  grpc: () => grpcTransport(undefined),
  'grpc with a secret': () => grpcTransport({ secret: SECRET }),
  'grpc with TLS': () => grpcTransport(tlsSecurity('cluster.pem')),
}

function grpcTransport(security: TransportSecurity | undefined): Transport {
  const clock = new SystemClock()
  const services: RpcService[] = []
  return {
    clock,
    // Port 1 (tcpmux) is reserved; nothing on a test machine listens there.
    deadAddress: '127.0.0.1:1',
    createService: async (settings) => {
      const service = await GrpcRpcService.start({
        clock,
        log: noopLogger,
        ...(security === undefined ? {} : { security }),
        ...settings,
      })
      services.push(service)
      return service
    },
    settle: (promise) => promise,
    close: async () => {
      await Promise.all(services.map((service) => service.close()))
    },
  }
}

function virtual(
  clock: ManualClock,
  create: (address: string, settings: ServiceSettings | undefined) => RpcService,
): Transport {
  const services: RpcService[] = []
  return {
    clock,
    deadAddress: '10.0.0.99:6123',
    createService: async (settings) => {
      const service = create(`10.0.0.${services.length + 1}:6123`, settings)
      services.push(service)
      return service
    },
    settle: (promise) => settleOn(clock, promise),
    close: async () => {
      await Promise.all(services.map((service) => service.close()))
    },
  }
}

/** Advances `clock` millisecond by millisecond until `promise` is settled. */
export async function settleOn<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const note = () => {
    settled = true
  }
  promise.then(note, note)
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    if (settled) return await promise
    clock.advance(1)
  }
}
