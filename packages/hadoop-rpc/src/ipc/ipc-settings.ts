import { type Clock, type Logger, noopLogger, type Random } from '@flink-ts/core'
import type { Token } from '../yarn/records.js'
import type { IpcSocketConnector } from './ipc-socket.js'
import { connectTcpIpcSocket } from './tcp-ipc-socket.js'

/** How a client proves who it is: by a token (SASL), or not at all (the server believes the name). */
export type IpcAuthentication =
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'simple'; readonly user: string }

/** The world of a client, and its limits. */
export interface IpcClientOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Default: over TCP. */
  readonly connectSocket?: IpcSocketConnector
  /** Milliseconds in which an answer must be there, connecting and trying again included. Default 60 000. */
  readonly callTimeoutMs?: number
  /** Milliseconds for a connection, authentication included. Default 20 000. */
  readonly connectTimeoutMs?: number
  /** Bytes of an answer. Default 128 MiB. */
  readonly maxResponseBytes?: number
  /** Milliseconds of silence of a server that owes an answer, after which it is sent a ping. Default 60 000. */
  readonly pingIntervalMs?: number
  /** Milliseconds without calls after which the connection is closed; the next call makes one. Default 10 000. */
  readonly idleTimeoutMs?: number
  /** How often a call goes around all addresses when none of them serves. Default 3. */
  readonly maxRounds?: number
  /** Milliseconds of the pause after the first round; doubles up to `maxBackoffMs`. Default 200. */
  readonly initialBackoffMs?: number
  /** Default 5 000. */
  readonly maxBackoffMs?: number
}

/** {@link IpcClientOptions} with its defaults. */
export type IpcSettings = Required<IpcClientOptions>

export function ipcSettings(options: IpcClientOptions): IpcSettings {
  return {
    clock: options.clock,
    random: options.random,
    log: options.log ?? noopLogger,
    connectSocket: options.connectSocket ?? connectTcpIpcSocket,
    callTimeoutMs: options.callTimeoutMs ?? 60_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
    maxResponseBytes: options.maxResponseBytes ?? 128 * 1024 * 1024,
    pingIntervalMs: options.pingIntervalMs ?? 60_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 10_000,
    maxRounds: options.maxRounds ?? 3,
    initialBackoffMs: options.initialBackoffMs ?? 200,
    maxBackoffMs: options.maxBackoffMs ?? 5_000,
  }
}
