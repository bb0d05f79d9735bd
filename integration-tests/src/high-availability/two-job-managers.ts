import { join } from 'node:path'
import { type CheckpointStorage, startCheckpointStorage } from '../faults/checkpoint-storage.js'
import { Coordination } from '../faults/coordination.js'
import { FaultCluster, type FaultClusterOptions } from '../faults/fault-cluster.js'
import { FaultJob } from '../faults/fault-job.js'
import type { FaultJobOptions } from '../faults/job-under-faults.js'
import { until } from '../support/until.js'

export interface TwoJobManagersOptions
  extends Pick<FaultClusterOptions, 'taskManagers' | 'slots' | 'environment'> {
  /** Of the JobManagers at ZooKeeper. */
  readonly sessionTimeoutMs: number
  /** Of ZooKeeper; default 1. */
  readonly servers?: 1 | 3
  /** Over a log that tells all and checkpoints in the folder, two a second. */
  readonly configuration?: FaultClusterOptions['configuration']
  /** What each job is. */
  readonly job: Omit<FaultJobOptions, 'folder' | 'storage'>
}

/** Two JobManagers and TaskManagers in processes of their own and a real ZooKeeper, for one job after the other. */
export class TwoJobManagers {
  readonly cluster: FaultCluster
  readonly coordination: Coordination
  readonly #folder: string
  readonly #storage: CheckpointStorage
  readonly #job: TwoJobManagersOptions['job']
  readonly #closes: readonly (() => Promise<void>)[]
  #jobs = 0

  /** @param folder of its own; the caller removes it after {@link close} */
  static async start(folder: string, options: TwoJobManagersOptions): Promise<TwoJobManagers> {
    const closes: (() => Promise<void>)[] = []
    try {
      const storage = await startCheckpointStorage('local', folder)
      closes.push(() => storage.close())
      const { sessionTimeoutMs, servers = 1, configuration, job, ...rest } = options
      const coordination = await Coordination.start(folder, sessionTimeoutMs, servers)
      closes.push(() => coordination.close())
      const cluster = await FaultCluster.prepare({
        ...rest,
        folder,
        coordination,
        jobManagers: 2,
        configuration: {
          'env.log.level': 'INFO',
          'execution.checkpointing.interval': '500 ms',
          'execution.checkpointing.dir': storage.checkpoints,
          ...configuration,
        },
      })
      closes.push(() => cluster.close())
      await cluster.start()
      return new TwoJobManagers({ folder, storage, coordination, cluster, job, closes })
    } catch (error) {
      await closeAll(closes)
      throw error
    }
  }

  private constructor(parts: {
    readonly folder: string
    readonly storage: CheckpointStorage
    readonly coordination: Coordination
    readonly cluster: FaultCluster
    readonly job: TwoJobManagersOptions['job']
    readonly closes: readonly (() => Promise<void>)[]
  }) {
    this.cluster = parts.cluster
    this.coordination = parts.coordination
    this.#folder = parts.folder
    this.#storage = parts.storage
    this.#job = parts.job
    this.#closes = parts.closes
  }

  newJob(): FaultJob {
    const folder = join(this.#folder, `job-${this.#jobs++}`)
    return new FaultJob(this.cluster, { ...this.#job, folder, storage: this.#storage })
  }

  /** Waits until one leads and the other would. */
  async untilBothTakePart(): Promise<void> {
    await until('both JobManagers take part', async () => {
      return (await this.coordination.contenders()).length === 2
    })
  }

  close(): Promise<void> {
    return closeAll(this.#closes)
  }
}

/** Last opened, first closed. */
async function closeAll(closes: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closes.toReversed()) await close()
}
