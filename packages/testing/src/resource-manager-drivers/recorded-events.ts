import type { ResourceEventHandler, WorkerHandle } from '@flink-ts/runtime'

/** What a driver has told its ResourceManager, in the order in which it did. */
export class RecordedEvents {
  readonly recovered: WorkerHandle[] = []
  /** Ids of workers, and why they ended. */
  readonly terminated: [id: string, diagnostics: string][] = []
  readonly errors: Error[] = []
  readonly handler: ResourceEventHandler

  /** @param isHeard false: what is told now is not kept, as when the process is dead. Default: all is */
  constructor(isHeard: () => boolean = () => true) {
    const ifHeard =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        if (isHeard()) listener(...args)
      }
    this.handler = {
      onPreviousAttemptWorkersRecovered: ifHeard((workers) => void this.recovered.push(...workers)),
      onWorkerTerminated: ifHeard((id, text) => void this.terminated.push([id, text])),
      onError: ifHeard((error) => void this.errors.push(error)),
    }
  }
}
