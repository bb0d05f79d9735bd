import { readFile } from 'node:fs/promises'

/** Files of this machine. */
export async function readMasterFile(path: string): Promise<string> {
  return await readFile(path, 'utf8')
}
