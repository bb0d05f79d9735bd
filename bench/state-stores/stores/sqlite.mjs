import Database from 'libsql'

/** SQLite (libSQL's build, the one with binaries in its packages): a B+ tree read by pages, one file and a log. */
export default async function sqlite(directory, { memoryBytes }) {
  const db = new Database(`${directory}/db`)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA mmap_size = 0')
  db.exec(`PRAGMA cache_size = -${Math.floor(memoryBytes / 1024)}`)
  db.exec('CREATE TABLE IF NOT EXISTS s (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID')
  const put = db.prepare('INSERT INTO s VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v')
  const get = db.prepare('SELECT v FROM s WHERE k = ?')
  const range = db.prepare('SELECT k, v FROM s WHERE k >= ? AND k < ? ORDER BY k').raw()
  return {
    isSyncWrite: true,
    write(entries) {
      db.exec('BEGIN')
      for (const [key, value] of entries) put.run([key, value])
      db.exec('COMMIT')
    },
    get: (key) => get.get([key])?.v,
    scan: (start, end) => range.iterate([start, end]),
    close: () => db.close(),
  }
}
