import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'

/** The part files below `folder`: visible ones, or those that are still hidden. */
export function partFiles(folder: string, which: 'visible' | 'hidden'): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('.') === (which === 'hidden'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** The writer of a part file, of which each attempt of the sink has new ones. */
export function writerOf(file: string): string {
  return /part-(\w+)-\d+/.exec(basename(file))?.[1] ?? ''
}

/** Hands each row of the visible part files below `folder` to `add`. */
export async function readRows(folder: string, add: (row: string) => void): Promise<void> {
  for (const file of partFiles(folder, 'visible')) {
    for await (const row of createInterface({ input: createReadStream(file) })) add(row)
  }
}
