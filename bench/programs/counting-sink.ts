import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sink, SinkWriter, WriterInitContext } from '@flink-ts/core'

/** Forgets what it gets; with a folder, each subtask leaves the number of its records there in a file. */
export class CountingSink<T> implements Sink<T> {
  readonly #folder: string | undefined

  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  createWriter({ subtaskIndex }: WriterInitContext): SinkWriter<T> {
    const folder = this.#folder
    let records = 0
    return {
      write() {
        records++
      },
      flush(endOfInput) {
        if (endOfInput && folder !== undefined) {
          writeFileSync(join(folder, String(subtaskIndex)), String(records))
        }
      },
      close() {},
    }
  }
}
