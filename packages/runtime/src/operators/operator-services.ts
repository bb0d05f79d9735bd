import type { Clock } from '@flink-ts/core'
import type { KeyedStateBackend, OperatorStateBackend } from '@flink-ts/state'
import type {
  OperatorRestoreSource,
  OperatorSnapshots,
  StateInitializationContext,
  StateSnapshotContext,
} from './state-contexts.js'
import type { MailboxExecutor, Output } from './stream-operator.js'
import type { InternalTimerService, Triggerable } from './timers/internal-timer-service.js'
import { MailboxProcessingTime } from './timers/mailbox-processing-time.js'
import type { ProcessingTimeService } from './timers/processing-time-service.js'
import { TimerServices } from './timers/timer-services.js'

/** What the services of an operator are made with. */
export interface OperatorServicesOptions {
  readonly clock: Clock
  readonly mailbox: MailboxExecutor
  /** Of the operator: timers wait for it. */
  readonly output: Output
  /** Timers of one watermark fire in turns of the task. Default: in one go. */
  readonly interruptibleTimers?: boolean
  /** Called once, when the operator first needs it. */
  readonly createKeyedState: () => KeyedStateBackend
  /** Called once, when the operator first needs it. */
  readonly createOperatorState: () => OperatorStateBackend
}

/** State and timers of one operator in one subtask: made on first use; restored, stored and closed by its chain. */
export class OperatorServices {
  readonly #options: OperatorServicesOptions
  readonly #processingTime: MailboxProcessingTime
  readonly #timers: TimerServices
  #keyed: KeyedStateBackend | undefined
  #operatorState: OperatorStateBackend | undefined

  constructor(options: OperatorServicesOptions) {
    const { clock, mailbox, output, interruptibleTimers = false } = options
    const whenAvailable = () => output.whenAvailable?.()
    const turns = {
      execute: (action: () => void, description: string) => mailbox.execute(action, description),
      whenAvailable,
    }
    this.#options = options
    this.#processingTime = new MailboxProcessingTime(clock, mailbox)
    this.#timers = new TimerServices({
      keyedState: () => this.keyedState(),
      processingTime: this.#processingTime,
      whenAvailable,
      turns: interruptibleTimers ? turns : undefined,
    })
  }

  get processingTime(): ProcessingTimeService {
    return this.#processingTime
  }

  keyedState(): KeyedStateBackend {
    this.#keyed ??= this.#options.createKeyedState()
    return this.#keyed
  }

  operatorState(): OperatorStateBackend {
    this.#operatorState ??= this.#options.createOperatorState()
    return this.#operatorState
  }

  timerService<N>(name: string, target: Triggerable<N>): InternalTimerService<N> {
    return this.#timers.service(name, target)
  }

  /**
   * Reads what the operator goes on from.
   *
   * @param restoredCheckpointId of the task; undefined: it begins anew
   * @param source absent: the operator begins empty
   */
  async restore(
    restoredCheckpointId: bigint | undefined,
    source: OperatorRestoreSource = {},
  ): Promise<StateInitializationContext> {
    if (source.keyed !== undefined) await this.keyedState().restore(source.keyed)
    if (source.operatorState !== undefined) await this.operatorState().restore(source.operatorState)
    return { restoredCheckpointId, operatorState: () => this.operatorState() }
  }

  /** What there is at this moment. */
  snapshot({
    checkpointId,
    isFull,
  }: StateSnapshotContext): Pick<OperatorSnapshots, 'keyed' | 'operatorState'> {
    const operatorState = this.#operatorState?.snapshot(checkpointId)
    // Last: it must be released.
    const keyed = this.#keyed?.snapshot(checkpointId, { full: isFull })
    return {
      ...(keyed !== undefined && { keyed }),
      ...(operatorState !== undefined && { operatorState }),
    }
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#keyed?.notifyCheckpointComplete?.(checkpointId)
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.#keyed?.notifyCheckpointAborted?.(checkpointId)
  }

  /** Resolves when timers of a watermark have fired that fire in turns; undefined: none is left. */
  whenFired(): Promise<void> | undefined {
    return this.#timers.whenFired()
  }

  /** The operator finishes: timers of the last watermark fire, those of the clock do not any more. */
  finishTimers(): void {
    this.#timers.fireAll()
    this.stopTimers()
  }

  /** No timer of the clock fires any more. Idempotent. */
  stopTimers(): void {
    this.#processingTime.close()
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.stopTimers()
    await this.#keyed?.close?.()
  }
}
