import assert from 'node:assert/strict'
import {
  AdaptiveBatch,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
} from '@flink-ts/core'
import { Availability } from '../splits/availability.js'
import { SplitLines, TURN_BYTES_MAX } from './split-lines.js'
import { InputNotReadableError, type TextFileSplit } from './text-file-split.js'

/** Reads the lines of text file splits, one split after the other; the next piece of a file is read ahead. */
export class TextFileReader implements SourceReader<string, TextFileSplit> {
  readonly #context: SourceReaderContext
  readonly #pieceBytes: number | undefined
  readonly #available = new Availability()
  readonly #batch: AdaptiveBatch
  #splits: TextFileSplit[] = []
  #current: SplitLines | undefined
  #opening: Promise<void> | undefined
  #closing: Promise<void> = Promise.resolve()
  #error: unknown
  #noMoreSplits = false
  #requested = false
  #closed = false

  /** @param pieceBytes how much is read at once; 512 KiB */
  constructor(context: SourceReaderContext, pieceBytes?: number) {
    this.#context = context
    this.#pieceBytes = pieceBytes
    this.#batch = new AdaptiveBatch(context.clock, TURN_BYTES_MAX)
  }

  start(): void {
    if (this.#splits.length === 0) this.#request()
  }

  pollNext(output: ReaderOutput<string>): InputStatus {
    if (this.#error !== undefined) throw this.#error
    const current = this.#current
    if (current === undefined) {
      if (this.#splits.length === 0 && this.#noMoreSplits) return 'END_OF_INPUT'
      return 'NOTHING_AVAILABLE'
    }
    current.emitSome(output, this.#batch.begin())
    this.#batch.end()
    // The next split is asked for while the last piece of this one is still being emitted.
    if (current.fullyRead && this.#splits.length === 1) this.#request()
    if (current.done) this.#finishSplit(current)
    if (this.#current !== undefined) {
      return this.#current.canEmit ? 'MORE_AVAILABLE' : 'NOTHING_AVAILABLE'
    }
    return this.#splits.length === 0 && this.#noMoreSplits ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE'
  }

  isAvailable(): Promise<void> {
    const ended = this.#splits.length === 0 && this.#noMoreSplits
    return this.#available.wait(
      ended || this.#error !== undefined || this.#current?.canEmit === true,
    )
  }

  addSplits(splits: TextFileSplit[]): void {
    this.#requested = false
    this.#splits.push(...splits)
    this.#openNext()
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true
    this.#available.signal()
  }

  snapshotState(): TextFileSplit[] {
    const position = this.#current?.position
    return this.#splits.map((split, i) =>
      i === 0 && position !== undefined ? { ...split, position } : split,
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening
    await this.#current?.close()
    await this.#closing
  }

  #request(): void {
    if (this.#requested || this.#noMoreSplits) return
    this.#requested = true
    this.#context.sendSplitRequest()
  }

  #finishSplit(current: SplitLines): void {
    this.#splits.shift()
    this.#current = undefined
    const before = this.#closing
    this.#closing = current.close().then(
      () => before,
      (error: unknown) => this.#fail(error),
    )
    if (this.#splits.length === 0) this.#request()
    else this.#openNext()
  }

  #openNext(): void {
    if (this.#current !== undefined || this.#opening !== undefined) return
    const split = this.#splits[0]
    if (split === undefined) return
    this.#opening = this.#open(split).finally(() => {
      this.#opening = undefined
      this.#available.signal()
    })
  }

  async #open(split: TextFileSplit): Promise<void> {
    try {
      const stream = await this.#context.fileSystems.forPath(split.path).open(split.path)
      assert(this.#current === undefined, 'one split is read at a time')
      this.#current = new SplitLines(split, stream, {
        onProgress: () => this.#available.signal(),
        ...(this.#pieceBytes !== undefined && { pieceBytes: this.#pieceBytes }),
      })
      if (!this.#closed) this.#current.start()
    } catch (error) {
      this.#fail(new InputNotReadableError(split.path, error))
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error
    this.#available.signal()
  }
}
