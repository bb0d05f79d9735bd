import assert from 'node:assert/strict'
import { AdaptiveBatch, type Clock, type Logger, noopLogger } from '@flink-ts/core'
import type { OperatorChain } from '../operators/operator-chain.js'
import type {
  JobCode,
  OneInputStreamOperator,
  SourceStreamOperator,
  TwoInputStreamOperator,
} from '../operators/stream-operator.js'
import { MAX_WATERMARK } from '../operators/watermarks.js'
import { InputProcessor } from './input-processor.js'
import { Mailbox } from './mailbox.js'
import { OutputFlusher } from './output-flusher.js'
import type { TaskInput, TaskOutput } from './task-io.js'
import { isTerminalTaskState, type TaskState, taskTransition } from './task-state.js'
import { TaskTime } from './task-time.js'

/** Whether a task wants to be called again at once, when it is woken, or not any more. */
export type TaskStep = 'CONTINUE' | 'WAIT' | 'ENDED'

/** What a task works with. Closed by the task. */
export interface TaskParts {
  readonly chain: OperatorChain
  readonly inputs: readonly TaskInput[]
  readonly outputs: readonly TaskOutput[]
}

export interface StreamTaskOptions {
  /** Name with subtask, such as `tokenize (2/4)`. */
  readonly name: string
  readonly clock: Clock
  /** Finds the job's code; runs in INITIALIZING. */
  readonly loadCode: () => JobCode | Promise<JobCode>
  /** Makes the operators and takes the gates and partitions; not called for a task that was cancelled before. */
  readonly assemble: (code: JobCode, mailbox: Mailbox) => TaskParts
  /** How long records may wait in an unfilled buffer, in ms; 0: flushed after each batch, -1: full buffers only. */
  readonly bufferTimeoutMs: number
  /** Has `step` called soon, in the task's own thread. May be called at any time, also from within `step`. */
  readonly wake: () => void
  /** Called within `step`; `error` with CANCELED and FAILED, if there is one. */
  readonly onStateChange: (state: TaskState, error: unknown) => void
  readonly log?: Logger
}

/** Most elements between two looks at outputs, operators and mails. */
const BATCH_ELEMENTS_MAX = 256

type Phase = 'created' | 'starting' | 'running' | 'finishing' | 'ending' | 'closing' | 'ended'

/**
 * One attempt of one subtask: a mailbox whose `step()` never blocks. Whoever drives it (a worker
 * thread, a simulation) calls `step` until it answers WAIT, and again after each `wake`.
 *
 * Order: INITIALIZING (make and open the chain) → RUNNING (mails, then a batch of input) → at the end
 * of all data finish the chain, tell the consumers, read the inputs to their very end, close →
 * FINISHED. Cancellation and failure go straight to close.
 */
export class StreamTask {
  readonly #options: StreamTaskOptions
  readonly #mailbox: Mailbox
  readonly #time: TaskTime
  readonly #batch: AdaptiveBatch
  readonly #log: Logger
  #state: TaskState = 'DEPLOYING'
  #phase: Phase = 'created'
  #parts: TaskParts | undefined
  #flusher: OutputFlusher | undefined
  #input: InputProcessor | undefined
  #source: SourceStreamOperator | undefined
  /** The source has nothing and has not said that this changed. */
  #sourceWaits = false
  /** Something asynchronous runs; the task does nothing else meanwhile. */
  #pending = false
  #whenReadyPending = false
  #cancelled = false
  #failure: { error: unknown } | undefined

  constructor(options: StreamTaskOptions) {
    this.#options = options
    this.#mailbox = new Mailbox(options.wake)
    this.#time = new TaskTime(options.clock)
    this.#batch = new AdaptiveBatch(options.clock, BATCH_ELEMENTS_MAX)
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
    return this.#input?.recordCount ?? 0
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

  step(): TaskStep {
    try {
      if (this.#mustStop()) this.#beginClosing()
      return this.#pending ? 'WAIT' : this.#stepPhase()
    } catch (error) {
      this.fail(error)
      return 'CONTINUE'
    }
  }

  #stepPhase(): TaskStep {
    switch (this.#phase) {
      case 'created':
        this.#transition('INITIALIZING')
        this.#phase = 'starting'
        return this.#run(this.#start(), () => {
          this.#phase = 'running'
          this.#transition('RUNNING')
        })
      case 'running':
      case 'ending':
        return this.#stepRunning()
      case 'starting':
      case 'finishing':
      case 'closing':
        return 'WAIT'
      case 'ended':
        return 'ENDED'
    }
  }

  async #start(): Promise<void> {
    this.#time.enter('busy')
    const code = await this.#options.loadCode()
    // Cancelled meanwhile: nobody would close what is opened now.
    if (this.#phase !== 'starting') return
    this.#parts = this.#options.assemble(code, this.#mailbox)
    const { chain, inputs, outputs } = this.#parts
    this.#flusher = new OutputFlusher({ ...this.#options, outputs })
    await chain.open()
    const { head, headType } = chain
    if (headType === 'source') {
      assert(inputs.length === 0, 'a source task has no input gate')
      this.#source = head as SourceStreamOperator
    } else if (headType === 'oneInput') {
      const operator = head as OneInputStreamOperator
      this.#input = new InputProcessor(inputs, { type: headType, operator })
    } else {
      const operator = head as TwoInputStreamOperator
      this.#input = new InputProcessor(inputs, { type: headType, operator })
    }
  }

  #stepRunning(): TaskStep {
    const mail = this.#mailbox.take()
    if (mail !== undefined) {
      this.#time.enter('busy')
      const handled = mail.action()
      this.#flusher!.afterBatch(true)
      return handled === undefined ? 'CONTINUE' : this.#run(handled, () => {})
    }
    if (this.#whenReadyPending || !this.#canEmit()) {
      this.#time.enter('backPressured')
      this.#flusher!.afterBatch(false)
      return 'WAIT'
    }
    return this.#source === undefined ? this.#stepInput() : this.#stepSource(this.#source)
  }

  #canEmit(): boolean {
    for (const output of this.#parts!.outputs) {
      if (output.isAvailable()) continue
      output.onAvailable(this.#options.wake)
      return false
    }
    const ready = this.#parts!.chain.whenReady()
    if (ready === undefined) return true
    this.#whenReadyPending = true
    ready.then(
      () => {
        this.#whenReadyPending = false
        this.#options.wake()
      },
      (error: unknown) => this.fail(error),
    )
    return false
  }

  #stepInput(): TaskStep {
    this.#time.enter('busy')
    const result = this.#input!.processBatch(this.#batch.begin())
    this.#batch.end()
    switch (result) {
      case 'MORE':
        this.#flusher!.afterBatch(true)
        return 'CONTINUE'
      case 'NOTHING_AVAILABLE':
        for (const input of this.#parts!.inputs) input.onAvailable(this.#options.wake)
        return this.#idle()
      case 'END_OF_DATA':
        return this.#finish()
      case 'END_OF_INPUT':
        return this.#end()
    }
  }

  #stepSource(source: SourceStreamOperator): TaskStep {
    if (this.#phase === 'ending') return this.#end()
    if (this.#sourceWaits) return this.#idle()
    this.#time.enter('busy')
    const result = source.emitNext()
    this.#flusher!.afterBatch(true)
    switch (result) {
      case 'MORE_AVAILABLE':
        return 'CONTINUE'
      case 'END_OF_INPUT':
        this.#parts!.chain.headOutput.emitWatermark(MAX_WATERMARK)
        return this.#finish()
      case 'NOTHING_AVAILABLE':
        this.#sourceWaits = true
        source.isAvailable().then(
          () => {
            this.#sourceWaits = false
            this.#options.wake()
          },
          (error: unknown) => this.fail(error),
        )
        return this.#idle()
    }
  }

  #idle(): TaskStep {
    this.#time.enter('idle')
    this.#flusher!.afterBatch(false)
    return 'WAIT'
  }

  /** All data is there: what the operators still hold goes out, then the word that it was all. */
  #finish(): TaskStep {
    this.#phase = 'finishing'
    return this.#run(this.#parts!.chain.finish(), () => {
      for (const output of this.#parts!.outputs) output.endOfData()
      this.#flusher!.flush()
      this.#phase = 'ending'
    })
  }

  #end(): TaskStep {
    for (const output of this.#parts!.outputs) output.endOfPartition()
    this.#beginClosing()
    return 'WAIT'
  }

  /** Waits for `work`; nothing else happens in this task meanwhile but cancellation and failure. */
  #run(work: Promise<void>, then: () => void): TaskStep {
    this.#pending = true
    const phase = this.#phase
    work
      .then(() => {
        // The task has been cancelled or has failed while this was on its way.
        if (this.#phase === phase) then()
      })
      .catch((error: unknown) => {
        if (this.#phase === phase) this.#failure ??= { error }
        else this.#log.warn('Error after the task was stopped', { error })
      })
      .finally(() => {
        if (this.#phase !== 'closing') this.#pending = false
        this.#options.wake()
      })
    return 'WAIT'
  }

  #mustStop(): boolean {
    if (this.#phase === 'closing' || this.#phase === 'ended') return false
    return this.#cancelled || this.#failure !== undefined
  }

  #beginClosing(): void {
    if (this.#mustStop() && this.#failure === undefined) this.#transition('CANCELING')
    this.#phase = 'closing'
    this.#pending = true
    this.#mailbox.close()
    this.#flusher?.close()
    void this.#close()
  }

  async #close(): Promise<void> {
    const errors = (await this.#parts?.chain.close()) ?? []
    const firstError = errors.shift()
    if (firstError !== undefined && !this.#cancelled) this.#failure ??= { error: firstError }
    for (const error of errors) this.#log.warn('Error while closing an operator', { error })
    for (const closeable of [...(this.#parts?.outputs ?? []), ...(this.#parts?.inputs ?? [])]) {
      try {
        closeable.close()
      } catch (error) {
        this.#failure ??= { error }
      }
    }
    this.#phase = 'ended'
    this.#pending = false
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
    if (isTerminalTaskState(to)) this.#time.enter('idle')
    this.#options.onStateChange(to, error)
  }
}
