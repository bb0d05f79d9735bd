import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import type { FileOutputStream, FileSystems, Random } from '@flink-ts/core'
import type { FileDigest } from '../snapshot/frame-writer.js'
import type { CheckpointLocation } from './file-system-checkpoint-storage.js'
import type { StateCopies, StateCopy } from './state-copies.js'
import { discardStateHandle, type StateHandle } from './state-handle.js'

export interface StateStreamsOptions {
  readonly fileSystems: FileSystems
  /** Names of files. */
  readonly random: Random
  readonly location: CheckpointLocation
  /** `execution.checkpointing.data-inline-threshold`: smaller state goes into `_metadata`. Default 20 KiB. */
  readonly inlineThresholdBytes?: number
  /** Gets a second copy of each file. Absent: there is none. */
  readonly copies?: StateCopies
}

/** The TaskManager's side of a checkpoint: makes the files of one checkpoint's state. */
export class StateStreams {
  readonly #options: StateStreamsOptions

  constructor(options: StateStreamsOptions) {
    this.#options = options
  }

  /**
   * @param scope `shared` state outlives the checkpoint and is never inlined
   * @param options.digest `given`: the caller knows the checksum of all bytes and tells it in the end. Default `computed`
   */
  open(
    scope: 'exclusive' | 'shared',
    { digest = 'computed' }: { readonly digest?: 'computed' | 'given' } = {},
  ): StateOutputStream {
    return new StateOutputStream(this.#options, scope, digest === 'given')
  }

  /**
   * A file that several checkpoints use is on this machine, too. To be called for all that a checkpoint needs, stored now or before.
   * Never rejects.
   */
  async keepShared(key: string, source: string): Promise<void> {
    await this.#options.copies?.keepShared(key, source)
  }

  /** Removes a file that one of its streams made and that nobody else knows of. */
  discard(handle: StateHandle): Promise<void> {
    return discardStateHandle(this.#options.fileSystems, handle)
  }
}

/** Bytes from which on a write of its own is worth what it costs. */
const WRITE_BYTES = 256 * 1024

/**
 * Writes one file of a snapshot; it becomes a file only when it is large. Ends by `finish` or `abort`. Small pieces are collected: a write to
 * a file ends when the thread of the task comes to its event loop, which is some milliseconds for each.
 */
export class StateOutputStream {
  readonly #options: StateStreamsOptions
  readonly #scope: 'exclusive' | 'shared'
  readonly #isDigestGiven: boolean
  #held: Uint8Array[] = []
  #heldBytes = 0
  #file:
    | { readonly path: string; readonly stream: FileOutputStream; readonly copy?: StateCopy }
    | undefined
  #sizeBytes = 0
  #checksum = 0
  #ended = false

  /** @internal See {@link StateStreams.open}. */
  constructor(options: StateStreamsOptions, scope: 'exclusive' | 'shared', isDigestGiven: boolean) {
    this.#options = options
    this.#scope = scope
    this.#isDigestGiven = isDigestGiven
  }

  /** One write at a time. @param bytes kept until the next write ended; must not change meanwhile */
  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#ended, 'the stream is open')
    this.#sizeBytes += bytes.length
    if (!this.#isDigestGiven) this.#checksum = crc32(bytes, this.#checksum)
    if (this.#file === undefined && !this.#mayBeInlined) await this.#beginFile()
    if (bytes.length >= WRITE_BYTES && this.#file !== undefined) {
      await this.#writeHeld()
      await this.#writeToFile(bytes)
      return
    }
    this.#held.push(Uint8Array.from(bytes))
    this.#heldBytes += bytes.length
    if (this.#file !== undefined && this.#heldBytes >= WRITE_BYTES) await this.#writeHeld()
  }

  /**
   * Makes the bytes durable. Whoever has the handle owns the file.
   *
   * @param given of all bytes, if the stream was opened for that
   */
  async finish(given?: FileDigest): Promise<StateHandle> {
    assert(!this.#ended, 'the stream is open')
    assert(this.#isDigestGiven === (given !== undefined), 'the digest comes from where it was said')
    const sizeBytes = this.#sizeBytes
    assert(given === undefined || given.sizeBytes === sizeBytes, 'all bytes are in the stream')
    this.#ended = true
    const digest = { sizeBytes, checksum: given?.checksum ?? this.#checksum }
    if (this.#file === undefined && this.#mayBeInlined) {
      return { kind: 'inline', bytes: Buffer.concat(this.#held), ...digest }
    }
    try {
      await this.#writeHeld()
    } catch (error) {
      await this.#giveUp(error)
      throw error
    }
    const { path, stream, copy } = this.#file!
    try {
      await stream.sync()
      await stream.close()
    } catch (error) {
      await this.#remove(error)
      throw error
    }
    await copy?.finish()
    return { kind: 'file', path, ...digest }
  }

  /** Gives up and removes what was written. Idempotent; nothing happens after `finish`. */
  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#giveUp(undefined)
  }

  /** Whether it is so small that it is no file, so far. */
  get #mayBeInlined(): boolean {
    const { inlineThresholdBytes = 20 * 1024 } = this.#options
    return this.#scope === 'exclusive' && this.#sizeBytes < inlineThresholdBytes
  }

  async #giveUp(reason: unknown): Promise<void> {
    this.#held = []
    if (this.#file === undefined) return
    try {
      await this.#file.stream.close()
    } finally {
      await this.#remove(reason)
    }
  }

  async #writeHeld(): Promise<void> {
    if (this.#file === undefined) await this.#beginFile()
    if (this.#heldBytes === 0) return
    const bytes = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    await this.#writeToFile(bytes)
  }

  async #beginFile(): Promise<void> {
    const { fileSystems, random, location, copies } = this.#options
    const folder = this.#scope === 'shared' ? location.sharedDirectory : location.directory
    const path = `${folder}/${random.hex(16)}`
    const stream = await fileSystems.forPath(path).create(path, 'exclusive')
    // What several checkpoints use is kept as the backend has it.
    const copy = this.#scope === 'exclusive' ? copies?.begin(path) : undefined
    this.#file = { path, stream, ...(copy !== undefined && { copy }) }
  }

  async #writeToFile(bytes: Uint8Array): Promise<void> {
    const { stream, copy } = this.#file!
    const copied = copy?.write(bytes)
    try {
      await stream.write(bytes)
    } finally {
      await copied
    }
  }

  async #remove(reason: unknown): Promise<void> {
    const { path, copy } = this.#file!
    await copy?.abort()
    try {
      await this.#options.fileSystems.forPath(path).delete(path, { recursive: false })
    } catch (error) {
      // The first error is the one that says why; a file that stays goes with the checkpoint's folder.
      if (reason === undefined) throw error
    }
  }
}
