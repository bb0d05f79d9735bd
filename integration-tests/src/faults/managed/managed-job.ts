import { until } from '../../support/until.js'
import { type FaultJobOptions, JobUnderFaults } from '../job-under-faults.js'
import { SLOW_MS } from './managed-cluster.js'

const TERMINAL = new Set(['FINISHED', 'CANCELED', 'FAILED'])

/** A job in a cluster that a resource manager has started for it. */
export abstract class ManagedJob extends JobUnderFaults {
  /** In which kind of cluster it runs. */
  readonly mode: string

  constructor(mode: string, options: FaultJobOptions) {
    super(options)
    this.mode = mode
  }

  /** Cancels it. @returns false if it had finished already */
  async cancel(): Promise<boolean> {
    const { code, stdout, stderr } = await this.flink('cancel', ...this.target(), this.id)
    const refusal = new Error(`flink cancel ended with ${code}: ${stderr}${stdout}`)
    const status = await this.ended().catch((error) => {
      throw code === 0 ? error : refusal
    })
    if (code !== 0 && status !== 'FINISHED') throw refusal
    return status === 'CANCELED'
  }

  override async stop(): Promise<string | undefined> {
    const savepoint = await super.stop()
    if (savepoint !== undefined) await this.ended()
    return savepoint
  }

  /** Ends its cluster, if that does not end with it. */
  abstract endCluster(): Promise<void>

  /** Waits for its end. @returns how it has ended */
  protected ended(): Promise<string> {
    return until(
      `job ${this.id} has ended`,
      async () => {
        const status = await this.status()
        return TERMINAL.has(status) && status
      },
      SLOW_MS,
    )
  }
}
