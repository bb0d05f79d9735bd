import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { FileDescriptorLineWriter } from './line-writer.js'

const STDOUT = 1
const STDERR = 2

/**
 * Standard output and error of a task's thread, written by the thread itself. Whatever user code
 * uses (`console`, `process.stdout`) ends here instead of going through the main thread.
 */
export class ThreadConsole {
  readonly stdout = new FileDescriptorLineWriter(STDOUT)
  readonly stderr = new FileDescriptorLineWriter(STDERR)
  #muted = false

  /** Replaces `console`, `process.stdout` and `process.stderr` of this thread. */
  install(): void {
    const stdout = this.#stream(this.stdout)
    const stderr = this.#stream(this.stderr)
    const console = new Console({ stdout, stderr })
    for (const [name, value] of Object.entries(console)) {
      // Into the same object: whoever has imported node:console has this one too.
      if (typeof value === 'function') Object.assign(globalThis.console, { [name]: value })
    }
    for (const [name, stream] of Object.entries({ stdout, stderr })) {
      Object.defineProperty(process, name, { get: () => stream, configurable: true })
    }
  }

  /** Discards what is written until the returned function is called. */
  mute(): () => void {
    this.#muted = true
    return () => {
      this.#muted = false
    }
  }

  flush(): void {
    this.stdout.flush()
    this.stderr.flush()
  }

  #stream(lines: FileDescriptorLineWriter): Writable {
    return new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        if (!this.#muted) lines.writeText(typeof chunk === 'string' ? chunk : chunk.toString())
        done()
      },
    })
  }
}
