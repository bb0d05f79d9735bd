import { type Configuration, HeartbeatManagerOptions } from '@flink-ts/core'

/** How the loss of a peer is noticed. */
export interface HeartbeatSettings {
  /** `heartbeat.interval`: time between two requests, in milliseconds. */
  readonly intervalMs: number
  /** `heartbeat.timeout`: silence after which the peer counts as lost, in milliseconds. */
  readonly timeoutMs: number
  /** `heartbeat.rpc-failure-threshold`: so many requests in a row found nobody there; -1: off. */
  readonly rpcFailureThreshold: number
}

/** Flink's defaults. */
export const DEFAULT_HEARTBEAT_SETTINGS: HeartbeatSettings = {
  intervalMs: 10_000,
  timeoutMs: 50_000,
  rpcFailureThreshold: 2,
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function heartbeatSettings(configuration: Configuration): HeartbeatSettings {
  return {
    intervalMs: configuration.get(HeartbeatManagerOptions.HEARTBEAT_INTERVAL),
    timeoutMs: configuration.get(HeartbeatManagerOptions.HEARTBEAT_TIMEOUT),
    rpcFailureThreshold: configuration.get(HeartbeatManagerOptions.HEARTBEAT_RPC_FAILURE_THRESHOLD),
  }
}
