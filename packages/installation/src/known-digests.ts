import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Logger, Random } from '@flink-ts/core'

const FILE = 'digests-1.json'
const MOST_ENTRIES = 32
/** A file that was written just now could be written again without a trace in its times. */
const SETTLED_MS = 2_000

interface Entry {
  readonly stamp: string
  readonly value: unknown
}

export interface KnownDigestsOptions {
  /** Where they are kept. Default: `flink-ts` in `XDG_CACHE_HOME`, or in `.cache` of the user's home. */
  readonly folder?: string
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  readonly log: Logger
}

/**
 * Digests of large files and folders of this machine, from one process to the next: a program of Node.js alone has a hundred megabytes,
 * whose digest every client needs that ships it. A digest counts as long as device, inode, size and times of all files are
 * the same. What cannot be kept is reckoned anew.
 */
export class KnownDigests {
  readonly #folder: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #random: Random
  readonly #log: Logger

  constructor({ folder, clock, random, log }: KnownDigestsOptions) {
    const { XDG_CACHE_HOME: cache } = process.env
    this.#folder = folder ?? join(cache ? cache : join(homedir(), '.cache'), 'flink-ts')
    this.#clock = clock
    this.#random = random
    this.#log = log
  }

  /**
   * @param paths files and folders that it is of; those that are not there count as such
   * @param compute what is kept: JSON
   */
  async of<T>(what: string, paths: readonly string[], compute: () => Promise<T>): Promise<T> {
    const key = JSON.stringify([what, ...paths])
    const [stamp, entries] = await Promise.all([this.#stamp(paths), this.#read()])
    const known = entries[key]
    if (stamp !== undefined && known?.stamp === stamp) return known.value as T
    const value = await compute()
    if (stamp !== undefined) await this.#keep(key, { stamp, value })
    return value
  }

  /** Undefined: they may change without a trace. */
  async #stamp(paths: readonly string[]): Promise<string | undefined> {
    try {
      let newestMs = 0
      const stamps = await Promise.all(
        (await Promise.all(paths.map(filesBelow))).flat().map(async (path) => {
          const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
          newestMs = Math.max(newestMs, Number(ctimeMs))
          return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ')
        }),
      )
      return this.#clock.now() - newestMs < SETTLED_MS ? undefined : stamps.join('\n')
    } catch (error) {
      this.#log.debug('Digests of files are reckoned anew', { paths, error })
      return undefined
    }
  }

  async #read(): Promise<Record<string, Entry>> {
    try {
      const read: unknown = JSON.parse(await readFile(join(this.#folder, FILE), 'utf8'))
      return typeof read === 'object' && read !== null ? (read as Record<string, Entry>) : {}
    } catch {
      // There is none yet, or somebody has spoilt it: the next one that is kept replaces it.
      return {}
    }
  }

  async #keep(key: string, entry: Entry): Promise<void> {
    try {
      // Others may have kept theirs meanwhile.
      const { [key]: _old, ...others } = await this.#read()
      const entries = [...Object.entries(others).slice(1 - MOST_ENTRIES), [key, entry] as const]
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      const temporary = join(this.#folder, `.${FILE}-${this.#random.uuid()}`)
      await writeFile(temporary, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 })
      await rename(temporary, join(this.#folder, FILE))
    } catch (error) {
      this.#log.debug('A digest could not be kept for the next time', { error })
    }
  }
}

/** In the order of their names; the path itself if it is a file, nothing if it is not there. */
async function filesBelow(path: string): Promise<string[]> {
  try {
    const found = await readdir(path, { recursive: true, withFileTypes: true })
    return found
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return [path]
    if (code === 'ENOENT') return []
    throw error
  }
}
