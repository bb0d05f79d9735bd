import type { FileStatus, FileSystem, FileSystems } from '@flink-ts/core'
import { InputNotReadableError } from '@flink-ts/streaming'
import { globExpression, globRoot, isGlob } from './glob.js'

/**
 * The files at `paths`: files, folders with all that is below them, and patterns (see `globExpression`). Below folders,
 * names that begin with `.` or `_` are left out, so that files which are still being written may have such names. Each
 * file once, ordered by path.
 *
 * @throws InputNotReadableError naming the path; `FLINK_FILE_NOT_FOUND` if it does not exist
 */
export async function findFiles(
  fileSystems: FileSystems,
  paths: readonly string[],
): Promise<FileStatus[]> {
  const found = new Map<string, FileStatus>()
  for (const path of paths) {
    try {
      for (const file of await filesAt(fileSystems.forPath(path), path)) found.set(file.path, file)
    } catch (error) {
      throw new InputNotReadableError(path, error)
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function filesAt(fileSystem: FileSystem, path: string): Promise<FileStatus[]> {
  if (isGlob(path)) {
    const expression = globExpression(path)
    const below = await filesBelow(fileSystem, globRoot(path))
    return below.filter((file) => expression.test(file.path))
  }
  const status = await fileSystem.getFileStatus(path)
  return status.isDirectory ? filesBelow(fileSystem, path) : [{ ...status, path }]
}

async function filesBelow(fileSystem: FileSystem, folder: string): Promise<FileStatus[]> {
  const files: FileStatus[] = []
  for (const entry of await fileSystem.list(folder)) {
    if (/(^|\/)[._][^/]*$/.test(entry.path)) continue
    if (entry.isDirectory) files.push(...(await filesBelow(fileSystem, entry.path)))
    else files.push(entry)
  }
  return files
}
