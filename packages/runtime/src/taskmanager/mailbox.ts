import type { MailboxExecutor } from '../operators/stream-operator.js'

/** Something to do between two records, in the task's own thread. */
export interface Mail {
  readonly action: () => void | Promise<void>
  readonly description: string
}

/** A task's mails, in the order in which they were sent. */
export class Mailbox implements MailboxExecutor {
  readonly #onMail: () => void
  #mails: Mail[] = []
  #closed = false

  /** @param onMail wakes the task */
  constructor(onMail: () => void) {
    this.#onMail = onMail
  }

  get isEmpty(): boolean {
    return this.#mails.length === 0
  }

  /** Mails for a task that has ended are dropped. */
  execute(action: () => void | Promise<void>, description: string): void {
    if (this.#closed) return
    this.#mails.push({ action, description })
    this.#onMail()
  }

  take(): Mail | undefined {
    return this.#mails.shift()
  }

  close(): void {
    this.#closed = true
    this.#mails = []
  }
}
