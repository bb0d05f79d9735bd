import { writeVarint } from '../store/bytes.js'
import { hashBytes } from '../store/hash-bytes.js'
import type { LsmKeyContext } from './lsm-key-context.js'

/**
 * The key of the store for the current key in one state: u16 key group, big-endian; varint number of the state; of list and map state varint
 * length of the key; canonical bytes of the key. Chunks of lists and entries of maps have their own bytes behind it.
 */
export class StateKey {
  bytes: Buffer = Buffer.allocUnsafeSlow(128)
  /** Without what {@link append} added. */
  prefixLength = 0
  length = 0
  hash = 0
  /** Of the prefix; never 0. */
  prefixHash = 0
  readonly #context: LsmKeyContext
  readonly #name: string
  readonly #number: number
  readonly #hasLength: boolean
  #version = -1

  constructor(
    context: LsmKeyContext,
    { name, number, hasParts }: { name: string; number: number; hasParts: boolean },
  ) {
    this.#context = context
    this.#name = name
    this.#number = number
    this.#hasLength = hasParts
  }

  /** Becomes the prefix of the current key. */
  select(): this {
    if (this.#version !== this.#context.version) this.#build()
    this.length = this.prefixLength
    this.hash = this.prefixHash
    return this
  }

  /** Adds bytes behind the prefix. */
  append(rest: Uint8Array): this {
    const length = this.prefixLength + rest.length
    this.#reserve(length)
    this.bytes.set(rest, this.prefixLength)
    this.length = length
    this.hash = hashBytes(this.bytes, 0, length, 0)
    return this
  }

  /** Adds the number of a chunk behind the prefix. */
  appendNumber(number: number): this {
    this.#reserve(this.prefixLength + 4)
    this.bytes.writeUInt32BE(number, this.prefixLength)
    this.length = this.prefixLength + 4
    this.hash = hashBytes(this.bytes, 0, this.length, 0)
    return this
  }

  #build(): void {
    const context = this.#context
    const key = context.keyBytes(this.#name)
    const { keyGroup } = context
    this.#reserve(2 + 5 + 5 + key.length)
    const bytes = this.bytes
    bytes[0] = keyGroup >>> 8
    bytes[1] = keyGroup & 0xff
    let at = writeVarint(bytes, 2, this.#number)
    if (this.#hasLength) at = writeVarint(bytes, at, key.length)
    for (let i = 0; i < key.length; i++) bytes[at + i] = key[i]!
    this.prefixLength = at + key.length
    this.prefixHash = hashBytes(bytes, 0, this.prefixLength, 0) || 1
    this.#version = context.version
  }

  #reserve(length: number): void {
    if (length <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(length * 2)
    this.bytes.copy(grown)
    this.bytes = grown
  }
}
