import rocksdb from '@nxtedition/rocksdb'

/** RocksDB through the one binding with synchronous calls; they are marked as internal by an underscore. */
export default async function rocks(directory, { memoryBytes }) {
  const db = new rocksdb.RocksLevel(`${directory}/db`, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await db.open({
    createIfMissing: true,
    cacheSize: memoryBytes / 2,
    memtableMemoryBudget: memoryBytes / 2,
    cacheIndexAndFilterBlocks: true,
    parallelism: 2,
    columns: {
      default: {
        cacheSize: memoryBytes / 2,
        memtableMemoryBudget: memoryBytes / 2,
        cacheIndexAndFilterBlocks: true,
        compression: false,
        filterPolicy: 'bloom',
      },
    },
  })
  const raw = { valueEncoding: 'buffer' }
  return {
    isSyncWrite: true,
    write(entries) {
      const batch = db._chainedBatch()
      for (const [key, value] of entries) batch._put(key, value, {})
      batch._writeSync({ sync: false })
      batch._closeSync()
    },
    get: (key) => db._getManySync([key], raw)[0],
    *scan(start, end) {
      const iterator = db._iterator({
        gte: start,
        lt: end,
        keys: true,
        values: true,
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
      })
      try {
        for (;;) {
          const { rows, finished } = iterator._nextvSync(1000, {})
          for (let i = 0; i < rows.length; i += 2) yield [rows[i], rows[i + 1]]
          if (finished) return
        }
      } finally {
        iterator._closeSync()
      }
    },
    close: () => db.close(),
  }
}
