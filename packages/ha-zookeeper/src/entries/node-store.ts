import {
  CoordinationConnectionLostError,
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
  type VersionedEntry,
  type VersionedStore,
} from '@flink-ts/runtime'
import { childPath, type ZooKeeperStat } from '@flink-ts/zookeeper-client'
import { decodeNodeName, encodeNodeName } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import { HaStorageError } from '../zookeeper-ha-errors.js'
import type { EntryFiles } from './entry-files.js'
import {
  type EntryContent,
  encodeInline,
  encodePointer,
  MAX_INLINE_BYTES,
  parseEntry,
} from './entry-value.js'
import { createNode, isUntidy, type NodeAccess, removeEmptyAbove } from './node-tree.js'
import type { PathLocks } from './path-locks.js'

export interface NodeStoreOptions extends NodeAccess {
  readonly files: EntryFiles
  readonly locks: PathLocks
  /** Node of the namespace. */
  readonly path: string
  /** Node of all entries, which stays. */
  readonly top: string
}

interface FoundEntry {
  readonly data: Uint8Array
  readonly stat: ZooKeeperStat
}

/**
 * Entries of one namespace as nodes. The version of an entry is the transaction that wrote it. A node without data is no entry:
 * it is the parent of others.
 */
export class NodeStore implements VersionedStore {
  readonly #options: NodeStoreOptions

  constructor(options: NodeStoreOptions) {
    this.#options = options
  }

  pathOf(name: string): string {
    return childPath(this.#options.path, encodeNodeName(name))
  }

  names(): Promise<string[]> {
    const { zooKeeper, reads, path } = this.#options
    return reads.run(`list ${path}`, async () => {
      try {
        const { children } = await zooKeeper.getChildren(path)
        const stats = await Promise.all(
          children.map((child) => zooKeeper.exists(childPath(path, child))),
        )
        return children
          .filter((_, index) => (stats[index]?.dataLength ?? 0) > 0)
          .map(decodeNodeName)
          .sort()
      } catch (error) {
        if (hasReason(error, 'no-node')) return []
        throw error
      }
    })
  }

  get(name: string): Promise<VersionedEntry | undefined> {
    const path = this.pathOf(name)
    return this.#options.reads.run(`read ${path}`, async () => {
      let found = await this.#findOnce(path)
      while (found !== undefined && found.data.length > 0) {
        const { mzxid } = found.stat
        try {
          return { value: await this.#valueOf(path, found), version: mzxid }
        } catch (error) {
          // A file goes when its entry is replaced or removed.
          found = await this.#findOnce(path)
          if (found?.stat.mzxid === mzxid) throw error
        }
      }
      return undefined
    })
  }

  async versionOf(name: string): Promise<number | undefined> {
    return (await this.#find(this.pathOf(name)))?.stat.mzxid
  }

  create(name: string, value: Uint8Array): Promise<number> {
    const { top } = this.#options
    const path = this.pathOf(name)
    return this.#change(path, value, async (data, onMade) => {
      try {
        await createNode(this.#options, { path, data, top })
      } catch (error) {
        if (!hasReason(error, 'node-exists')) throw error
        await this.#fillParent(path, data)
      }
      onMade()
      return (await this.#required(path)).stat.mzxid
    })
  }

  replace(name: string, value: Uint8Array, expectedVersion: number): Promise<number> {
    const { writer, files } = this.#options
    const path = this.pathOf(name)
    return this.#change(path, value, async (data) => {
      const found = await this.#requireVersion(path, expectedVersion)
      const { version } = found.stat
      const [result] = await this.#compared(path, found, () =>
        writer.write(`replace ${path}`, [{ type: 'set-data', path, data, version }]),
      )
      files.doubt(path, fileOf(found.data), 'former')
      return (result as { stat: ZooKeeperStat }).stat.mzxid
    })
  }

  remove(name: string, expectedVersion: number): Promise<void> {
    const { writer, files, locks, top } = this.#options
    const path = this.pathOf(name)
    return locks.run(path, async () => {
      const found = await this.#requireVersion(path, expectedVersion)
      const { numChildren, version } = found.stat
      const emptied = { type: 'set-data', path, data: Buffer.alloc(0), version } as const
      await this.#compared(path, found, () =>
        writer.write(
          `remove ${path}`,
          numChildren > 0 ? [emptied] : [{ type: 'remove', path, version }],
        ),
      )
      files.doubt(path, fileOf(found.data), 'former')
      files.changed(path)
      try {
        await removeEmptyAbove(this.#options, { path, top })
      } catch (error) {
        if (!isUntidy(error)) throw error
      }
    })
  }

  /** Writes the value to a file if need be, which goes again if the change is not made. */
  #change(
    path: string,
    value: Uint8Array,
    change: (data: Uint8Array, onMade: () => void) => Promise<number>,
  ): Promise<number> {
    const { files, locks, writer } = this.#options
    return locks.run(path, async () => {
      const isLarge = value.length > MAX_INLINE_BYTES
      const pointer = isLarge ? await files.write(writer.token.epoch, value) : undefined
      let isMade = false
      try {
        const version = await change(
          pointer === undefined ? encodeInline(value) : encodePointer(pointer),
          () => {
            isMade = true
          },
        )
        files.changed(path, pointer?.file)
        return version
      } catch (error) {
        if (isMade || error instanceof CoordinationConnectionLostError) {
          files.doubt(path, pointer?.file, 'new')
        } else if (pointer !== undefined) {
          files.remove(pointer.file)
        }
        throw error
      }
    })
  }

  /** The node is there: as an entry, or as the parent of others. */
  async #fillParent(path: string, data: Uint8Array): Promise<void> {
    const found = await this.#findNode(path)
    if (found === undefined || found.data.length > 0) throw new EntryExistsError(path)
    const { version } = found.stat
    await this.#options.writer.write(`create ${path}`, [{ type: 'set-data', path, data, version }])
  }

  /** Tells in the words of a store why a change was refused. */
  async #compared<T>(path: string, found: FoundEntry, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (error instanceof CoordinationConnectionLostError) {
        this.#options.files.doubt(path, fileOf(found.data), 'former')
      }
      if (hasReason(error, 'bad-version', 'no-node')) {
        await this.#requireVersion(path, found.stat.mzxid)
      }
      throw error
    }
  }

  async #requireVersion(path: string, expected: number): Promise<FoundEntry> {
    const found = await this.#required(path)
    const { mzxid } = found.stat
    if (mzxid !== expected) throw new EntryVersionError({ path, expected, found: mzxid })
    return found
  }

  async #required(path: string): Promise<FoundEntry> {
    const found = await this.#find(path)
    if (found === undefined) throw new EntryMissingError(path)
    return found
  }

  async #find(path: string): Promise<FoundEntry | undefined> {
    const found = await this.#findNode(path)
    return found === undefined || found.data.length === 0 ? undefined : found
  }

  #findNode(path: string): Promise<FoundEntry | undefined> {
    return this.#options.reads.run(`read ${path}`, () => this.#findOnce(path))
  }

  async #findOnce(path: string): Promise<FoundEntry | undefined> {
    try {
      return await this.#options.zooKeeper.getData(path)
    } catch (error) {
      if (!hasReason(error, 'no-node')) throw error
      this.#options.files.missing(path)
      return undefined
    }
  }

  async #valueOf(path: string, { data }: FoundEntry): Promise<Uint8Array> {
    try {
      const content = parseEntry(data)
      if (content.kind === 'inline') return content.value
      return await this.#options.files.read(content.pointer)
    } catch (error) {
      if (error instanceof HaStorageError) throw error
      throw new CorruptEntryError(path, error)
    }
  }
}

/** Name of the file that the data of a node names, if it names one. */
export function fileOf(data: Uint8Array): string | undefined {
  let content: EntryContent
  try {
    content = parseEntry(data)
  } catch {
    return undefined
  }
  return content.kind === 'file' ? content.pointer.file : undefined
}
