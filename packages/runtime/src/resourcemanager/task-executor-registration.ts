import type {
  RegisterTaskExecutorRequest,
  TaskExecutorGateway,
  TaskManagerInfo,
} from '../messages/messages.generated.js'
import type { RegisteredTaskManager } from './slotmanager/registered-task-manager.js'
import { addProfiles, ZERO_RESOURCE_PROFILE } from './slotmanager/resource-profiles.js'

/** One registration of a TaskManager at the ResourceManager. */
export interface TaskExecutorRegistration {
  readonly resourceId: string
  readonly instanceId: string
  readonly facts: RegisterTaskExecutorRequest
  readonly gateway: TaskExecutorGateway
  /** As of the last heartbeat. */
  metrics: { readonly [name: string]: number }
  readonly unsubscribe: () => void
}

/** What REST shows of a TaskManager; one whose slot report did not arrive yet has only free slots. */
export function taskManagerInfo(
  { resourceId, facts, metrics }: TaskExecutorRegistration,
  slotsOf: RegisteredTaskManager | undefined,
  lastHeartbeatMs: number,
): TaskManagerInfo {
  const slots = [...(slotsOf?.slots.values() ?? [])]
  const free = slots.filter(({ state }) => state === 'FREE')
  return {
    resourceId,
    taskExecutor: facts.taskExecutor,
    location: facts.location,
    lastHeartbeatMs,
    numberOfSlots: facts.numberOfSlots,
    numberOfFreeSlots: slotsOf === undefined ? facts.numberOfSlots : free.length,
    assignedTasks: slots.reduce((sum, slot) => sum + slot.assignedTasks, 0),
    totalProfile: facts.totalProfile,
    freeProfile:
      slotsOf === undefined
        ? facts.totalProfile
        : free.map(({ profile }) => profile).reduce(addProfiles, ZERO_RESOURCE_PROFILE),
    hardware: facts.hardware,
    memory: facts.memory,
    allocatedSlots: slots.flatMap(({ owner, profile, assignedTasks }) =>
      owner === undefined ? [] : [{ jobId: owner.jobId, profile, assignedTasks }],
    ),
    metrics,
  }
}
