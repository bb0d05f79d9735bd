import { type BlockEncoders, FULL_BYTES, OpenBlock } from './open-block.js'

/** Blocks with encoders of their own that may be open at a time. Their tables take up to half a megabyte each. */
const MAX_OWN = 128
/** Bytes of all blocks with shared encoders, about; when there are very many they are the shorter. */
const SHARED_BYTES = 16 * 1024 * 1024
const LEAST_BYTES = 1024

/** Entries of one state and key group that are not in a frame. */
export interface Part {
  readonly state: number
  readonly keyGroup: number | undefined
  readonly block: OpenBlock
  readonly areShared: boolean
}

/**
 * The open blocks of a snapshot. Encoders with their tables are large and slow to make, so a block has its own only when its entries come
 * together; entries that come in no order share encoders and begin with fresh tables each.
 */
export class BlockSet {
  readonly #createEncoders: (state: number) => BlockEncoders
  readonly #end: (part: Part) => void
  /** By id, in the order in which they were opened. */
  readonly #own = new Map<number, Part>()
  readonly #shared = new Map<number, Part>()
  /** By state: empty blocks whose encoders are used again. */
  readonly #free: OpenBlock[][] = []
  readonly #sharedEncoders: BlockEncoders[] = []
  #highestId = -1

  /** @param end makes a frame of the part, whose block is empty afterwards */
  constructor(createEncoders: (state: number) => BlockEncoders, end: (part: Part) => void) {
    this.#createEncoders = createEncoders
    this.#end = end
  }

  /**
   * Where an entry goes.
   *
   * @param id of state and key group, which rises with the group
   * @param isStray the entry comes out of its order
   */
  partFor(
    id: number,
    { state, keyGroup }: { state: number; keyGroup: number | undefined },
    isStray: boolean,
  ): Part {
    const open = isStray ? undefined : this.#own.get(id)
    if (open !== undefined) return open
    const mayOpen = !isStray && (this.#own.size < MAX_OWN || id > this.#highestId)
    return mayOpen ? this.#openOwn(id, state, keyGroup) : this.#openShared(id, state, keyGroup)
  }

  /** Ends the blocks whose entries came together; encoders that their entries had warmed are used again. */
  endOwn(): void {
    while (this.#own.size > 0) this.#endOldest()
  }

  restartOrder(): void {
    this.#highestId = -1
  }

  /** To be called when entries were added. */
  added(part: Part): void {
    const { areShared, block } = part
    const limit = areShared ? SHARED_BYTES / this.#shared.size : FULL_BYTES
    if (block.sizeBytes >= Math.max(LEAST_BYTES, Math.min(FULL_BYTES, limit))) this.#end(part)
  }

  endAll(): void {
    for (const parts of [this.#own, this.#shared]) {
      for (const part of parts.values()) if (part.block.sizeBytes > 0) this.#end(part)
      parts.clear()
    }
  }

  #openOwn(id: number, state: number, keyGroup: number | undefined): Part {
    this.#highestId = Math.max(this.#highestId, id)
    if (this.#own.size >= MAX_OWN) this.#endOldest()
    const block = this.#free[state]?.pop() ?? new OpenBlock(this.#createEncoders(state))
    const part = { state, keyGroup, block, areShared: false }
    this.#own.set(id, part)
    return part
  }

  #endOldest(): void {
    for (const [id, part] of this.#own) {
      if (part.block.sizeBytes > 0) this.#end(part)
      this.#own.delete(id)
      this.#free[part.state] ??= []
      this.#free[part.state]!.push(part.block)
      return
    }
  }

  #openShared(id: number, state: number, keyGroup: number | undefined): Part {
    const open = this.#shared.get(id)
    if (open !== undefined) return open
    this.#sharedEncoders[state] ??= this.#createEncoders(state)
    const block = new OpenBlock(this.#sharedEncoders[state], true)
    const part = { state, keyGroup, block, areShared: true }
    this.#shared.set(id, part)
    return part
  }
}
