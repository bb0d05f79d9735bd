import type { MailboxExecutor } from '../operators/stream-operator.js'

/** Something to do between two records, in the task's own thread. */
export interface Mail {
  readonly action: () => void | Promise<void>
  readonly description: string
}

/**
 * A task's mails, in the order in which they were sent. They are taken in batches: of mails that send mails the later
 * ones wait until the task has had its turn at its input.
 */
export class Mailbox implements MailboxExecutor {
  readonly #onMail: () => void
  #mails: Mail[] = []
  /** Mails of the batch that are left. */
  #due = 0
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

  /** What is here now is due. */
  beginBatch(): void {
    this.#due = this.#mails.length
  }

  /** The next mail of the batch; undefined at its end. */
  take(): Mail | undefined {
    if (this.#due === 0) return undefined
    this.#due--
    return this.#mails.shift()
  }

  close(): void {
    this.#closed = true
    this.#mails = []
    this.#due = 0
  }
}
