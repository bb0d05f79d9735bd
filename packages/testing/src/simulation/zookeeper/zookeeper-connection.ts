import type { CancelTimer, Clock, Random } from '@flink-ts/core'

export interface ZooKeeperConnectionOptions {
  readonly clock: Clock
  readonly random: Random
  /** Of each message, in milliseconds; undefined: messages arrive in the same moment. */
  readonly latencyMs: (() => number) | undefined
}

type Direction = 'toServers' | 'toClient'

interface Message {
  readonly deliver: () => void
  cancel: CancelTimer | undefined
}

/**
 * A connection of a client to the ensemble: in each direction messages arrive in the order in which they
 * were sent, or, from some message on, not at all. Messages can be held on their way, as by a network
 * that loses packets or a process that stands still.
 */
export class ZooKeeperConnection {
  readonly #options: ZooKeeperConnectionOptions
  readonly #lastArrivalMs: Record<Direction, number> = { toServers: 0, toClient: 0 }
  readonly #underWay: Record<Direction, Message[]> = { toServers: [], toClient: [] }
  /** Undefined: messages pass. */
  readonly #held: Record<Direction, (() => void)[] | undefined> = {
    toServers: undefined,
    toClient: undefined,
  }
  #broken = false
  /** The servers notice. */
  onBreak: () => void = () => {}

  constructor(options: ZooKeeperConnectionOptions) {
    this.#options = options
  }

  get isBroken(): boolean {
    return this.#broken
  }

  send(direction: Direction, deliver: () => void): void {
    if (this.#broken) return
    const { clock, latencyMs } = this.#options
    const underWay = this.#underWay[direction]
    const message: Message = { deliver, cancel: undefined }
    const arrive = () => {
      const index = underWay.indexOf(message)
      if (index < 0) return
      underWay.splice(index, 1)
      const held = this.#held[direction]
      if (held === undefined) deliver()
      else held.push(deliver)
    }
    underWay.push(message)
    if (latencyMs === undefined) {
      queueMicrotask(arrive)
      return
    }
    const now = clock.monotonicNow()
    const arrivalMs = Math.max(now + latencyMs(), this.#lastArrivalMs[direction])
    this.#lastArrivalMs[direction] = arrivalMs
    message.cancel = clock.schedule(arrivalMs - now, arrive)
  }

  /** What arrives from now on waits for {@link release}. */
  hold(direction: Direction): void {
    this.#held[direction] ??= []
  }

  /** What was held arrives, in order. */
  release(direction: Direction): void {
    const held = this.#held[direction]
    this.#held[direction] = undefined
    // What is under way arrives later: all of this is before it.
    for (const deliver of held ?? []) if (!this.#broken) deliver()
  }

  /**
   * Ends it: nothing reaches the client any more. What the client had sent may be at the servers' door: by
   * chance the first so many messages of it arrive yet.
   *
   * @returns those messages, if `collect`; they do not arrive by themselves then
   */
  break(options: { readonly collect?: boolean } = {}): (() => void)[] {
    if (this.#broken) return []
    this.#broken = true
    for (const { cancel } of this.#underWay.toClient.splice(0)) cancel?.()
    this.#held.toClient = undefined
    this.#held.toServers = undefined
    const sent = this.#underWay.toServers
    const arriving = sent.length === 0 ? 0 : this.#options.random.nextInt(sent.length + 1)
    for (const { cancel } of sent.splice(arriving)) cancel?.()
    this.onBreak()
    if (options.collect !== true) return []
    const collected = sent.splice(0)
    for (const { cancel } of collected) cancel?.()
    return collected.map(({ deliver }) => deliver)
  }
}
