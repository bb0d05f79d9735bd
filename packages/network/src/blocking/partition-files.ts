/* Adapter: the files of blocking partitions. Calls are synchronous: page cache on the whole, see ADR 0018. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { SlotFlags } from '../buffer/buffer-queue.js'
import { ShuffleFileError } from '../errors/shuffle-file-error.js'
import { type Block, decodeBlockIndex, encodeBlockIndex } from './block-index.js'
import { lz4Compress } from './lz4-block.js'

/** The folder of a partition: its name comes from the wire and may be anything. */
export function partitionFolder(root: string, partitionId: string): string {
  return join(root, createHash('sha256').update(partitionId).digest('hex').slice(0, 32))
}

/** Writes the blocks of a partition: a file for each subpartition, or one for all. */
export class PartitionFileWriter {
  readonly #folder: string
  readonly #partitionId: string
  readonly #fileOf: (subpartition: number) => number
  readonly #scratch: Buffer | undefined
  readonly #blocks: Block[][]
  readonly #files = new Map<number, { fd: number; size: number }>()

  constructor(options: {
    folder: string
    partitionId: string
    numberOfSubpartitions: number
    isOneFile: boolean
    isCompressed: boolean
    maxBlockBytes: number
  }) {
    this.#folder = options.folder
    this.#partitionId = options.partitionId
    this.#fileOf = options.isOneFile ? () => 0 : (subpartition) => subpartition
    if (options.isCompressed) this.#scratch = Buffer.allocUnsafeSlow(options.maxBlockBytes)
    this.#blocks = Array.from({ length: options.numberOfSubpartitions }, () => [])
    this.#do('create', () => mkdirSync(this.#folder, { recursive: true }))
  }

  /** Appends a block; its memory may be used again at once. @throws ShuffleFileError */
  append(subpartition: number, bytes: Buffer, flags: number): void {
    let stored = bytes
    let storedFlags = flags
    const scratch = this.#scratch
    if (scratch !== undefined && (flags & SlotFlags.event) === 0) {
      const length = lz4Compress(bytes, scratch.subarray(4, bytes.length))
      if (length > 0) {
        scratch.writeUInt32LE(bytes.length)
        stored = scratch.subarray(0, 4 + length)
        storedFlags |= SlotFlags.compressed
      }
    }
    const index = this.#fileOf(subpartition)
    this.#do('write', () => {
      let file = this.#files.get(index)
      if (file === undefined) {
        file = { fd: openSync(join(this.#folder, `${index}.data`), 'w'), size: 0 }
        this.#files.set(index, file)
      }
      for (let done = 0; done < stored.length; ) done += writeSync(file.fd, stored, done)
      this.#blocks[subpartition]!.push({
        file: index,
        offset: file.size,
        storedBytes: stored.length,
        flags: storedFlags,
        checksum: crc32(stored),
      })
      file.size += stored.length
    })
  }

  /** All has been written: from now on the partition can be read. @throws ShuffleFileError */
  finish(): void {
    this.close()
    this.#do('finish', () => {
      const index = join(this.#folder, 'index')
      // By a rename: whoever finds an index finds all of it.
      writeFileSync(`${index}.part`, encodeBlockIndex(this.#blocks))
      renameSync(`${index}.part`, index)
    })
  }

  close(): void {
    for (const { fd } of this.#files.values()) closeSync(fd)
    this.#files.clear()
  }

  #do(what: string, action: () => void): void {
    try {
      action()
    } catch (cause) {
      throw new ShuffleFileError({
        what,
        partitionId: this.#partitionId,
        folder: this.#folder,
        cause,
      })
    }
  }
}

/** Reads the blocks of one subpartition, each when it is asked for. Any number of readers may be open. */
export class SubpartitionFileReader {
  readonly #folder: string
  readonly #subpartition: number
  readonly #files = new Map<number, number>()
  #blocks: readonly Block[] | undefined

  constructor(folder: string, subpartition: number) {
    this.#folder = folder
    this.#subpartition = subpartition
  }

  /** @returns the blocks in order @throws Error that says what is wrong with the files */
  blocks(): readonly Block[] {
    if (this.#blocks !== undefined) return this.#blocks
    const path = join(this.#folder, 'index')
    const index = decodeBlockIndex(readFileSync(path))
    if (index === undefined) throw new Error(`${path} is damaged (checksum)`)
    // A broadcast partition is stored once for all its consumers.
    const blocks = index.length === 1 ? index[0] : index[this.#subpartition]
    if (blocks === undefined) {
      throw new Error(
        `the partition has ${index.length} subpartitions, none of number ${this.#subpartition}`,
      )
    }
    this.#blocks = blocks
    return blocks
  }

  /** Fills the first `storedBytes` of `target`. @throws Error that says what is wrong with the files */
  read(block: Block, target: Buffer): void {
    const path = join(this.#folder, `${block.file}.data`)
    let fd = this.#files.get(block.file)
    if (fd === undefined) {
      fd = openSync(path, 'r')
      this.#files.set(block.file, fd)
    }
    let done = 0
    while (done < block.storedBytes) {
      const read = readSync(fd, target, done, block.storedBytes - done, block.offset + done)
      if (read === 0) throw new Error(`${path} ends in the block at ${block.offset}`)
      done += read
    }
    if (crc32(target.subarray(0, done)) !== block.checksum) {
      throw new Error(`${path} is damaged: checksum of the block at ${block.offset}`)
    }
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd)
    this.#files.clear()
  }
}
