import type { SerializedError } from '@flink-ts/core'

/**
 * Failures that the loss of a TaskManager would explain, which is not known to be lost yet. They count
 * against the restart budget only once it has answered: see ADR 0011.
 */
export class UnprovenFailures {
  readonly #byTaskManager = new Map<string, SerializedError>()
  readonly #ask: (resourceId: string) => void

  /** @param ask finds out whether a TaskManager is there; the answer is {@link alive} or {@link lost} */
  constructor(ask: (resourceId: string) => void) {
    this.#ask = ask
  }

  /** Several failures that point to one TaskManager are one. */
  add(resourceId: string, error: SerializedError): void {
    if (this.#byTaskManager.has(resourceId)) return
    this.#byTaskManager.set(resourceId, error)
    this.#ask(resourceId)
  }

  /** The TaskManager has answered. @returns the failure that it does not explain */
  alive(resourceId: string): SerializedError | undefined {
    const error = this.#byTaskManager.get(resourceId)
    this.#byTaskManager.delete(resourceId)
    return error
  }

  /** The TaskManager is gone: that was the reason. */
  lost(resourceId: string): void {
    this.#byTaskManager.delete(resourceId)
  }
}
