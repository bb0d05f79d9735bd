import { EntryMissingError, EntryVersionError } from './store-errors.js'
import type { VersionedStore } from './versioned-store.js'

/** Removes an entry whatever its version; nothing happens if there is none. */
export async function removeEntry(store: VersionedStore, name: string): Promise<void> {
  for (;;) {
    const entry = await store.get(name)
    if (entry === undefined) return
    try {
      await store.remove(name, entry.version)
      return
    } catch (error) {
      if (error instanceof EntryMissingError) return
      if (!(error instanceof EntryVersionError)) throw error
    }
  }
}
