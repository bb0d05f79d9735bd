import { type Logger, noopLogger } from '@flink-ts/core'
import type { ChannelEvent, CheckpointBarrier } from '@flink-ts/network'
import type { OperatorChain } from '../operators/operator-chain.js'
import { MAX_WATERMARK } from '../operators/watermarks.js'
import type { TaskCheckpoints } from './checkpoint/task-checkpoints.js'
import { closeTaskParts } from './close-task-parts.js'
import { InputTurn } from './input/input-turn.js'
import { Mailbox } from './mailbox.js'
import { TaskTime } from './metrics/task-time.js'
import {
  createRunningParts,
  openParts,
  type RunningParts,
  type TaskCalls,
} from './running-parts.js'
import type { StreamTaskOptions, TaskParts } from './stream-task-options.js'
import { isTerminalTaskState, type TaskState, taskTransition } from './task-state.js'

/** Whether a task wants to be called again at once, when it is woken, or not any more. */
export type TaskStep = 'CONTINUE' | 'WAIT' | 'ENDED'

type Phase = 'created' | 'starting' | 'running' | 'finishing' | 'ending' | 'closing' | 'ended'

/**
 * One attempt of one subtask: a mailbox whose `step()` never blocks. Whoever drives it (a worker
 * thread, a simulation) calls `step` until it answers WAIT, and again after each `wake`.
 *
 * Order: INITIALIZING (make and open the chain) → RUNNING (the mails that are there and a batch of input, in turns) → at
 * the end of all data finish the chain, tell the consumers, read the inputs to their very end, close →
 * FINISHED. Cancellation and failure go straight to close.
 */
export class StreamTask {
  readonly #options: StreamTaskOptions
  readonly #mailbox: Mailbox
  readonly #time: TaskTime
  readonly #inputTurn: InputTurn
  readonly #log: Logger
  #state: TaskState = 'DEPLOYING'
  #phase: Phase = 'created'
  #parts: TaskParts | undefined
  #running: RunningParts | undefined
  /** The last step found nothing to do. */
  #hasWaited = true
  /** A mail that is asynchronous: nothing else happens in the task meanwhile. */
  #pendingMail: Promise<void> | undefined
  #cancelled = false
  #failure: { error: unknown } | undefined

  constructor(options: StreamTaskOptions) {
    this.#options = options
    this.#mailbox = new Mailbox(options.wake)
    const time = options.time ?? new TaskTime(options.clock)
    this.#time = time
    this.#inputTurn = new InputTurn({ time, mailbox: this.#mailbox, wake: options.wake })
    this.#log = (options.log ?? noopLogger).child({ task: options.name })
  }

  get state(): TaskState {
    return this.#state
  }

  get time(): TaskTime {
    return this.#time
  }

  /** The operators, once they have been made. */
  get chain(): OperatorChain | undefined {
    return this.#parts?.chain
  }

  /** Records that the head has taken from the network. */
  get recordsIn(): number {
    return this.#running?.head.recordCount ?? 0
  }

  /** Records that went to the network. */
  get recordsOut(): number {
    return this.#parts?.outputs.reduce((sum, output) => sum + output.recordCount, 0) ?? 0
  }

  get mailbox(): Mailbox {
    return this.#mailbox
  }

  /** Ends the task; it answers CANCELED from a later step. Idempotent. */
  cancel(): void {
    this.#cancelled = true
    this.#options.wake()
  }

  /** Lets the task fail with `error`, unless it has failed already. Idempotent. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#options.wake()
  }

  /** Hands an event of its coordinator to an operator, after the operators have been opened. */
  deliverOperatorEvent(operatorId: string, payload: Uint8Array): void {
    this.#mailbox.execute(
      () => this.#parts?.chain.handleOperatorEvent(operatorId, payload),
      'operator event',
    )
  }

  /** Behind all events that were delivered before. */
  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#tellCheckpoints((checkpoints) => checkpoints.trigger(barrier))
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#tellCheckpoints((checkpoints) => checkpoints.notifyComplete(checkpointId))
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.#tellCheckpoints((checkpoints) => checkpoints.notifyAborted(checkpointId))
  }

  step(): TaskStep {
    try {
      if (this.#mustStop()) this.#beginClosing()
      return this.#stepPhase()
    } catch (error) {
      this.fail(error)
      return 'CONTINUE'
    }
  }

  #tellCheckpoints(tell: (checkpoints: TaskCheckpoints) => void | Promise<void>): void {
    this.#mailbox.execute(() => {
      const checkpoints = this.#running?.checkpoints
      return checkpoints && tell(checkpoints)
    }, 'checkpoint')
  }

  #stepPhase(): TaskStep {
    if (this.#pendingMail !== undefined) return 'WAIT'
    switch (this.#phase) {
      case 'created':
        this.#transition('INITIALIZING')
        this.#phase = 'starting'
        return this.#run(this.#start(), () => {
          this.#phase = 'running'
          this.#time.enter('busy')
          this.#transition('RUNNING')
          if (this.#running!.isFinishedOnRestore) this.#endData({ drain: true })
        })
      case 'running':
      case 'ending':
        return this.#stepRunning()
      case 'finishing':
        // What an operator waits for before it has finished may come as a mail.
        this.#mailbox.beginBatch()
        return this.#stepMail() ?? 'WAIT'
      case 'starting':
      case 'closing':
        return 'WAIT'
      case 'ended':
        return 'ENDED'
    }
  }

  async #start(): Promise<void> {
    const { loadCode, assemble } = this.#options
    const code = await loadCode()
    // Cancelled meanwhile: nobody would close what is opened now.
    if (this.#phase !== 'starting') return
    const parts = assemble(code, this.#mailbox)
    this.#parts = parts
    const calls: TaskCalls = {
      fail: (error) => this.fail(error),
      execute: (action, description) => this.#mailbox.execute(action, description),
      hold: (work) => this.#hold(work),
      drain: () => {
        this.#running!.head.end(true)
        this.#beginFinish()
      },
      suspend: () => {
        this.#running!.head.end(false)
        this.#endData({ drain: false })
      },
    }
    this.#running = createRunningParts(parts, this.#options, calls, this.#log)
    if (this.#running.isFinishedOnRestore) return
    const head = await openParts(parts, this.#running.head, this.#options.checkpoints)
    this.#running = { ...this.#running, head }
  }

  /** A batch of mails, a batch of input, and so on: neither starves the other. */
  #stepRunning(): TaskStep {
    // Who was asleep looks at what has come meanwhile.
    if (this.#hasWaited) this.#mailbox.beginBatch()
    this.#hasWaited = false
    const mailed = this.#stepMail()
    if (mailed !== undefined) return mailed
    const step = this.#stepInput(this.#running!)
    this.#mailbox.beginBatch()
    if (step !== 'WAIT' || !this.#mailbox.isEmpty) return 'CONTINUE'
    this.#hasWaited = true
    return 'WAIT'
  }

  /** @returns undefined when the batch is through */
  #stepMail(): TaskStep | undefined {
    const mail = this.#mailbox.take()
    if (mail === undefined) return undefined
    this.#time.enter('busy')
    const handled = mail.action()
    this.#running!.flusher.afterBatch(true)
    if (handled === undefined) return 'CONTINUE'
    this.#hold(handled)
    return 'WAIT'
  }

  /** Nothing else happens until `work` has settled. */
  #hold(work: Promise<void>): void {
    this.#pendingMail = this.#settled(work).finally(() => {
      this.#pendingMail = undefined
      this.#options.wake()
    })
  }

  #stepInput(running: RunningParts): TaskStep {
    const { checkpoints } = running
    const result = this.#inputTurn.take(running)
    switch (result) {
      case 'END_OF_DATA':
        this.#beginFinish()
        return 'CONTINUE'
      case 'END_OF_INPUT':
        if (this.#pendingMail !== undefined || checkpoints?.mayEnd === false) {
          return this.#inputTurn.idle(running, false)
        }
        checkpoints?.beforeEnd()
        this.#broadcast({ type: 'END_OF_PARTITION' })
        this.#beginClosing()
        return 'WAIT'
      default:
        return result
    }
  }

  #beginFinish(): void {
    this.#phase = 'finishing'
    const checkpointFollows = this.#running!.checkpoints?.beginFinish() === true
    this.#run(this.#finish(checkpointFollows), () => this.#endData({ drain: true }))
  }

  /** All data is there: what the operators still hold goes out. */
  async #finish(checkpointFollows: boolean): Promise<void> {
    await this.#parts!.chain.finish({ checkpointFollows })
    while (this.#pendingMail !== undefined) await this.#pendingMail
  }

  /** The word that it was all. @param drain operators behind the task finish, too */
  #endData({ drain }: { drain: boolean }): void {
    const { flusher, checkpoints, isFinishedOnRestore } = this.#running!
    this.#phase = 'ending'
    if (isFinishedOnRestore) {
      for (const output of this.#parts!.outputs) output.emitWatermark(MAX_WATERMARK)
    }
    this.#broadcast({ type: 'END_OF_DATA', drain })
    flusher.flush()
    checkpoints?.onDataEnded()
  }

  #broadcast(event: ChannelEvent): void {
    for (const output of this.#parts!.outputs) output.broadcastEvent(event)
  }

  /** Waits for `work`, the next thing that happens to the task but for mails, cancellation and failure. */
  #run(work: Promise<void>, then: () => void): TaskStep {
    const phase = this.#phase
    const done = work.then(() => {
      // Otherwise the task has been cancelled or has failed while this was on its way.
      if (this.#phase === phase && this.#failure === undefined) then()
    })
    void this.#settled(done).then(() => this.#options.wake())
    return 'WAIT'
  }

  /** Resolves in any case; an error fails the task. */
  #settled(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      if (this.#phase === 'closing' || this.#phase === 'ended') {
        this.#log.warn('Error after the task was stopped', { error })
      } else this.#failure ??= { error }
    })
  }

  #mustStop(): boolean {
    if (this.#phase === 'closing' || this.#phase === 'ended') return false
    return this.#cancelled || this.#failure !== undefined
  }

  #beginClosing(): void {
    if (this.#mustStop() && this.#failure === undefined) this.#transition('CANCELING')
    this.#phase = 'closing'
    this.#mailbox.close()
    this.#running?.flusher.close()
    void this.#close()
  }

  async #close(): Promise<void> {
    const written = this.#running?.checkpoints?.close()
    const { operatorErrors, ioErrors } = await closeTaskParts(this.#parts)
    await written
    const firstError = operatorErrors.shift()
    if (firstError !== undefined && !this.#cancelled) this.#failure ??= { error: firstError }
    for (const error of operatorErrors) this.#log.warn('Error while closing an operator', { error })
    const [ioError] = ioErrors
    if (ioError !== undefined) this.#failure ??= { error: ioError }
    this.#phase = 'ended'
    this.#transition(this.#terminalState(), this.#failure?.error)
    this.#options.wake()
  }

  #terminalState(): TaskState {
    if (this.#state === 'CANCELING') return 'CANCELED'
    return this.#failure === undefined ? 'FINISHED' : 'FAILED'
  }

  #transition(to: TaskState, error?: unknown): void {
    const from = this.#state
    this.#state = taskTransition(from, to)
    this.#log.debug('Task switched state', { from, to })
    if (isTerminalTaskState(to)) this.#time.enter(undefined)
    this.#options.onStateChange(to, error)
  }
}
