import { EntryExistsError, EntryMissingError, EntryVersionError } from './store-errors.js'
import type { VersionedEntry } from './versioned-store.js'

/** Entries by namespace and name, in memory. Keeps and hands out copies. */
export class VersionedEntries {
  readonly #namespaces = new Map<string, Map<string, VersionedEntry>>()
  /** Counts through all entries, so that no version ever comes twice. */
  #lastVersion = 0

  /** Sorted. */
  get namespaces(): string[] {
    return [...this.#namespaces.keys()].sort()
  }

  names(namespace: string): string[] {
    return [...(this.#namespaces.get(namespace)?.keys() ?? [])].sort()
  }

  get(namespace: string, name: string): VersionedEntry | undefined {
    const entry = this.#namespaces.get(namespace)?.get(name)
    return entry && { ...entry, value: Uint8Array.from(entry.value) }
  }

  versionOf(namespace: string, name: string): number | undefined {
    return this.#namespaces.get(namespace)?.get(name)?.version
  }

  create(namespace: string, name: string, value: Uint8Array): number {
    const entries = this.#namespaces.get(namespace) ?? new Map<string, VersionedEntry>()
    if (entries.has(name)) throw new EntryExistsError(`${namespace}/${name}`)
    this.#namespaces.set(namespace, entries)
    return this.#set(entries, name, value)
  }

  replace(namespace: string, name: string, value: Uint8Array, expectedVersion: number): number {
    return this.#set(this.#require(namespace, name, expectedVersion), name, value)
  }

  remove(namespace: string, name: string, expectedVersion: number): void {
    const entries = this.#require(namespace, name, expectedVersion)
    entries.delete(name)
    if (entries.size === 0) this.#namespaces.delete(namespace)
  }

  /** Removes `namespace` and those below it. */
  removeAll(namespace: string): void {
    for (const existing of this.namespaces) {
      if (existing === namespace || existing.startsWith(`${namespace}/`)) {
        this.#namespaces.delete(existing)
      }
    }
  }

  clear(): void {
    this.#namespaces.clear()
  }

  #set(entries: Map<string, VersionedEntry>, name: string, value: Uint8Array): number {
    const version = ++this.#lastVersion
    entries.set(name, { value: Uint8Array.from(value), version })
    return version
  }

  #require(namespace: string, name: string, expected: number): Map<string, VersionedEntry> {
    const path = `${namespace}/${name}`
    const entries = this.#namespaces.get(namespace)
    const entry = entries?.get(name)
    if (entries === undefined || entry === undefined) throw new EntryMissingError(path)
    if (entry.version !== expected) {
      throw new EntryVersionError({ path, expected, found: entry.version })
    }
    return entries
  }
}
