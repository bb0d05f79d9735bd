import type { FileStatus, FileSystem, Random } from '@flink-ts/core'

const PIECE_BYTES = 256 * 1024

/** Complete checkpoints in the folder of a job, newest first. */
export async function completedCheckpoints(
  fileSystem: FileSystem,
  folder: string,
): Promise<string[]> {
  const found: { path: string; id: number }[] = []
  for (const path of await directoriesIn(fileSystem, folder)) {
    const id = /\/chk-(\d+)\/?$/.exec(path)?.[1]
    if (id === undefined || !(await fileSystem.exists(`${path}/_metadata`))) continue
    found.push({ path, id: Number(id) })
  }
  return found.sort((a, b) => b.id - a.id).map(({ path }) => path)
}

/** Damages one of the files that a checkpoint alone has. @returns what was done */
export async function damage(
  fileSystem: FileSystem,
  checkpoint: string,
  random: Random,
): Promise<string> {
  const files = (await filesBelow(fileSystem, checkpoint)).filter(
    ({ path, lengthBytes }) => !path.endsWith('/_owner') && lengthBytes > 0n,
  )
  const { path } = files[random.nextInt(files.length)]!
  const name = path.slice(path.lastIndexOf('/') + 1)
  const how = random.nextInt(3)
  if (how === 2) {
    await fileSystem.delete(path, { recursive: false })
    return `${name} is gone`
  }
  const bytes = await contentOf(fileSystem, path)
  const position = random.nextInt(bytes.length)
  if (how === 1) {
    await overwrite(fileSystem, path, bytes.subarray(0, position))
    return `${name} is cut off`
  }
  bytes[position] = bytes[position]! ^ (1 << random.nextInt(8))
  await overwrite(fileSystem, path, bytes)
  return `one bit of ${name} at ${position}`
}

async function directoriesIn(fileSystem: FileSystem, folder: string): Promise<string[]> {
  if (!(await fileSystem.exists(folder))) return []
  const entries = await fileSystem.list(folder)
  return entries.filter(({ isDirectory }) => isDirectory).map(({ path }) => path.replace(/\/$/, ''))
}

async function filesBelow(fileSystem: FileSystem, folder: string): Promise<FileStatus[]> {
  const files: FileStatus[] = []
  for (const entry of await fileSystem.list(folder)) {
    if (entry.isDirectory) files.push(...(await filesBelow(fileSystem, entry.path)))
    else files.push(entry)
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function contentOf(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const stream = await fileSystem.open(path)
  try {
    const pieces: Uint8Array[] = []
    for (let position = 0; ; ) {
      const piece = new Uint8Array(PIECE_BYTES)
      const count = await stream.read(piece, position)
      if (count === 0) return Buffer.concat(pieces)
      pieces.push(piece.subarray(0, count))
      position += count
    }
  } finally {
    await stream.close()
  }
}

async function overwrite(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const stream = await fileSystem.create(path, 'overwrite')
  await stream.write(bytes)
  await stream.close()
}
