import { posix } from 'node:path'
import type { FileStatus, FileSystem, WriterInitContext } from '@flink-ts/core'
import type { FileWriterState } from './file-writer.js'
import { type PartName, type PartNames, parseWriterUid, shortJobId } from './part-names.js'

/** What is removed, and the attempt of a writer that does it. */
export interface TakeBackOptions {
  readonly basePath: string
  readonly names: PartNames
  /** Without a restored checkpoint the writer begins from nothing, again. */
  readonly writer: Pick<
    WriterInitContext,
    'jobId' | 'restoredCheckpointId' | 'subtaskIndex' | 'parallelism'
  >
  /** States of writers in that checkpoint. */
  readonly states: readonly FileWriterState[]
  /** Also files that are visible already. */
  readonly finishedFiles: boolean
}

/**
 * Removes part files that were written after the checkpoint that a job is restored from. Hidden ones of this job's writers that
 * the checkpoint knows go always: nobody will commit them. Those of the job that a savepoint is of stay: it may be running. Visible ones go only with `finishedFiles`: they have been
 * committed by a later checkpoint, which could not be used.
 *
 * No writer of the restored job can have visible files yet: for that a checkpoint must have been completed, in which
 * this one has taken part. Of writers that began after that checkpoint each subtask removes what its own predecessors
 * wrote: others may not have been restarted.
 */
export async function takeBack(fileSystem: FileSystem, options: TakeBackOptions): Promise<void> {
  const { basePath, names, states, finishedFiles } = options
  if (states.length === 0 && !finishedFiles) return
  const nextParts = new Map(states.map(({ uid, nextPart }) => [uid, nextPart]))

  const isBeyond = ({ uid, number, isHidden }: PartName): boolean => {
    const nextPart = nextParts.get(uid)
    if (nextPart !== undefined) {
      return number >= nextPart && (finishedFiles || (isHidden && isOfJob(uid, options)))
    }
    return !isHidden && finishedFiles && beganLater(uid, options)
  }
  for (const file of await filesBelow(fileSystem, basePath)) {
    const name = names.parse(posix.basename(file.path))
    if (name !== undefined && isBeyond(name)) {
      await fileSystem.delete(file.path, { recursive: false })
    }
  }
}

function isOfJob(uid: string, { writer }: TakeBackOptions): boolean {
  return parseWriterUid(uid)?.job === shortJobId(writer.jobId)
}

function beganLater(uid: string, { writer }: TakeBackOptions): boolean {
  const { jobId, restoredCheckpointId, subtaskIndex, parallelism } = writer
  const earlier = parseWriterUid(uid)
  if (earlier === undefined || earlier.subtaskIndex % parallelism !== subtaskIndex) return false
  return restoredCheckpointId === undefined
    ? earlier.job === shortJobId(jobId)
    : earlier.restoredFrom >= restoredCheckpointId
}

async function filesBelow(fileSystem: FileSystem, folder: string): Promise<FileStatus[]> {
  if (!(await fileSystem.exists(folder))) return []
  const files: FileStatus[] = []
  for (const entry of await fileSystem.list(folder)) {
    if (entry.isDirectory) files.push(...(await filesBelow(fileSystem, entry.path)))
    else files.push(entry)
  }
  return files
}
