import type { Logger } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type { ResourceRequirement } from '../messages/messages.generated.js'
import type { RegisteredJobMasters } from './registered-job-masters.js'
import type { RegisteredTaskExecutors } from './registered-task-executors.js'
import type { SlotAllocation } from './slotmanager/slot-manager.js'

export interface SlotMessagesOptions {
  readonly taskExecutors: RegisteredTaskExecutors
  readonly jobMasters: RegisteredJobMasters
  /** Of the ResourceManager's leadership. */
  readonly token: () => FencingToken
  readonly log: Logger
  /** The JobMaster of this job was not told whether slots are short. */
  readonly onUntold: (jobId: string) => void
}

/** What a ResourceManager tells others about slots. */
export class SlotMessages {
  readonly #options: SlotMessagesOptions

  constructor(options: SlotMessagesOptions) {
    this.#options = options
  }

  /** Has the TaskManager offer a slot to the job; both are registered. Rejects if it refuses, or when nobody knows. */
  requestSlot(allocation: SlotAllocation): Promise<unknown> {
    const { taskExecutors, jobMasters, token } = this.#options
    const { resourceId, slotNumber, profile, jobId, allocationId } = allocation
    const { gateway } = taskExecutors.get(resourceId)!
    const jobMaster = jobMasters.get(jobId)!
    return gateway.requestSlot({
      slotId: { resourceId, slotNumber },
      jobId,
      allocationId,
      profile,
      jobMaster: jobMaster.address,
      jobMasterToken: jobMaster.token,
      resourceManagerToken: token(),
    })
  }

  /** @param reason for people; undefined: the one that was told before holds no more */
  notEnoughResources(
    jobId: string,
    acquired: readonly ResourceRequirement[],
    reason: string | undefined,
  ): void {
    const { jobMasters, log, onUntold } = this.#options
    const jobMaster = jobMasters.get(jobId)
    jobMaster?.gateway
      .notifyNotEnoughResources({ acquired, ...(reason === undefined ? {} : { reason }) })
      .catch((error) => {
        log.warn('Could not tell a JobMaster that slots are short', { jobId, error })
        if (jobMasters.get(jobId) === jobMaster) onUntold(jobId)
      })
  }
}
