import type { Mailbox } from '../mailbox.js'
import type { TaskTime } from '../metrics/task-time.js'
import type { RunningParts } from '../running-parts.js'

/** How a turn ended. END_OF_DATA comes once, before END_OF_INPUT. */
export type InputTurnResult = 'CONTINUE' | 'WAIT' | 'END_OF_DATA' | 'END_OF_INPUT'

/** A task's turn at its input, and what it does when there is nothing to process or nobody who takes what it makes. */
export class InputTurn {
  readonly #time: TaskTime
  readonly #mailbox: Mailbox
  readonly #wake: () => void

  /** @param wake called when a turn that ended with WAIT may go on */
  constructor(options: { time: TaskTime; mailbox: Mailbox; wake: () => void }) {
    this.#time = options.time
    this.#mailbox = options.mailbox
    this.#wake = options.wake
  }

  /** Processes a batch of input, if that is possible. Never blocks but for a moment. */
  take(parts: RunningParts): InputTurnResult {
    const { flusher, gate, head, checkpoints } = parts
    if (checkpoints?.isSuspending) return this.idle(parts, false)
    if (!gate.isOpen()) return this.#backPressured(parts)
    this.#time.enter('busy')
    const result = head.processBatch()
    switch (result) {
      case 'MORE':
        flusher.afterBatch(true)
        checkpoints?.writeSlice(true)
        return 'CONTINUE'
      case 'NOTHING_AVAILABLE':
        return this.idle(parts, true)
      default:
        return result
    }
  }

  /** There is nothing to process. @param isListening what comes from the head wakes the task */
  idle({ flusher, head, checkpoints }: RunningParts, isListening: boolean): 'CONTINUE' | 'WAIT' {
    this.#time.enter('idle')
    flusher.onIdle()
    if (checkpoints?.writeSlice(false)) return 'CONTINUE'
    if (isListening && this.#mailbox.isEmpty) head.onAvailable(this.#wake)
    return 'WAIT'
  }

  #backPressured({ flusher, gate, head, checkpoints }: RunningParts): 'CONTINUE' | 'WAIT' {
    // They pass what waits; what they have the task send needs no buffers.
    if (checkpoints?.isUnaligned && head.pollPriority()) return 'CONTINUE'
    this.#time.enter('softBackPressured')
    flusher.afterBatch(false)
    if (checkpoints?.writeSlice(false)) return 'CONTINUE'
    // Waiting may block for a moment: not while there are mails, which will lead here again.
    if (this.#mailbox.isEmpty) gate.awaitOpen()
    if (checkpoints?.isUnaligned) head.onPriority(this.#wake)
    return 'WAIT'
  }
}
