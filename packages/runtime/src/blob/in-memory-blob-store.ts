import assert from 'node:assert/strict'
import type { BlobStore, IncomingBlob } from './blob-store.js'

/** Keeps blobs in memory: simulation, tests, embedded clusters whose programs have no bundle. */
export class InMemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>()

  get keys(): string[] {
    return [...this.#blobs.keys()]
  }

  pathOf(key: string): string {
    return `memory:///${key}`
  }

  async sizeOf(key: string): Promise<number | undefined> {
    return this.#blobs.get(key)?.length
  }

  async read(key: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    const blob = this.#blobs.get(key)
    assert(blob !== undefined, `blob ${key} is there`)
    return blob.slice(offset, offset + maxBytes)
  }

  async receive(): Promise<IncomingBlob> {
    const pieces: Uint8Array[] = []
    return {
      append: async (bytes) => void pieces.push(bytes.slice()),
      commit: async (key) => void this.#blobs.set(key, new Uint8Array(Buffer.concat(pieces))),
      discard: async () => void pieces.splice(0),
    }
  }

  async delete(key: string): Promise<void> {
    this.#blobs.delete(key)
  }

  async close(): Promise<void> {
    this.#blobs.clear()
  }
}
