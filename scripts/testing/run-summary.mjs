import { FailureReader, failureLines } from './failures.mjs'

/** What `npm test` closes with: what was skipped, what failed and one plain line. */
export class RunSummary {
  #counts = ''
  #skips = []
  #reader
  #error

  /** @param reader of failures; one that throws leaves their list incomplete, but does not end the run */
  constructor(reader = new FailureReader()) {
    this.#reader = reader
  }

  /** One of the TAP of the run. */
  line(line) {
    if (/^# \{ total/.test(line)) this.#counts = line
    if (/^\s*ok .*# SKIP/i.test(line)) this.#skips.push(line.trim())
    this.#guard(() => this.#reader.line(line))
  }

  /** @param status the exit code of the run; null if a signal ended it */
  closing(status) {
    const told = []
    this.#guard(() => told.push(...failureLines(this.#reader.failures)))
    const count = (key) => Number(this.#counts.match(new RegExp(`\\b${key}: (\\d+)`))?.[1] ?? 0)
    const failed = Math.max(count('fail'), status === 0 ? 0 : 1)
    return [
      ...this.#skips.map((skip) => `skipped: ${skip}`),
      ...(told.length > 0 ? ['', 'Failed:', ...told, ''] : []),
      ...(this.#error === undefined
        ? []
        : [`The list of what failed is not complete, see the output: ${this.#error.stack}`]),
      `${count('pass')} passed, ${failed} failed, ${count('skip')} skipped`,
    ]
  }

  #guard(read) {
    try {
      read()
    } catch (error) {
      this.#error ??= error
    }
  }
}
