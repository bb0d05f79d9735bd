/** A blob on its way in; it counts only after {@link IncomingBlob.commit}. */
export interface IncomingBlob {
  append(bytes: Uint8Array): Promise<void>
  /** Makes it visible under `key`, whose form was checked and whose digest it has. Ends it. */
  commit(key: string): Promise<void>
  /** Leaves nothing behind. Idempotent, also after `commit`. */
  discard(): Promise<void>
}

/** Keeps blobs by key. Keys have been checked by the caller. */
export interface BlobStore {
  /** Where blob `key` is, for whoever reads the file itself. */
  pathOf(key: string): string
  /** @returns undefined if there is no such blob */
  sizeOf(key: string): Promise<number | undefined>
  /** Up to `maxBytes` from `offset`; fewer only at the end. */
  read(key: string, offset: number, maxBytes: number): Promise<Uint8Array>
  receive(): Promise<IncomingBlob>
  /** Nothing happens if there is none. */
  delete(key: string): Promise<void>
  /** Removes everything. */
  close(): Promise<void>
}
