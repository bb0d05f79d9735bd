import { open } from 'lmdb'

/** LMDB: a B+ tree in one mapped file. There is no cache to bound: the mapped pages are the cache. */
export default async function lmdb(directory) {
  const db = open({
    path: `${directory}/db`,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    compression: false,
    noSync: true,
    mapSize: 64 * 1024 ** 3,
  })
  return {
    isSyncWrite: true,
    write(entries) {
      db.transactionSync(() => {
        for (const [key, value] of entries) db.putSync(key, value)
      })
    },
    get: (key) => db.getBinary(key),
    *scan(start, end) {
      for (const { key, value } of db.getRange({ start, end })) yield [key, value]
    },
    close: () => db.close(),
  }
}
