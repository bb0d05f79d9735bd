import type { Clock, Logger, Random } from '@flink-ts/core'
import type { ZooKeeperClient, ZooKeeperClientOptions } from '@flink-ts/zookeeper-client'
import type { MesosTls } from '../http/axios-transport.js'
import type { MesosTransport } from '../http/mesos-transport.js'
import type { MesosCredentials } from './basic-authorization.js'

/** Timeouts and limits, all with defaults. */
export interface MesosSchedulerLimits {
  /**
   * Milliseconds until a master must have confirmed a subscription. Default 20 000. A first subscription that a master carries out later than
   * that leaves a framework there that nobody uses, for its failover timeout.
   */
  readonly subscribeTimeoutMs: number
  /** Milliseconds until a call must be answered; otherwise the subscription is given up. Default 30 000. */
  readonly callTimeoutMs: number
  /** Heartbeats that may be missing until the subscription is given up. Default 5. */
  readonly maxMissedHeartbeats: number
  /** Milliseconds before the second attempt in a row; doubled with each one after it. Default 250. */
  readonly initialBackoffMs: number
  /** Default 5 000. */
  readonly maxBackoffMs: number
  /** Redirects that are followed in one attempt. Default 5. */
  readonly maxRedirects: number
  /** Bytes of one event. Default 64 MiB, in which the offers of 50 000 agents fit. */
  readonly maxRecordBytes: number
}

export interface MesosSchedulerOptions {
  /** Where the master is; see {@link parseMesosMaster}. */
  readonly master: string
  readonly clock: Clock
  /** Spreads the attempts of many frameworks. */
  readonly random: Random
  /** Default: none. */
  readonly log?: Logger
  /** Default: none is shown. Also the principal of frameworks that name none. */
  readonly credentials?: MesosCredentials
  /** For masters that are reached by TLS. Default: authorities that Node.js knows. */
  readonly tls?: MesosTls
  /** Of masters without one (`host:port`, those that ZooKeeper names). Default: `https` if there is {@link tls}. */
  readonly scheme?: 'http' | 'https'
  readonly limits?: Partial<MesosSchedulerLimits>
  /** Default: over HTTP. */
  readonly transport?: MesosTransport
  /** Reads the file of `file:///path`. Default: of this machine. */
  readonly readFile?: (path: string) => Promise<string>
  /** Makes the client for `zk://`, not started. Default: one of `@flink-ts/zookeeper-client`. */
  readonly createZooKeeperClient?: (options: ZooKeeperClientOptions) => ZooKeeperClient
}

export function schedulerLimits(limits: Partial<MesosSchedulerLimits> = {}): MesosSchedulerLimits {
  return {
    subscribeTimeoutMs: limits.subscribeTimeoutMs ?? 20_000,
    callTimeoutMs: limits.callTimeoutMs ?? 30_000,
    maxMissedHeartbeats: limits.maxMissedHeartbeats ?? 5,
    initialBackoffMs: limits.initialBackoffMs ?? 250,
    maxBackoffMs: limits.maxBackoffMs ?? 5_000,
    maxRedirects: limits.maxRedirects ?? 5,
    maxRecordBytes: limits.maxRecordBytes ?? 64 * 1024 * 1024,
  }
}
