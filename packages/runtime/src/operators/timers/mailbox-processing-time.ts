import type { CancelTimer, Clock } from '@flink-ts/core'
import type { MailboxExecutor } from '../stream-operator.js'
import type { ProcessingTimeService } from './processing-time-service.js'

/** A clock may not be able to wait longer: who has waited in vain waits once more. */
const MAX_DELAY_MS = 2 ** 31 - 1

type TimerAction = (timestampMs: number) => void | Promise<void>

/** Timers of one operator by the injected clock; each becomes a mail of its task when it is due. */
export class MailboxProcessingTime implements ProcessingTimeService {
  readonly #clock: Clock
  readonly #mailbox: MailboxExecutor
  readonly #cancels = new Set<CancelTimer>()
  #closed = false

  constructor(clock: Clock, mailbox: MailboxExecutor) {
    this.#clock = clock
    this.#mailbox = mailbox
  }

  currentTimeMs(): number {
    return this.#clock.now()
  }

  registerTimer(timestampMs: number, action: TimerAction, description = 'timer'): CancelTimer {
    let isPending = !this.#closed
    let cancelWait: CancelTimer = () => {}
    const cancel = () => {
      isPending = false
      this.#cancels.delete(cancel)
      cancelWait()
    }
    const wait = () => {
      const delayMs = Math.min(Math.max(0, timestampMs - this.#clock.now()), MAX_DELAY_MS)
      cancelWait = this.#clock.schedule(delayMs, () => this.#mailbox.execute(mail, description))
    }
    const mail = () => {
      // It may have been cancelled between the moment it was due and its turn.
      if (!isPending) return undefined
      // Clocks are set back, and those that wait count otherwise than those that tell the time.
      if (this.#clock.now() < timestampMs) {
        wait()
        return undefined
      }
      cancel()
      return action(timestampMs)
    }
    if (isPending) {
      this.#cancels.add(cancel)
      wait()
    }
    return cancel
  }

  /** Cancels what is pending; what is registered from now on never fires. Idempotent. */
  close(): void {
    this.#closed = true
    for (const cancel of [...this.#cancels]) cancel()
  }
}
