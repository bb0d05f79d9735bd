import { EntryMissingError, EntryVersionError } from './store-errors.js'
import type { VersionedStore } from './versioned-store.js'

/** Removes an entry whatever its version, even if it cannot be read; nothing happens if there is none. */
export async function removeEntry(store: VersionedStore, name: string): Promise<void> {
  for (;;) {
    const version = await store.versionOf(name)
    if (version === undefined) return
    try {
      await store.remove(name, version)
      return
    } catch (error) {
      if (error instanceof EntryMissingError) return
      if (!(error instanceof EntryVersionError)) throw error
    }
  }
}
