import type { Clock, Logger } from '@flink-ts/core'
import type { AllocateResponse, RegisterApplicationMasterResponse } from '@flink-ts/hadoop-rpc'
import { describeWaiting, isShort, type WaitingContainers } from './describe-waiting.js'

/** A container comes within seconds where there is room, and YARN starts again in less. */
const AFTER_MS = 10_000
/** Figures that come and go are not worth a message each. */
const AGAIN_MS = 30_000

export interface RequestHindranceOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Only nodes with this label give containers. */
  readonly nodeLabel: string | undefined
  /** What YARN has been asked for, and has not given. */
  readonly waiting: () => readonly WaitingContainers[]
  /** Nodes from which no container is taken. */
  readonly excludedHosts: () => readonly string[]
  /** @param why undefined: nothing hinders requests any more */
  readonly onHindered: (why: string | undefined) => void
}

interface Told {
  /** DELAY: YARN says that there is enough, or nothing about it. */
  readonly kind: 'SHORTAGE' | 'DELAY' | 'SILENCE'
  readonly why: string
}

/** Says why containers that are wanted do not come, when none has for a while: by what YARN answers, or that it does not. */
export class RequestHindrance {
  readonly #options: RequestHindranceOptions
  #queue: string | undefined
  #countsAll = false
  /** Since when YARN answers and gives nothing, while something is wanted. */
  #fruitlessSinceMs: number | undefined
  #silentSinceMs: number | undefined
  /** Since when each answer says that there is enough. */
  #enoughSinceMs: number | undefined
  #told: Told | undefined
  #toldMs = 0

  constructor(options: RequestHindranceOptions) {
    this.#options = options
  }

  registered({
    queue,
    schedulerResourceTypes,
  }: Pick<RegisterApplicationMasterResponse, 'queue' | 'schedulerResourceTypes'>): void {
    this.#queue = queue === '' ? undefined : queue
    this.#countsAll = schedulerResourceTypes.includes('vcores')
    this.#fruitlessSinceMs = undefined
    this.#enoughSinceMs = undefined
  }

  answered({
    allocatedContainers,
    availableResources,
  }: Pick<AllocateResponse, 'allocatedContainers' | 'availableResources'>): void {
    const { clock, waiting, excludedHosts, nodeLabel } = this.#options
    this.#silentSinceMs = undefined
    if (this.#told?.kind === 'SILENCE') this.#tellNothing()
    const wanted = waiting()
    if (wanted.length === 0 || allocatedContainers.length > 0) {
      this.#tellNothing()
      return
    }
    const facts = {
      queue: this.#queue,
      nodeLabel,
      countsAll: this.#countsAll,
      availableResources,
      excludedHosts: excludedHosts(),
    }
    const kind = isShort(wanted, facts) ? 'SHORTAGE' : 'DELAY'
    const nowMs = clock.monotonicNow()
    this.#fruitlessSinceMs ??= nowMs
    if (kind === 'SHORTAGE') this.#enoughSinceMs = undefined
    else this.#enoughSinceMs ??= nowMs
    if (nowMs - this.#fruitlessSinceMs < AFTER_MS) return
    // Others take and give back: the next answer may say again that there is too little.
    const hasEnough = nowMs - (this.#enoughSinceMs ?? nowMs) >= AFTER_MS
    if (this.#told?.kind === 'SHORTAGE' && kind === 'DELAY' && !hasEnough) return
    this.#tell({ kind, why: describeWaiting(wanted, facts) })
  }

  /** A heartbeat failed; it is repeated. */
  unanswered(why: string): void {
    const { clock, waiting } = this.#options
    const nowMs = clock.monotonicNow()
    this.#silentSinceMs ??= nowMs
    if (waiting().length === 0) this.#tellNothing()
    else if (nowMs - this.#silentSinceMs >= AFTER_MS) {
      this.#tell({ kind: 'SILENCE', why: `YARN's ResourceManager cannot be asked: ${why}` })
    }
  }

  /** Nobody hears of it any more, and nothing is wanted. */
  reset(): void {
    this.#told = undefined
    this.#fruitlessSinceMs = undefined
    this.#enoughSinceMs = undefined
    this.#silentSinceMs = undefined
  }

  #tell(told: Told): void {
    const { clock, log, onHindered } = this.#options
    const nowMs = clock.monotonicNow()
    if (told.kind === this.#told?.kind) {
      if (told.why === this.#told.why || nowMs - this.#toldMs < AGAIN_MS) return
    }
    this.#told = told
    this.#toldMs = nowMs
    log.warn('Containers that are wanted do not come', { why: told.why })
    onHindered(told.why)
  }

  #tellNothing(): void {
    this.#fruitlessSinceMs = undefined
    this.#enoughSinceMs = undefined
    if (this.#told === undefined) return
    this.#told = undefined
    this.#options.onHindered(undefined)
  }
}
