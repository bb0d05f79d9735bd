import type { JsonObject } from '../records/json.js'
import type { SchedulerCall } from '../scheduler/scheduler-calls.js'
import { encodeGracePeriod, id } from './encode-fields.js'
import { encodeFramework } from './encode-framework.js'
import { encodeTask } from './encode-task.js'

/** As the master reads it, of the framework that says it. */
export function encodeCall(call: SchedulerCall, frameworkId: string): JsonObject {
  return { framework_id: id(frameworkId), type: call.type, ...bodyOf(call, frameworkId) }
}

function bodyOf(call: SchedulerCall, frameworkId: string): JsonObject {
  switch (call.type) {
    case 'TEARDOWN':
      return {}
    case 'UPDATE_FRAMEWORK':
      return {
        update_framework: {
          framework_info: encodeFramework({ ...call.framework, id: frameworkId }),
        },
      }
    case 'REVIVE':
      return { revive: { ...(call.roles !== undefined && { roles: call.roles }) } }
    case 'SUPPRESS':
      return { suppress: { ...(call.roles !== undefined && { roles: call.roles }) } }
    case 'ACCEPT':
      return {
        accept: {
          offer_ids: call.offerIds.map(id),
          operations: call.launch.length === 0 ? [] : [launch(call.launch.map(encodeTask))],
          ...filters(call.refuseSeconds),
        },
      }
    case 'DECLINE':
      return { decline: { offer_ids: call.offerIds.map(id), ...filters(call.refuseSeconds) } }
    case 'ACCEPT_INVERSE_OFFERS':
      return { accept_inverse_offers: inverseAnswer(call) }
    case 'DECLINE_INVERSE_OFFERS':
      return { decline_inverse_offers: inverseAnswer(call) }
    case 'KILL':
      return {
        kill: {
          task_id: id(call.taskId),
          ...(call.agentId !== undefined && { agent_id: id(call.agentId) }),
          ...(call.gracePeriodMs !== undefined && {
            kill_policy: encodeGracePeriod(call.gracePeriodMs),
          }),
        },
      }
    case 'ACKNOWLEDGE':
      return {
        acknowledge: { agent_id: id(call.agentId), task_id: id(call.taskId), uuid: call.uuid },
      }
    case 'RECONCILE':
      return {
        reconcile: {
          tasks: call.tasks.map(({ taskId, agentId }) => ({
            task_id: id(taskId),
            ...(agentId !== undefined && { agent_id: id(agentId) }),
          })),
        },
      }
  }
}

function inverseAnswer(call: {
  readonly inverseOfferIds: readonly string[]
  readonly refuseSeconds?: number
}): JsonObject {
  return { inverse_offer_ids: call.inverseOfferIds.map(id), ...filters(call.refuseSeconds) }
}

function launch(tasks: readonly JsonObject[]): JsonObject {
  return { type: 'LAUNCH', launch: { task_infos: tasks } }
}

function filters(refuseSeconds: number | undefined): JsonObject {
  return refuseSeconds === undefined ? {} : { filters: { refuse_seconds: refuseSeconds } }
}
