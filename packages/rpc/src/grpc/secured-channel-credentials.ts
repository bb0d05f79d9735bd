import type { Socket } from 'node:net'
import type { Clock, Logger } from '@flink-ts/core'
import {
  PeerAuthenticationError,
  RefusedPeers,
  secureConnect,
  type TransportSecurity,
} from '@flink-ts/core/security'
import type { ChannelCredentials } from '@grpc/grpc-js'
import type { GrpcModule } from './grpc-module.js'

export interface SecuredChannelOptions {
  readonly grpc: GrpcModule
  readonly security: TransportSecurity
  /** How this process calls itself in the peer's log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** How a service connects to its peers, and which of them turned out to be strangers. */
export class SecuredChannels {
  readonly #options: SecuredChannelOptions
  readonly #refused: RefusedPeers
  readonly #strangers = new Map<string, Error>()

  constructor(options: SecuredChannelOptions) {
    this.#options = options
    this.#refused = new RefusedPeers(options.log)
  }

  /** Why the last attempt to connect to `address` failed, if the peer is not of this cluster. */
  refusedBecause(address: string): Error | undefined {
    return this.#strangers.get(address)
  }

  /** Forgets what is known of `address`. */
  forget(address: string): void {
    this.#strangers.delete(address)
  }

  /**
   * Credentials of the channel to `address`. gRPC asks its credentials to secure the connected socket before HTTP/2
   * begins: here TLS, where it is configured, and the handshake with the cluster's secret.
   */
  credentials(address: string): ChannelCredentials {
    const credentials = this.#options.grpc.credentials.createInsecure()
    // The seam is typed but not documented, hence the exact version of the library and a test of refused peers.
    const createConnector = credentials._createSecureConnector.bind(credentials)
    credentials._createSecureConnector = (target, options, callCredentials) => {
      const connector = createConnector(target, options, callCredentials)
      return {
        connect: async (socket) => ({
          socket: await this.#connect(socket, address),
          secure: false,
        }),
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
      }
    }
    return credentials
  }

  async #connect(socket: Socket, address: string): Promise<Socket> {
    const { security, name, clock } = this.#options
    try {
      const secured = await secureConnect(socket, {
        security,
        purpose: 'rpc',
        name,
        peer: address,
        clock,
      })
      this.#strangers.delete(address)
      this.#refused.accepted(`${address}|`)
      return secured
    } catch (error) {
      if (error instanceof PeerAuthenticationError) {
        this.#strangers.set(address, error)
        this.#refused.refused(`${address}|${error.refusal}`, 'Cannot join a peer', {
          peer: address,
          reason: error.message,
        })
      } else {
        this.#strangers.delete(address)
      }
      throw error
    }
  }
}
