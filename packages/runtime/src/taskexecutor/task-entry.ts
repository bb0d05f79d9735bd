import { type Logger, type SerializedError, serializeError } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { CheckpointFailureReason } from '../checkpoint/checkpoint-failure-reason.js'
import type { SubtaskCheckpointMetrics } from '../checkpoint/checkpoint-gateways.js'
import { acknowledgeToMessage } from '../checkpoint/checkpoint-reports.js'
import type { SubtaskState } from '../checkpoint/pending-checkpoint.js'
import type {
  ExecutionState,
  JobMasterGateway,
  OperatorEventRequest,
  TaskMetrics,
  UpdateTaskExecutionStateRequest,
} from '../messages/messages.generated.js'
import type {
  RunningTask,
  TaskDeployment,
  TaskLauncher,
  TaskListener,
} from '../taskmanager/task-launcher.js'
import { OperatorEventInbox } from './operator-event-inbox.js'
import { OrderedSender } from './ordered-sender.js'

export interface TaskEntryOptions {
  readonly jobId: string
  readonly executionAttemptId: string
  readonly allocationId: string
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly jobMaster: JobMasterGateway
  readonly onFatalError: (error: unknown) => void
  /** Thread and buffers are gone. */
  readonly onReleased: (entry: TaskEntry) => void
  /** Released, and its JobMaster knows its end or is gone: nothing is left to do. */
  readonly onDone: (entry: TaskEntry) => void
}

/** Something to tell the JobMaster. */
interface TaskReport {
  readonly send: () => Promise<unknown>
  readonly onRefused: (error: unknown) => void
}

const TERMINAL_STATES: readonly ExecutionState[] = ['FINISHED', 'CANCELED', 'FAILED']

/** One attempt on its TaskExecutor, from its submission until its JobMaster knows how it ended. */
export class TaskEntry {
  readonly jobId: string
  readonly executionAttemptId: string
  readonly allocationId: string
  readonly #options: TaskEntryOptions
  readonly #inbox = new OperatorEventInbox()
  /** States and parts of checkpoints, in order: the end of a task does not overtake what it has written. */
  readonly #sender: OrderedSender<TaskReport>
  readonly #eventSenders = new Map<string, OrderedSender<OperatorEventRequest>>()
  readonly #nextSequence = new Map<string, number>()
  /** Events that came before the task was launched. */
  #waitingEvents: { operatorId: string; payload: Uint8Array }[] = []
  #task: RunningTask | undefined
  /** Newest checkpoint of which the task knows that it is complete. */
  #completedCheckpointId = 0n
  #isTerminal = false
  #isReleased = false
  #isFinished = false

  constructor(options: TaskEntryOptions) {
    this.#options = options
    this.jobId = options.jobId
    this.executionAttemptId = options.executionAttemptId
    this.allocationId = options.allocationId
    const { mainThread, log } = options
    this.#sender = new OrderedSender<TaskReport>({
      mainThread,
      log,
      send: (report) => report.send(),
      onRefused: (report, error) => report.onRefused(error),
      onIdle: () => this.#checkDone(),
    })
  }

  /** Whether its results are whole, and stay for their consumers. */
  get isFinished(): boolean {
    return this.#isFinished
  }

  /** Starts the task, unless it was cancelled or failed while it was prepared. */
  launch(launcher: TaskLauncher, deployment: TaskDeployment): void {
    if (this.#isTerminal) return
    const { mainThread, onFatalError } = this.#options
    const listener: TaskListener = {
      onStateChange: (state, error) => mainThread.execute(() => this.#onStateChange(state, error)),
      onOperatorEvent: (operatorId, payload) =>
        mainThread.execute(() => this.#sendEvent(operatorId, payload)),
      onCheckpointAcknowledged: (checkpointId, state, metrics) =>
        mainThread.execute(() => this.#acknowledge(checkpointId, state, metrics)),
      onCheckpointDeclined: (checkpointId, reason, cause) =>
        mainThread.execute(() => this.#decline(checkpointId, reason, cause)),
      onFatalError: (error) => onFatalError(error),
    }
    const task = launcher.launch(deployment, listener)
    this.#task = task
    for (const { operatorId, payload } of this.#waitingEvents) {
      task.deliverOperatorEvent(operatorId, payload)
    }
    this.#waitingEvents = []
    task.released.then(
      () => mainThread.execute(() => this.#onReleased()),
      (error) => onFatalError(error),
    )
  }

  /** The task could not even be started. */
  failBeforeLaunch(error: unknown): void {
    this.#endBeforeLaunch('FAILED', serializeError(error))
  }

  cancel(): void {
    if (this.#task !== undefined) this.#task.cancel()
    else this.#endBeforeLaunch('CANCELED', undefined)
  }

  fail(cause: Error): void {
    if (this.#task !== undefined) this.#task.failExternally(cause)
    else this.#endBeforeLaunch('FAILED', serializeError(cause))
  }

  /** @throws OperatorEventGapError */
  receiveEvent(request: OperatorEventRequest): void {
    if (this.#isTerminal || !this.#inbox.accept(request)) return
    const { operatorId } = request
    // Decoded bytes are a view of the message's buffer; the task may keep them.
    const payload = request.payload.slice()
    if (this.#task === undefined) this.#waitingEvents.push({ operatorId, payload })
    else this.#task.deliverOperatorEvent(operatorId, payload)
  }

  /** @returns false if the task does not run (yet, or any more) */
  triggerCheckpoint(barrier: CheckpointBarrier): boolean {
    if (this.#task === undefined || this.#isTerminal) return false
    this.#task.triggerCheckpoint(barrier)
    return true
  }

  /** What is known already, or was surpassed, is left out. */
  notifyCheckpointComplete(checkpointId: bigint): void {
    if (checkpointId <= this.#completedCheckpointId || this.#task === undefined) return
    this.#completedCheckpointId = checkpointId
    if (!this.#isTerminal) this.#task.notifyCheckpointComplete(checkpointId)
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    if (!this.#isTerminal) this.#task?.notifyCheckpointAborted(checkpointId)
  }

  /** Undefined before the launch. */
  metrics(): TaskMetrics | undefined {
    return this.#task?.metrics()
  }

  /** The JobMaster is gone for good: nothing is reported any more. */
  stopReporting(): void {
    this.#sender.close()
    for (const sender of this.#eventSenders.values()) sender.close()
    this.#checkDone()
  }

  #endBeforeLaunch(state: 'CANCELED' | 'FAILED', error: SerializedError | undefined): void {
    if (this.#isTerminal) return
    this.#onStateChange(state, error)
    this.#onReleased()
  }

  #onStateChange(state: ExecutionState, error: SerializedError | undefined): void {
    const { executionAttemptId, jobId } = this
    const fields = { jobId, executionAttemptId, state }
    const { log } = this.#options
    if (error === undefined) log.info('Task changed its state', fields)
    else log.warn('Task changed its state', { ...fields, error })
    this.#isTerminal ||= TERMINAL_STATES.includes(state)
    this.#isFinished = state === 'FINISHED'
    const metrics = this.metrics()
    const update: UpdateTaskExecutionStateRequest = {
      executionAttemptId,
      state,
      ...(error === undefined ? {} : { error }),
      ...(metrics === undefined ? {} : { metrics }),
    }
    this.#sender.send({
      send: () => this.#options.jobMaster.updateTaskExecutionState(update),
      onRefused: (error) => this.#onUpdateRefused(update, error),
    })
  }

  #acknowledge(checkpointId: bigint, state: SubtaskState, metrics: SubtaskCheckpointMetrics): void {
    const { executionAttemptId } = this
    const report = { executionAttemptId, checkpointId, state, metrics }
    const request = acknowledgeToMessage(report)
    const send = () => this.#options.jobMaster.acknowledgeCheckpoint(request)
    this.#report(checkpointId, send)
  }

  #decline(
    checkpointId: bigint,
    reason: CheckpointFailureReason,
    cause: SerializedError | undefined,
  ): void {
    const { executionAttemptId } = this
    const id = Number(checkpointId)
    const request = { executionAttemptId, checkpointId: id, reason, ...(cause && { cause }) }
    this.#report(checkpointId, () => this.#options.jobMaster.declineCheckpoint(request))
  }

  /** What comes behind the end of the task is of no use: the JobMaster may be gone, and nobody would end the repetitions. */
  #report(checkpointId: bigint, send: () => Promise<unknown>): void {
    if (this.#isTerminal) return
    const onRefused = (error: unknown) => this.#onReportRefused(checkpointId, error)
    this.#sender.send({ send, onRefused })
  }

  /** The checkpoint ends by its timeout then. */
  #onReportRefused(checkpointId: bigint, error: unknown): void {
    const { executionAttemptId } = this
    const fields = { executionAttemptId, checkpointId: `${checkpointId}`, error }
    this.#options.log.warn('A JobMaster refused the report of a checkpoint', fields)
  }

  #onUpdateRefused(update: UpdateTaskExecutionStateRequest, error: unknown): void {
    const { executionAttemptId, state } = update
    this.#options.log.warn('A JobMaster refused the state of a task', {
      executionAttemptId,
      state,
      error,
    })
    if (!this.#isTerminal) {
      this.fail(new Error(`The JobMaster refused that the task is ${state}`, { cause: error }))
    }
  }

  #sendEvent(operatorId: string, payload: Uint8Array): void {
    const { mainThread, log, jobMaster } = this.#options
    let sender = this.#eventSenders.get(operatorId)
    if (sender === undefined) {
      sender = new OrderedSender<OperatorEventRequest>({
        mainThread,
        log,
        send: (request) => jobMaster.sendOperatorEventToCoordinator(request),
        onRefused: (_request, error) =>
          this.fail(
            new Error(`The coordinator of operator ${operatorId} refused an event`, {
              cause: error,
            }),
          ),
      })
      this.#eventSenders.set(operatorId, sender)
    }
    const sequence = this.#nextSequence.get(operatorId) ?? 0
    this.#nextSequence.set(operatorId, sequence + 1)
    sender.send({
      executionAttemptId: this.executionAttemptId,
      operatorId,
      sequence,
      payload: payload.slice(),
    })
  }

  #onReleased(): void {
    this.#isReleased = true
    for (const sender of this.#eventSenders.values()) sender.close()
    this.#options.onReleased(this)
    this.#checkDone()
  }

  #checkDone(): void {
    if (this.#isReleased && this.#sender.isIdle) this.#options.onDone(this)
  }
}
