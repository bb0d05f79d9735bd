import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sink, SinkWriter, WriterInitContext } from '@flink-ts/core'

/** Records between two looks at the clock. */
const LOOK = 1024
/** Between two lines. */
const INTERVAL_MS = 100

/**
 * Each attempt of a subtask appends lines `<ms since the epoch> <records so far> <ns>` to a file `<subtask>-<attempt>` of a folder: with its first
 * record, then about every 100 ms. The last number is the processor time of its thread (Linux; elsewhere it is left out).
 */
export class ProgressSink<T> implements Sink<T> {
  readonly #folder: string
  readonly #slowUs: number

  /** @param slowUs how long each record takes, by waiting busily */
  constructor(folder: string, slowUs = 0) {
    this.#folder = folder
    this.#slowUs = slowUs
  }

  createWriter({ subtaskIndex, attemptNumber }: WriterInitContext): SinkWriter<T> {
    const file = join(this.#folder, `${subtaskIndex}-${attemptNumber}`)
    const slowMs = this.#slowUs / 1000
    let records = 0
    let due = 0
    const look = () => {
      const now = Date.now()
      if (now < due) return
      due = now + INTERVAL_MS
      appendFileSync(file, `${now} ${records}${threadTime()}\n`)
    }
    return {
      write() {
        records++
        if (slowMs > 0) {
          const until = performance.now() + slowMs
          while (performance.now() < until);
        }
        if (records === 1 || slowMs > 0 || records % LOOK === 0) look()
      },
      flush(endOfInput) {
        due = 0
        if (endOfInput) look()
      },
      close() {},
    }
  }
}

/** With a space in front; nothing where the platform does not tell. */
function threadTime(): string {
  try {
    return ` ${readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]}`
  } catch {
    return ''
  }
}
