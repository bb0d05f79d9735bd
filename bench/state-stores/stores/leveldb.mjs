import { ClassicLevel } from 'classic-level'

/** LevelDB: point reads are synchronous, writes and iteration are not. */
export default async function leveldb(directory, { memoryBytes }) {
  const db = new ClassicLevel(`${directory}/db`, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
    cacheSize: memoryBytes / 2,
    writeBufferSize: memoryBytes / 4,
  })
  await db.open()
  return {
    isSyncWrite: false,
    write: (entries) => db.batch(entries.map(([key, value]) => ({ type: 'put', key, value }))),
    get: (key) => db.getSync(key),
    async *scan(gte, lt) {
      yield* db.iterator({ gte, lt })
    },
    close: () => db.close(),
  }
}
