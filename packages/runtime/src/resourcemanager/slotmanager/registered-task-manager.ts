import type { SlotReport } from '../../messages/messages.generated.js'
import type { TaskManagerSlot } from './task-manager-slot.js'

/** The slots of one registration of a TaskManager. */
export interface RegisteredTaskManager {
  readonly resourceId: string
  readonly instanceId: string
  readonly slots: ReadonlyMap<number, TaskManagerSlot>
}

/** A TaskManager that may get slots allocated. */
export interface TaskManagerRegistration {
  readonly resourceId: string
  readonly instanceId: string
  readonly report: SlotReport
}
