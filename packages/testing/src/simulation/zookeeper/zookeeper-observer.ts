import type { ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import type { ZooKeeperChange } from './zookeeper-tree.js'

/** Hears of what clients have a simulated ensemble do. What it does to a client counts from this moment on. */
export interface ZooKeeperObserver {
  /** A client is about to send changes: it may be dead afterwards, and then nothing is sent. */
  onSend?(client: string, operations: readonly ZooKeeperOperation[]): void
  /** The changes were made, at this moment; the client does not know yet. */
  onCommitted?(client: string, operations: readonly ZooKeeperOperation[]): void
  /** One node has changed, by a client or by the end of a session. */
  onChange?(change: ZooKeeperChange): void
}
