/** One entry as it was read. */
export interface VersionedEntry {
  readonly value: Uint8Array
  /** Changes with each replacement; never the same again, not even after removal and creation. */
  readonly version: number
}

/**
 * Named entries whose changes say on what they are based. Every operation is atomic, and all of them
 * happen in one order that everybody sees.
 *
 * Operations reject with `CoordinationConnectionLostError` when it is not known whether they happened,
 * and changes with `LeadershipLostError` when the term that the store is of is over.
 */
export interface VersionedStore {
  /** Where an entry is, for errors: a person finds it there. */
  pathOf(name: string): string
  /** Sorted. */
  names(): Promise<string[]>
  get(name: string): Promise<VersionedEntry | undefined>
  /** Of an entry, whose value need not be readable; undefined if there is none. */
  versionOf(name: string): Promise<number | undefined>
  /**
   * @returns the version of the new entry
   * @throws EntryExistsError
   */
  create(name: string, value: Uint8Array): Promise<number>
  /**
   * @returns the new version
   * @throws EntryMissingError
   * @throws EntryVersionError if the entry was changed since `expectedVersion`
   */
  replace(name: string, value: Uint8Array, expectedVersion: number): Promise<number>
  /**
   * @throws EntryMissingError
   * @throws EntryVersionError if the entry was changed since `expectedVersion`
   */
  remove(name: string, expectedVersion: number): Promise<void>
}
