import type { WorkerStore } from '../tasks/worker-store.js'
import type { FrameworkIdFile } from './framework-id-file.js'

/** As whom this cluster is known to Mesos: where the coordination service or a file keeps it. */
export class FrameworkIdentity {
  readonly #store: WorkerStore
  readonly #file: FrameworkIdFile | undefined
  #frameworkId: string | undefined
  #isRecalled = false
  #kept: Promise<void> = Promise.resolve()

  constructor(store: WorkerStore, file: FrameworkIdFile | undefined) {
    this.#store = store
    this.#file = file
  }

  /** Undefined: the master gives a new one. */
  get frameworkId(): string | undefined {
    return this.#frameworkId
  }

  /** Whether {@link recall} has succeeded: before, an absent {@link frameworkId} says nothing, and the file may be of anybody. */
  get isRecalled(): boolean {
    return this.#isRecalled
  }

  /**
   * @param stored what the store has
   * @throws FlinkError FLINK_MESOS_FRAMEWORK_ID_FILE, also if another id could not be kept
   */
  async recall(stored: string | undefined): Promise<void> {
    const inFile = await this.#file?.read()
    this.#frameworkId = stored ?? inFile
    await this.#file?.check()
    this.#isRecalled = true
  }

  /** Resolves when a later leader, or process, will know; written once, however often it is asked for. */
  keep(frameworkId: string): Promise<void> {
    if (this.#frameworkId !== frameworkId) {
      this.#frameworkId = frameworkId
      this.#kept = this.#keep(frameworkId)
    }
    return this.#kept
  }

  /**
   * Resolves when nobody else had become the leader.
   *
   * @throws LeadershipLostError
   */
  async confirm(): Promise<void> {
    if (this.#frameworkId !== undefined) await this.#store.putFrameworkId(this.#frameworkId)
    else await this.#store.confirm()
  }

  /** The master has retired it. */
  async forget(): Promise<void> {
    this.#frameworkId = undefined
    await this.#store.forgetFrameworkId()
    await this.#file?.remove()
  }

  async #keep(frameworkId: string): Promise<void> {
    await this.#store.putFrameworkId(frameworkId)
    await this.#file?.write(frameworkId)
  }
}
