import type { FrameworkInfo } from '../records/framework-info.js'
import type { TaskInfo } from '../records/task-info.js'

export interface TaskReference {
  readonly taskId: string
  readonly agentId?: string
}

/** What a subscribed scheduler says to the master; the framework's id and the stream's are added by whoever sends it. */
export type SchedulerCall =
  | { readonly type: 'TEARDOWN' }
  /**
   * What the framework says of itself from now on, at later subscriptions too; its id is added. Masters refuse another user, checkpoint or
   * principal, and old ones all of it.
   */
  | { readonly type: 'UPDATE_FRAMEWORK'; readonly framework: FrameworkInfo }
  | { readonly type: 'REVIVE'; readonly roles?: readonly string[] }
  | { readonly type: 'SUPPRESS'; readonly roles?: readonly string[] }
  | {
      readonly type: 'ACCEPT'
      /** Of one agent and one role. */
      readonly offerIds: readonly string[]
      readonly launch: readonly TaskInfo[]
      /** How long what is left over is not offered again; default 5. */
      readonly refuseSeconds?: number
    }
  | {
      readonly type: 'DECLINE'
      readonly offerIds: readonly string[]
      readonly refuseSeconds?: number
    }
  | {
      readonly type: 'ACCEPT_INVERSE_OFFERS' | 'DECLINE_INVERSE_OFFERS'
      readonly inverseOfferIds: readonly string[]
      /** How long the same is not asked again; default 5. */
      readonly refuseSeconds?: number
    }
  | {
      readonly type: 'KILL'
      readonly taskId: string
      readonly agentId?: string
      /** Otherwise that of the task. */
      readonly gracePeriodMs?: number
    }
  | {
      readonly type: 'ACKNOWLEDGE'
      readonly agentId: string
      readonly taskId: string
      readonly uuid: string
    }
  /** No tasks: of all that the master knows (implicit). */
  | { readonly type: 'RECONCILE'; readonly tasks: readonly TaskReference[] }
