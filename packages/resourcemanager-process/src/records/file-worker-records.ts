import type { LocalProcesses, WorkerProcess } from '../local-processes.js'
import type { WorkerRecords } from './worker-records.js'

/** In a file of this machine: for the JobManager that is started anew after one that was killed. */
export class FileWorkerRecords implements WorkerRecords {
  readonly #processes: LocalProcesses
  #workers: readonly WorkerProcess[] = []

  constructor(processes: LocalProcesses) {
    this.#processes = processes
  }

  async read(): Promise<WorkerProcess[]> {
    const found = this.#processes.readRecord()
    this.#workers = found
    return found
  }

  async add(worker: WorkerProcess): Promise<void> {
    this.#write([...this.#workers, worker])
  }

  async remove({ resourceId }: WorkerProcess): Promise<void> {
    this.#write(this.#workers.filter((each) => each.resourceId !== resourceId))
  }

  close(): void {}

  #write(workers: readonly WorkerProcess[]): void {
    this.#workers = workers
    this.#processes.writeRecord(workers)
  }
}
