import type { FileSystem } from '@flink-ts/core'
import { exclusiveHandles, FileSystemCheckpointStorage } from '@flink-ts/state'
import type { LogObservation, SimulatedWorld } from '../cluster/simulated-world.js'

/**
 * What must hold of checkpoints at every moment: an id is used by one leader, and ids rise beyond every one that is
 * complete; what can be restored is whole, with one state of each subtask and all its files.
 */
export class CheckpointInvariants {
  readonly #world: SimulatedWorld
  /** `<job> <id>` to the process whose JobMaster began it. */
  readonly #begunBy = new Map<string, string>()
  /** By job. */
  readonly #highestCompleted = new Map<string, bigint>()

  constructor(world: SimulatedWorld) {
    this.#world = world
  }

  observe({ source, message, fields }: LogObservation): void {
    if (message !== 'Checkpoint changed its state') return
    const { jobId, checkpointId, to } = fields as Record<string, string>
    this.#began(source, jobId!, BigInt(checkpointId!))
    if (to !== 'COMPLETED') return
    const highest = this.#highestCompleted.get(jobId!) ?? 0n
    if (BigInt(checkpointId!) > highest) this.#highestCompleted.set(jobId!, BigInt(checkpointId!))
  }

  /** Opens all that can be restored below a folder. Virtual time stands still meanwhile. */
  async checkFiles(folder: string): Promise<void> {
    const { files, fileSystems, random } = this.#world
    const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId: '' })
    for (const directory of await restorableBelow(files, folder)) {
      try {
        const { metadata } = await storage.open(directory)
        for (const { operatorName, parallelism, subtasks } of metadata.operators) {
          if (subtasks.size !== parallelism) {
            this.#world.violated(
              `${directory} has ${subtasks.size} states of the ${parallelism} subtasks of ${operatorName}`,
            )
          }
          for (const handle of [...subtasks.values()].flatMap(exclusiveHandles)) {
            if (handle.kind === 'file') await this.#checkFile(directory, handle)
          }
        }
      } catch (error) {
        this.#world.violated(`${directory} cannot be opened: ${error}`)
      }
    }
  }

  #began(source: string, jobId: string, checkpointId: bigint): void {
    const key = `${jobId} ${checkpointId}`
    const known = this.#begunBy.get(key)
    if (known === source) return
    if (known !== undefined) {
      this.#world.violated(`checkpoint ${checkpointId} was begun by ${known} and by ${source}`)
    }
    const highest = this.#highestCompleted.get(jobId) ?? 0n
    if (checkpointId <= highest) {
      this.#world.violated(`checkpoint ${checkpointId} began after ${highest} was complete`)
    }
    this.#begunBy.set(key, source)
  }

  async #checkFile(
    directory: string,
    { path, sizeBytes }: { path: string; sizeBytes: number },
  ): Promise<void> {
    const { files } = this.#world
    if (!(await files.exists(path))) {
      this.#world.violated(`${directory} can be restored, but its file ${path} is missing`)
      return
    }
    const { lengthBytes } = await files.getFileStatus(path)
    if (Number(lengthBytes) !== sizeBytes) {
      this.#world.violated(`${path} has ${lengthBytes} bytes, ${directory} says ${sizeBytes}`)
    }
  }
}

/** Folders below `folder` that have a `_metadata`. */
export async function restorableBelow(files: FileSystem, folder: string): Promise<string[]> {
  if (!(await files.exists(folder))) return []
  const found: string[] = []
  for (const { path, isDirectory } of await files.list(folder)) {
    if (!isDirectory) continue
    if (await files.exists(`${path}/_metadata`)) found.push(path)
    else found.push(...(await restorableBelow(files, path)))
  }
  return found
}
