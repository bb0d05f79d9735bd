/** What happens on a connection; nothing more after `closed`. */
export interface IpcSocketHandlers {
  opened(): void
  data(bytes: Uint8Array): void
  /** By either side, or because it broke, or because it was never made. */
  closed(error: Error | undefined): void
}

/** A connection, as far as Hadoop IPC needs it. */
export interface IpcSocket {
  /** In order; what cannot be sent at once waits. */
  write(bytes: Uint8Array): void
  /** Ends it at once; `closed` is not called any more. */
  destroy(): void
}

/** Begins a connection; `handlers` are never called before this call has returned. */
export type IpcSocketConnector = (
  host: string,
  port: number,
  handlers: IpcSocketHandlers,
) => IpcSocket
