import type { FileSystem } from '../filesystem/file-system.js'

/** A file system under test and an empty folder in it. */
export interface FileSystemUnderTest {
  readonly fileSystem: FileSystem
  /** URI or path without a slash at its end; nothing is there but perhaps the folder itself. */
  readonly base: string
  /** False: a folder is there as long as something is in it (S3). Default true. */
  readonly hasEmptyFolders?: boolean
  /** False: its resumable writer has no `keep` (S3). Default true. */
  readonly canKeep?: boolean
}

/** One thing that every file system promises. */
export interface FileSystemPromise {
  /** Continues a sentence that begins with the name of the file system. */
  readonly promise: string
  /** @throws AssertionError when it is broken */
  run(given: FileSystemUnderTest): Promise<void>
}

const encoder = new TextEncoder()
export const bytes = (text: string) => encoder.encode(text)
export const notFound = { code: 'FLINK_FILE_NOT_FOUND' }
export const failed = { code: 'FLINK_FILE_SYSTEM' }

export async function read(f: FileSystem, path: string, stepBytes = 5): Promise<string> {
  const stream = await f.open(path)
  const target = new Uint8Array(stepBytes)
  const parts: Uint8Array[] = []
  for (let at = 0; ; ) {
    const n = await stream.read(target, at)
    if (n === 0) break
    parts.push(target.slice(0, n))
    at += n
  }
  await stream.close()
  return Buffer.concat(parts).toString()
}

export async function write(
  f: FileSystem,
  path: string,
  text: string,
  mode: 'overwrite' | 'exclusive' = 'overwrite',
): Promise<void> {
  const stream = await f.create(path, mode)
  await stream.write(bytes(text))
  await stream.sync()
  await stream.close()
}

export const names = async (f: FileSystem, path: string) =>
  (await f.list(path)).map((status) => status.path.slice(path.length + 1))

let largest = ''

/** Text whose every 16 characters say where they are. */
export function largeText(length: number): string {
  let text = largest
  while (text.length < length) text += `${String(text.length).padStart(15, '.')}\n`
  largest = text
  return text.slice(0, length)
}

export const MIB = 1024 * 1024
