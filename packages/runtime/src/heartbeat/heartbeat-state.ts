/** Where the watch over one peer stands; all but RUNNING are final. */
export type HeartbeatState = 'RUNNING' | 'TIMEOUT' | 'UNREACHABLE' | 'CANCELED'

/** Which state may follow which. */
export const HEARTBEAT_TRANSITIONS: Readonly<Record<HeartbeatState, readonly HeartbeatState[]>> = {
  RUNNING: ['TIMEOUT', 'UNREACHABLE', 'CANCELED'],
  TIMEOUT: [],
  UNREACHABLE: [],
  CANCELED: [],
}
