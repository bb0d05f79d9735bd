import { accessSync, constants, mkdirSync } from 'node:fs'
import { BlobServerOptions, type Configuration, FlinkError } from '@flink-ts/core'

/**
 * The folder in which a process keeps BLOBs: `blob.storage.directory`, or else `processFolder`.
 *
 * @throws FlinkError FLINK_WORKING_DIR if it cannot be used: nobody could submit a program
 */
export function blobFolder(configuration: Configuration, processFolder: string): string {
  const option = BlobServerOptions.STORAGE_DIRECTORY
  const path = configuration.get(option)
  if (path === undefined) return processFolder
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
    return path
  } catch (cause) {
    throw new FlinkError(
      `Cannot keep BLOBs in ${path}: ${(cause as Error).message}; set ${option.key} to a folder that can be written`,
      { code: 'FLINK_WORKING_DIR', cause },
    )
  }
}
