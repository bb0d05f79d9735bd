import type { SchedulerEvent, SubscriptionEnd } from '@flink-ts/mesos-client'

/** What comes out of a stream at the scheduler's side. */
export interface StreamReader {
  subscribed(frameworkId: string): void
  event(event: SchedulerEvent): void
  ended(end: SubscriptionEnd): void
  broken(reason: string): void
}

/** The connection of one subscription, between a master and a scheduler; all that is put in comes out later, in order. */
export class SimulatedStream {
  readonly #reader: StreamReader
  readonly #later: (action: () => void) => void
  /** The master's side writes, and takes calls of it. */
  #isOpen = true
  /** The scheduler's side reads. */
  #isRead = true

  constructor(reader: StreamReader, later: (action: () => void) => void) {
    this.#reader = reader
    this.#later = later
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isRead(): boolean {
    return this.#isRead
  }

  subscribed(frameworkId: string): void {
    this.#put(() => this.#reader.subscribed(frameworkId))
  }

  send(event: SchedulerEvent): void {
    this.#put(() => this.#reader.event(event))
  }

  /** The master says why it ends the stream, and does. */
  end(end: SubscriptionEnd): void {
    this.#put(() => {
      this.#isRead = false
      this.#reader.ended(end)
    })
    this.#isOpen = false
  }

  /** The master, or the network, ends it without a word. */
  break(reason: string): void {
    this.#put(() => {
      this.#isRead = false
      this.#reader.broken(reason)
    })
    this.#isOpen = false
  }

  /** The scheduler reads no more. */
  abandon(): void {
    this.#isRead = false
  }

  #put(deliver: () => void): void {
    if (!this.#isOpen) return
    this.#later(() => {
      if (this.#isRead) deliver()
    })
  }
}
