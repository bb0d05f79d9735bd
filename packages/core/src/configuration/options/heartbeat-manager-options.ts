import { ConfigOptions } from '../config-options.js'

/** How components notice that a peer is gone. */
export const HeartbeatManagerOptions = {
  HEARTBEAT_INTERVAL: ConfigOptions.key('heartbeat.interval')
    .durationType({ min: 1 })
    .defaultValue(10_000)
    .withDescription('Time between two heartbeat requests.'),
  HEARTBEAT_TIMEOUT: ConfigOptions.key('heartbeat.timeout')
    .durationType({ min: 1 })
    .defaultValue(50_000)
    .withDescription('A peer that is silent for so long counts as lost.'),
  HEARTBEAT_RPC_FAILURE_THRESHOLD: ConfigOptions.key('heartbeat.rpc-failure-threshold')
    .intType({ min: -1 })
    .defaultValue(2)
    .withDescription(
      'So many heartbeats in a row that cannot be delivered make a peer unreachable; -1: never.',
    ),
} as const
