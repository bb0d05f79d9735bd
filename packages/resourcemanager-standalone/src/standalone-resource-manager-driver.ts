import { FlinkError, type Logger } from '@flink-ts/core'
import type {
  ApplicationStatus,
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from '@flink-ts/runtime'

/** A standalone cluster has the TaskManagers that somebody starts: no driver can start one. */
export class StandaloneResourceManagerDriver implements ResourceManagerDriver {
  readonly name = 'standalone'
  readonly canStartWorkers = false
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  async initialize(_handler: ResourceEventHandler): Promise<void> {}

  /** @throws FlinkError (FLINK_CANNOT_START_WORKERS), always */
  async requestResource(_spec: WorkerResourceSpec): Promise<WorkerHandle> {
    throw new FlinkError(
      'Cannot start a TaskManager: this is a standalone cluster; start one with bin/taskmanager.sh start',
      { code: 'FLINK_CANNOT_START_WORKERS' },
    )
  }

  releaseResource(_worker: WorkerHandle): void {}

  async deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void> {
    this.#log.info('The cluster ends', { status, diagnostics })
  }

  async terminate(): Promise<void> {}
}
