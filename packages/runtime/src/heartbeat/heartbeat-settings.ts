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
