import type { LineWriter, Sink, SinkWriter, WriterInitContext } from '@flink-ts/core'
import { lineOf } from '../line-text.js'

/** Settings of a {@link PrintSink}. */
export interface PrintSinkOptions {
  /** Stands before each line. */
  readonly prefix?: string
}

/** Prints elements to the standard output of the task, as `2> value` when several subtasks print. */
export class PrintSink<T> implements Sink<T> {
  readonly #prefix: string

  constructor(options: PrintSinkOptions = {}) {
    this.#prefix = options.prefix ?? ''
  }

  createWriter(context: WriterInitContext): SinkWriter<T> {
    return new PrintWriter(context.stdout, linePrefix(this.#prefix, context))
  }
}

function linePrefix(prefix: string, { subtaskIndex, parallelism }: WriterInitContext): string {
  const subtask = parallelism > 1 ? String(subtaskIndex + 1) : ''
  const text = [prefix, subtask].filter((part) => part !== '').join(':')
  return text === '' ? '' : `${text}> `
}

class PrintWriter<T> implements SinkWriter<T> {
  readonly #stdout: LineWriter
  readonly #prefix: string

  constructor(stdout: LineWriter, prefix: string) {
    this.#stdout = stdout
    this.#prefix = prefix
  }

  write(element: T): void {
    this.#stdout.writeLine(this.#prefix + lineOf(element))
  }

  flush(): void {
    this.#stdout.flush()
  }

  close(): void {
    this.#stdout.flush()
  }
}
