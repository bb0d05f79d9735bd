import { hostAndPort } from '@flink-ts/core'
import type { MasterDetector } from './master-detector.js'
import type { MasterAddress } from './mesos-master.js'

/** Masters that do not change. */
export class KnownMasters implements MasterDetector {
  readonly description: string
  readonly masters: readonly MasterAddress[]
  readonly problem = ''

  constructor(masters: readonly MasterAddress[]) {
    this.masters = masters
    this.description = masters.map(({ host, port }) => hostAndPort(host, port)).join(',')
  }

  start(): void {}

  async close(): Promise<void> {}
}
