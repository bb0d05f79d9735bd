import type { FileSystem } from '@flink-ts/core'

export async function writeFile(files: FileSystem, path: string, text: string): Promise<void> {
  const file = await files.create(path, 'overwrite')
  await file.write(Buffer.from(text))
  await file.close()
}

/**
 * Lines of a file, or of all files below a folder.
 *
 * @param withHidden of hidden ones, too, which attempts that failed may leave. Default: false
 */
export async function readLines(
  files: FileSystem,
  path: string,
  { withHidden = false } = {},
): Promise<string[]> {
  const { isDirectory, lengthBytes } = await files.getFileStatus(path)
  if (isDirectory) {
    const below = (await files.list(path)).filter((f) => withHidden || !/\/\.[^/]*$/.test(f.path))
    const parts = below.map((f) => readLines(files, f.path, { withHidden }))
    return (await Promise.all(parts)).flat()
  }
  const bytes = new Uint8Array(Number(lengthBytes))
  const file = await files.open(path)
  for (let at = 0; at < bytes.length; ) at += await file.read(bytes.subarray(at), at)
  await file.close()
  return Buffer.from(bytes).toString().split('\n').slice(0, -1)
}
