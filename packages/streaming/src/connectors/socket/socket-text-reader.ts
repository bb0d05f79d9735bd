import { StringDecoder } from 'node:string_decoder'
import {
  AdaptiveBatch,
  type CancelTimer,
  FlinkError,
  type InputStatus,
  type ReaderOutput,
  type SocketConnection,
  type SourceReader,
  type SourceReaderContext,
  type SourceSplit,
} from '@flink-ts/core'
import { Availability } from '../splits/availability.js'
import type { SocketTextSourceConfig } from './socket-text-source.js'

/** Pause before a connection is made again, in ms; Flink's. */
const RETRY_DELAY_MS = 500
/** Most texts emitted in one turn. */
const BATCH_MAX = 256
/** Received characters that wait to be emitted before the sender is slowed down. */
const MAX_WAITING_CHARS = 256 * 1024
/** The longest text that is read. */
const MAX_TEXT_CHARS = 16 * 1024 * 1024

/** The connection of a socket text source failed. */
export class SocketTextError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_SOCKET_TEXT', retriable: true, cause })
  }
}

/** Reads texts from a TCP connection; connects when it is given its split. */
export class SocketTextReader implements SourceReader<string, SourceSplit> {
  readonly #context: SourceReaderContext
  readonly #config: Required<SocketTextSourceConfig>
  readonly #available = new Availability()
  readonly #batch: AdaptiveBatch
  #splits: SourceSplit[] = []
  #connection: SocketConnection | undefined
  #cancelRetry: CancelTimer | undefined
  #retries = 0
  #decoder = new StringDecoder('utf8')
  /** Complete texts that wait, from `#next` on. */
  #texts: string[] = []
  #next = 0
  #waitingChars = 0
  #paused = false
  #begun = ''
  #error: unknown
  #ended = false

  constructor(context: SourceReaderContext, config: Required<SocketTextSourceConfig>) {
    this.#context = context
    this.#config = config
    this.#batch = new AdaptiveBatch(context.clock, BATCH_MAX)
  }

  start(): void {
    this.#context.sendSplitRequest()
  }

  pollNext(output: ReaderOutput<string>): InputStatus {
    const end = Math.min(this.#next + this.#batch.begin(), this.#texts.length)
    while (this.#next < end) {
      const text = this.#texts[this.#next++]!
      this.#waitingChars -= text.length
      output.collect(text)
    }
    this.#batch.end()
    if (this.#next < this.#texts.length) return 'MORE_AVAILABLE'
    this.#texts = []
    this.#next = 0
    this.#resume()
    // What had come before it failed has been emitted.
    if (this.#error !== undefined) throw this.#error
    return this.#ended ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE'
  }

  isAvailable(): Promise<void> {
    const waiting = this.#next < this.#texts.length
    return this.#available.wait(waiting || this.#ended || this.#error !== undefined)
  }

  addSplits(splits: SourceSplit[]): void {
    this.#splits.push(...splits)
    this.#connect()
  }

  notifyNoMoreSplits(): void {
    if (this.#splits.length > 0) return
    this.#ended = true
    this.#available.signal()
  }

  snapshotState(): SourceSplit[] {
    return [...this.#splits]
  }

  close(): void {
    this.#cancelRetry?.()
    this.#connection?.close()
    this.#connection = undefined
  }

  #connect(): void {
    const { host, port } = this.#config
    const connection = this.#context.sockets.connect(host, port)
    this.#connection = connection
    this.#decoder = new StringDecoder('utf8')
    const isCurrent = () => this.#connection === connection
    connection.onData((bytes) => {
      if (isCurrent()) this.#receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    })
    connection.onEnd(() => {
      if (isCurrent()) this.#disconnected(undefined)
    })
    connection.onError((error) => {
      if (isCurrent()) this.#disconnected(error)
    })
  }

  #receive(bytes: Buffer): void {
    const { delimiter } = this.#config
    const from = Math.max(0, this.#begun.length - delimiter.length + 1)
    const text = this.#begun + this.#decoder.write(bytes)
    let start = 0
    for (let end = text.indexOf(delimiter, from); end >= 0; end = text.indexOf(delimiter, start)) {
      this.#complete(text.slice(start, end))
      start = end + delimiter.length
    }
    this.#begun = text.slice(start)
    if (this.#begun.length > MAX_TEXT_CHARS) this.#fail(this.#tooLong())
    if (this.#waitingChars >= MAX_WAITING_CHARS && !this.#paused) {
      this.#paused = true
      this.#connection?.pause()
    }
  }

  #complete(text: string): void {
    const strip = this.#config.delimiter === '\n' && text.endsWith('\r')
    this.#texts.push(strip ? text.slice(0, -1) : text)
    this.#waitingChars += text.length + 1
    this.#available.signal()
  }

  #resume(): void {
    this.#waitingChars = 0
    if (!this.#paused) return
    this.#paused = false
    this.#connection?.resume()
  }

  #disconnected(error: Error | undefined): void {
    this.#connection?.close()
    this.#connection = undefined
    this.#paused = false
    const { host, port, maxRetry } = this.#config
    if (maxRetry === -1 || this.#retries < maxRetry) {
      this.#retries++
      this.#cancelRetry = this.#context.clock.schedule(RETRY_DELAY_MS, () => this.#connect())
      return
    }
    if (error !== undefined) {
      const after = this.#retries > 0 ? ` (after ${this.#retries} retries)` : ''
      this.#fail(
        new SocketTextError(
          `Cannot read text from ${host}:${port}${after}: ${error.message}; a server must listen there ` +
            'before the job starts, or maxRetry must be given',
          error,
        ),
      )
      return
    }
    const rest = this.#begun + this.#decoder.end()
    this.#begun = ''
    if (rest !== '') this.#complete(rest)
    this.#ended = true
    this.#splits = []
    this.#available.signal()
  }

  #tooLong(): Error {
    const { host, port, delimiter } = this.#config
    return new SocketTextError(
      `Cannot read text from ${host}:${port}: ${MAX_TEXT_CHARS} characters came without the delimiter ` +
        JSON.stringify(delimiter),
    )
  }

  #fail(error: unknown): void {
    this.#error ??= error
    this.#connection?.close()
    this.#connection = undefined
    this.#available.signal()
  }
}
