import { writeSync } from 'node:fs'
import type { LineWriter } from '@flink-ts/core'

/** Characters that are kept before they are written, about 64 KiB of plain text. */
const FLUSH_LENGTH = 64 * 1024
/** Pause before another attempt on a pipe that is full, in ms. */
const RETRY_MS = 1

/**
 * Writes lines to a file descriptor from the thread that calls it, in large synchronous writes. The
 * way through a worker's `process.stdout` would go by the main thread and keep it from its work.
 */
export class FileDescriptorLineWriter implements LineWriter {
  readonly #fd: number
  #lines: string[] = []
  #length = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  writeLine(line: string): void {
    this.#lines.push(line)
    this.#length += line.length + 1
    if (this.#length >= FLUSH_LENGTH) this.flush()
  }

  /** Writes text that may be a part of a line. */
  writeText(text: string): void {
    if (text.endsWith('\n')) this.writeLine(text.slice(0, -1))
    else {
      this.flush()
      this.#write(text)
    }
  }

  flush(): void {
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    this.#length = 0
    this.#write(text)
  }

  #write(text: string): void {
    const bytes = Buffer.from(text)
    let written = 0
    while (written < bytes.length) {
      try {
        written += writeSync(this.#fd, bytes, written)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // The reader of the pipe is gone; what it does not read cannot fail the job.
        if (code === 'EPIPE') return
        if (code !== 'EAGAIN') throw error
        Atomics.wait(sleepCell, 0, 0, RETRY_MS)
      }
    }
  }
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4))
