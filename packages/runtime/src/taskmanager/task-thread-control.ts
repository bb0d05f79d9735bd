const CANCELLED = 0
const CALL_LENGTH = 1
const TEXT_OFFSET = 8
const TEXT_BYTES = 1016

/**
 * Memory that a task's thread and its launcher share, for what no message can tell: a thread that
 * waits for a buffer reads none, and one inside of a native call sends none.
 */
export class TaskThreadControl {
  readonly #ints: Int32Array
  readonly #text: Buffer

  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory)
    this.#text = Buffer.from(memory, TEXT_OFFSET, TEXT_BYTES)
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(TEXT_OFFSET + TEXT_BYTES)
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#ints, CANCELLED) === 1
  }

  cancel(): void {
    Atomics.store(this.#ints, CANCELLED, 1)
  }

  /** The native call that the thread is in, such as `child_process.spawnSync at words.ts:12`. */
  get nativeCall(): string | undefined {
    const length = Atomics.load(this.#ints, CALL_LENGTH)
    return length === 0 ? undefined : Buffer.from(this.#text.subarray(0, length)).toString()
  }

  enterNativeCall(description: string): void {
    Atomics.store(this.#ints, CALL_LENGTH, this.#text.write(description))
  }

  leaveNativeCall(): void {
    Atomics.store(this.#ints, CALL_LENGTH, 0)
  }
}
