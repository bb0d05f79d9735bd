import type {
  RegisterTaskExecutorRequest,
  TaskExecutorGateway,
  TaskManagerInfo,
} from '../messages/messages.generated.js'
import type { RegisteredTaskManager } from './slotmanager/registered-task-manager.js'

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
  const slots = [...(slotsOf?.slots.values() ?? []), ...(slotsOf?.dynamicSlots.values() ?? [])]
  return {
    resourceId,
    taskExecutor: facts.taskExecutor,
    location: facts.location,
    lastHeartbeatMs,
    numberOfSlots: facts.numberOfSlots,
    numberOfFreeSlots: slotsOf?.numberOfFreeSlots ?? facts.numberOfSlots,
    assignedTasks: slots.reduce((sum, slot) => sum + slot.assignedTasks, 0),
    totalProfile: facts.totalProfile,
    freeProfile: slotsOf?.freeProfile ?? facts.totalProfile,
    hardware: facts.hardware,
    memory: facts.memory,
    allocatedSlots: slots.flatMap(({ owner, profile, assignedTasks }) =>
      owner === undefined ? [] : [{ jobId: owner.jobId, profile, assignedTasks }],
    ),
    metrics,
  }
}
