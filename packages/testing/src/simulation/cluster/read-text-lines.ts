import type { FileSystem } from '@flink-ts/core'

/** The lines of a file, or of the files of a folder in the order of their names; hidden ones do not count. */
export async function readTextLines(files: FileSystem, path: string): Promise<string[]> {
  const lines: string[] = []
  for (const { path: file, isDirectory, lengthBytes } of await files.list(path)) {
    const name = file.slice(file.lastIndexOf('/') + 1)
    if (isDirectory || name.startsWith('.') || name.startsWith('_')) continue
    const content = new Uint8Array(Number(lengthBytes))
    const stream = await files.open(file)
    await stream.read(content, 0)
    await stream.close()
    const text = Buffer.from(content).toString()
    if (text !== '') lines.push(...text.replace(/\n$/, '').split('\n'))
  }
  return lines
}
