import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where external systems are installed, outside of the repository: `FLINK_TS_CACHE`, else `~/.cache/flink-ts`. */
export function clusterFolder(name: string): string {
  const cache = process.env['FLINK_TS_CACHE'] ?? join(homedir(), '.cache', 'flink-ts')
  mkdirSync(cache, { recursive: true })
  return join(cache, name)
}
