import { type FileStatus, type FileSystem, FlinkError, type SourceSplit } from '@flink-ts/core'

/** A byte range of one file: the lines whose first byte lies in it. */
export interface TextFileSplit extends SourceSplit {
  readonly path: string
  readonly start: number
  /** Not included. */
  readonly end: number
  /** First byte of the next line to read, once a part has been read. */
  readonly position?: number
}

/** The input of a job cannot be read. */
export class InputNotReadableError extends FlinkError {
  readonly path: string

  constructor(path: string, cause: unknown) {
    const missing = FlinkError.is(cause) && cause.code === 'FLINK_FILE_NOT_FOUND'
    const reason = missing ? 'there is no such file or folder' : reasonOf(cause)
    super(`Cannot read text from ${path}: ${reason}`, {
      code: missing ? 'FLINK_FILE_NOT_FOUND' : 'FLINK_INPUT_NOT_READABLE',
      cause,
    })
    this.path = path
  }
}

const MIN_SPLIT_BYTES = 64 * 1024
const MAX_SPLIT_BYTES = 64 * 1024 * 1024
/** Splits per reader, so that readers which are faster get more. */
const SPLITS_PER_READER = 4

/**
 * Divides a file, or the files of a folder (not of folders in it, nor those whose names begin with `.` or `_`),
 * into splits for `parallelism` readers.
 *
 * @throws InputNotReadableError naming the path; `FLINK_FILE_NOT_FOUND` if it does not exist
 */
export async function findTextFileSplits(
  fileSystem: FileSystem,
  path: string,
  parallelism: number,
): Promise<TextFileSplit[]> {
  const files = await listFiles(fileSystem, path).catch((error: unknown) => {
    throw new InputNotReadableError(path, error)
  })
  return divideTextFiles(files, parallelism)
}

/**
 * Divides files into splits for `parallelism` readers, in the order of the files.
 * @internal
 */
export function divideTextFiles(
  files: readonly FileStatus[],
  parallelism: number,
): TextFileSplit[] {
  const sizes = files.map((file) => Number(file.lengthBytes))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const wanted = Math.ceil(total / (parallelism * SPLITS_PER_READER))
  const splitBytes = Math.min(Math.max(wanted, MIN_SPLIT_BYTES), MAX_SPLIT_BYTES)
  return files.flatMap((file, i) => divide(file.path, sizes[i]!, splitBytes))
}

async function listFiles(fileSystem: FileSystem, path: string): Promise<FileStatus[]> {
  const status = await fileSystem.getFileStatus(path)
  if (!status.isDirectory) return [{ ...status, path }]
  const entries = await fileSystem.list(path)
  return entries
    .filter((entry) => !entry.isDirectory && !/(^|\/)[._][^/]*$/.test(entry.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The splits of one file, in order; none if it is empty. */
export function divide(path: string, sizeBytes: number, splitBytes: number): TextFileSplit[] {
  const splits: TextFileSplit[] = []
  for (let start = 0; start < sizeBytes; start += splitBytes) {
    const end = Math.min(start + splitBytes, sizeBytes)
    splits.push({ splitId: `${path}:${start}`, path, start, end })
  }
  return splits
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
