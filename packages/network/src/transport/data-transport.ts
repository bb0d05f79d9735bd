/** What a connection tells its owner; nothing after `onClose`. */
export interface DataConnectionListener {
  /** The chunk is valid during the call. */
  onData(chunk: Buffer): void
  /**
   * Where the next bytes should go, if the listener knows: they come by `onRead` then, copied by nobody.
   * Not every connection asks, and it may ask in vain.
   */
  readTarget?(): Buffer | undefined
  /** So many bytes are in what `readTarget` answered last. */
  onRead?(length: number): void
  /** What had arrived has been handed over: what was put off until then is due. */
  onBurstEnd?(): void
  /** Once. `cause` is absent when the peer ended in good order. */
  onClose(cause: Error | undefined): void
}

/** An ordered stream of bytes in both directions. */
export interface DataConnection {
  /** Who is at the other end, for messages. */
  readonly peer: string
  /** Whether the listener's `onBurstEnd` is called. */
  readonly announcesBurstEnds?: boolean
  /** Bytes handed to `write` that are not on their way yet; infinite when broken. */
  readonly bufferedBytes: number
  /** Must be called once before anything is received. */
  start(listener: DataConnectionListener): void
  /**
   * Sends chunks in order without copying them first: their memory must stay as it is until
   * `onSent`, which also comes, soon, when the connection breaks.
   */
  write(chunks: readonly Uint8Array[], onSent: () => void): void
  /** Ends the stream after what was written. */
  end(): void
  /** Breaks the connection at once; `onClose(cause)` follows. */
  destroy(cause?: Error): void
}

export interface DataListener {
  readonly port: number
  /** Takes no more connections; those that exist are their owners'. */
  close(): Promise<void>
}

/** How TaskManagers reach each other: TCP, or something within the process. */
export interface DataTransport {
  listen(
    address: { host: string; port: number },
    onConnection: (connection: DataConnection) => void,
  ): Promise<DataListener>
  /** @throws when nobody answers there */
  connect(address: { host: string; port: number }): Promise<DataConnection>
}
