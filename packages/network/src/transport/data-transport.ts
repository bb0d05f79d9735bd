/** What a connection tells its owner; nothing after `onClose`. */
export interface DataConnectionListener {
  /** The chunk belongs to the listener. */
  onData(chunk: Buffer): void
  /** Once. `cause` is absent when the peer ended in good order. */
  onClose(cause: Error | undefined): void
}

/** An ordered stream of bytes in both directions. */
export interface DataConnection {
  /** Who is at the other end, for messages. */
  readonly peer: string
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
