import type { BlobStore, IncomingBlob } from '@flink-ts/runtime'
import { InMemoryBlobStore } from '@flink-ts/runtime'

/** The folder of a highly available cluster: it outlives each JobManager. */
export class SharedBlobStore implements BlobStore {
  readonly #store = new InMemoryBlobStore()

  get keys(): string[] {
    return this.#store.keys
  }

  pathOf(key: string): string {
    return this.#store.pathOf(key)
  }

  sizeOf(key: string): Promise<number | undefined> {
    return this.#store.sizeOf(key)
  }

  read(key: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    return this.#store.read(key, offset, maxBytes)
  }

  receive(): Promise<IncomingBlob> {
    return this.#store.receive()
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(key)
  }

  async close(): Promise<void> {}
}
