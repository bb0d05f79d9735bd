import { createHash, type Hash } from 'node:crypto'

/** What happened: the time, where, and what. */
export interface TraceEvent {
  readonly atMs: number
  /** Process or part of the world. */
  readonly source: string
  readonly text: string
}

/** Names of real folders begin so; they differ from run to run and do not count. */
export const SCRATCH_PREFIX = 'flink-ts-simulation-'
const SCRATCH_PATH = /[^\s"']*flink-ts-simulation-[^\s"']*/g

/** The last events are kept for reports. */
const DEFAULT_RING_SIZE = 400

/**
 * Everything that happened in a run, as a running hash: two runs with the same hash did the same. The
 * last events are kept.
 */
export class SimulationTrace {
  readonly #now: () => number
  readonly #hash: Hash = createHash('sha256')
  /** Nothing is recorded: the hash is that of nothing. */
  readonly isOff: boolean
  readonly #ringSize: number
  readonly #listener: ((event: TraceEvent) => void) | undefined
  #ring: TraceEvent[] = []
  #events = 0

  constructor(options: {
    now: () => number
    ringSize?: number
    listener?: ((event: TraceEvent) => void) | undefined
    /** Records nothing, for runs whose speed counts. Default false. */
    off?: boolean | undefined
  }) {
    this.#now = options.now
    this.#ringSize = options.ringSize ?? DEFAULT_RING_SIZE
    this.#listener = options.listener
    this.isOff = options.off ?? false
  }

  add(source: string, text: string, payload?: Uint8Array): void {
    if (this.isOff) return
    const atMs = this.#now()
    this.#hash.update(`${atMs} ${source} ${withoutScratch(text)}\n`)
    if (payload !== undefined) this.#hash.update(payloadWithoutScratch(payload))
    this.#events++
    const event = { atMs, source, text }
    this.#ring.push(event)
    if (this.#ring.length >= 2 * this.#ringSize) this.#ring = this.#ring.slice(-this.#ringSize)
    this.#listener?.(event)
  }

  get events(): number {
    return this.#events
  }

  /** Of all events until now: 64 hex digits. */
  get hash(): string {
    return this.#hash.copy().digest('hex')
  }

  /** The last events, oldest first, a line each. */
  tail(count = this.#ringSize): string[] {
    return this.#ring.slice(-count).map(renderTraceEvent)
  }
}

/** One line: virtual time in ms, source, text. */
export function renderTraceEvent({ atMs, source, text }: TraceEvent): string {
  return `${atMs.toFixed(3).padStart(12)} ${source.padEnd(8)} ${text}`
}

function withoutScratch(text: string): string {
  return text.includes(SCRATCH_PREFIX) ? text.replaceAll(SCRATCH_PATH, 'scratch') : text
}

function payloadWithoutScratch(payload: Uint8Array): Uint8Array | string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return bytes.includes(SCRATCH_PREFIX) ? withoutScratch(bytes.toString('latin1')) : bytes
}
