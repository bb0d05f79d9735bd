import type { LogFields, LogLevel } from '@flink-ts/core'
import type { TransportSecurityHandle } from '@flink-ts/core/security'
import type { NetworkContextHandle } from '../environment/network-context.js'
import type { RemoteGate, ServedPartition } from '../environment/network-io.js'

/** What the network thread is started with. */
export interface NetworkThreadData {
  readonly context: NetworkContextHandle
  readonly bell: number
  readonly resourceId: string
  readonly partitionRequestTimeoutMs: number
  readonly bindHost: string
  readonly port: number
  readonly security: TransportSecurityHandle | undefined
}

/** From the main thread. A call with an `id` is answered by `done`. */
export type NetworkThreadCommand =
  | { readonly type: 'registerPartition'; readonly partition: ServedPartition }
  | {
      readonly type: 'releasePartitions'
      readonly id: number
      readonly partitionIds: readonly string[]
    }
  | { readonly type: 'openGate'; readonly gate: RemoteGate }
  | { readonly type: 'closeGate'; readonly id: number; readonly gateId: string }
  | { readonly type: 'failConnection'; readonly resourceId: string; readonly reason: string }
  | { readonly type: 'close'; readonly id: number }

/** To the main thread. */
export type NetworkThreadReport =
  | { readonly type: 'started'; readonly dataPort: number }
  | { readonly type: 'startFailed'; readonly message: string; readonly code: string }
  | { readonly type: 'done'; readonly id: number }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: LogFields
    }
