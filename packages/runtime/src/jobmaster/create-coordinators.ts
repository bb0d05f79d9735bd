import assert from 'node:assert/strict'
import type { Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import { toErrorInfo } from '../messages/error-info.js'
import type { TaskExecutorGateway } from '../messages/messages.generated.js'
import type { Scheduler } from '../scheduler/scheduler.js'
import {
  type CoordinatorFactory,
  OperatorCoordinators,
} from './coordination/operator-coordinators.js'

/** The operator coordinators of a job, joined to its scheduler and to the TaskManagers. Throws what a factory throws. */
export function createCoordinators(options: {
  readonly factories: ReadonlyMap<string, CoordinatorFactory>
  readonly scheduler: Scheduler
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  /** See `OperatorCoordinatorsOptions.oldestKept`. */
  readonly oldestKept: () => bigint
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
}): OperatorCoordinators {
  const { scheduler, gateway, mainThread } = options
  return new OperatorCoordinators({
    graph: () => scheduler.executionGraph,
    factories: options.factories,
    oldestKept: options.oldestKept,
    log: options.log,
    execute: (action) => mainThread.execute(action),
    schedule: (delayMs, action) => mainThread.schedule(delayMs, action),
    sendToTask: (execution, event) => {
      const taskManager = execution.slot && gateway(execution.slot.location.resourceId)
      assert(taskManager !== undefined, `attempt ${execution.attemptId} runs on a TaskManager`)
      return taskManager.sendOperatorEventToTask(event)
    },
    failTask: (execution, error) => scheduler.failTask(execution.attemptId, toErrorInfo(error)),
    // Later: it may come from amidst a change of the scheduler's own.
    failJob: (error) => mainThread.execute(() => scheduler.failGlobally(toErrorInfo(error))),
  })
}
