import { hashBytes, LocalTableFiles, LsmStore } from '@flink-ts/state-lsm'

/** The store of `packages/state-lsm`: TypeScript, synchronous, one thread. */
export default async function lsm(directory, { memoryBytes }) {
  const store = new LsmStore({
    files: new LocalTableFiles(`${directory}/db`),
    firstKeyGroup: 0,
    lastKeyGroup: 32767,
    memoryBytes,
  })
  return {
    isSyncWrite: true,
    write(entries) {
      for (const [key, value] of entries) {
        store.put(hashBytes(key, 0, key.length, 0), 0, key, key.length, value, 0, value.length)
      }
    },
    get(key) {
      if (!store.get(hashBytes(key, 0, key.length, 0), key, key.length)) return undefined
      const { valueBytes, valueStart, valueLength } = store
      return Buffer.from(valueBytes.subarray(valueStart, valueStart + valueLength))
    },
    *scan() {
      const view = store.view()
      const cursor = view.cursor()
      try {
        for (; cursor.isValid; cursor.next()) {
          const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = cursor
          yield [
            Buffer.from(keyBytes.subarray(keyStart, keyStart + keyLength)),
            Buffer.from(valueBytes.subarray(valueStart, valueStart + valueLength)),
          ]
        }
      } finally {
        cursor.close()
        view.release()
      }
    },
    /** As a checkpoint does: what is in memory becomes a file. */
    flush() {
      const view = store.view()
      store.flushFor(view, Number.POSITIVE_INFINITY)
      view.release()
    },
    close: () => store.close(),
  }
}
