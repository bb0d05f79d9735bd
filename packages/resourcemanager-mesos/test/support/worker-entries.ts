import { DriverStore } from '@flink-ts/testing/resource-manager-drivers'

/** What the drivers of Mesos keep. */
export class WorkerEntries extends DriverStore {
  /** Of the workers, by task: as `Launched`. */
  get workers(): Readonly<Record<string, string>> {
    const found = [...this.entries].filter(([name]) => name.startsWith('taskmanager-'))
    return Object.fromEntries(
      found.map(([name, { value }]) => [name, JSON.parse(Buffer.from(value).toString()).state]),
    )
  }
}
