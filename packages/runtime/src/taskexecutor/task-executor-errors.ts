import { FlinkError } from '@flink-ts/core'

/** The slot is not there, or another allocation holds it. */
export class SlotNotAvailableError extends FlinkError {
  readonly allocationId: string

  constructor(facts: {
    resourceId: string
    slotNumber: number
    allocationId: string
    why: string
  }) {
    super(
      `Slot ${facts.slotNumber} of TaskManager ${facts.resourceId} cannot be allocated as ${facts.allocationId}: ${facts.why}`,
      { code: 'FLINK_SLOT_NOT_AVAILABLE' },
    )
    this.allocationId = facts.allocationId
  }
}

/** An allocated slot was not taken over by its JobMaster in time. */
export class SlotTimeoutError extends FlinkError {
  constructor(facts: { allocationId: string; timeoutMs: number }) {
    super(
      `The JobMaster did not take over slot ${facts.allocationId} within ${facts.timeoutMs} ms (taskmanager.slot.timeout)`,
      { code: 'FLINK_SLOT_TIMEOUT' },
    )
  }
}

/** A caller that this TaskManager does not, or no longer, belong to. */
export class StaleCallerError extends FlinkError {
  constructor(facts: { caller: string; why: string }) {
    super(`The request of ${facts.caller} was refused: ${facts.why}`, {
      code: 'FLINK_STALE_CALLER',
    })
  }
}

/** A task cannot be accepted. */
export class TaskSubmissionError extends FlinkError {
  readonly executionAttemptId: string

  constructor(facts: { executionAttemptId: string; why: string; cause?: unknown }) {
    super(`Task ${facts.executionAttemptId} was not accepted: ${facts.why}`, {
      code: 'FLINK_TASK_SUBMISSION',
      cause: facts.cause,
    })
    this.executionAttemptId = facts.executionAttemptId
  }
}

/** No such attempt runs here. */
export class TaskNotFoundError extends FlinkError {
  readonly executionAttemptId: string

  constructor(facts: { executionAttemptId: string; resourceId: string }) {
    super(`TaskManager ${facts.resourceId} runs no task ${facts.executionAttemptId}`, {
      code: 'FLINK_TASK_NOT_FOUND',
    })
    this.executionAttemptId = facts.executionAttemptId
  }
}

/** Too long without a ResourceManager: the process ends. */
export class RegistrationTimeoutError extends FlinkError {
  constructor(facts: { resourceId: string; timeoutMs: number }) {
    super(
      `TaskManager ${facts.resourceId} could not register at a ResourceManager within ${facts.timeoutMs} ms (taskmanager.registration.timeout)`,
      { code: 'FLINK_TASK_MANAGER_REGISTRATION_TIMEOUT' },
    )
  }
}

/** The ResourceManager that this TaskManager was registered at has given it up: others run in its place. */
export class TaskManagerGivenUpError extends FlinkError {
  constructor(facts: { resourceId: string; rejection: string }) {
    super(
      `TaskManager ${facts.resourceId} was given up by the ResourceManager it was registered at: ${facts.rejection}`,
      { code: 'FLINK_TASK_MANAGER_GIVEN_UP' },
    )
  }
}

/** Why tasks fail although they did nothing wrong. */
export class JobMasterLostError extends FlinkError {
  readonly jobId: string

  constructor(facts: { jobId: string; resourceId: string; cause: unknown }) {
    super(`TaskManager ${facts.resourceId} lost the JobMaster of job ${facts.jobId}`, {
      code: 'FLINK_JOB_MASTER_LOST',
      retriable: true,
      cause: facts.cause,
    })
    this.jobId = facts.jobId
  }
}

/** By which a {@link TaskManagerClosingError} is known at the other end. */
export const TASK_MANAGER_CLOSING_CODE = 'FLINK_TASK_MANAGER_CLOSING'

/** The TaskManager ends. */
export class TaskManagerClosingError extends FlinkError {
  constructor(facts: { resourceId: string }) {
    super(`TaskManager ${facts.resourceId} is shutting down`, {
      code: TASK_MANAGER_CLOSING_CODE,
      retriable: true,
    })
  }
}
