import { UnsupportedFileSystemSchemeError } from './file-errors.js'
import { schemeOf } from './file-path.js'
import type { FileSystem, FileSystems } from './file-system.js'

/** File systems by their schemes. */
export class FileSystemRegistry implements FileSystems {
  readonly #byScheme: ReadonlyMap<string, FileSystem>
  readonly #defaultScheme: string

  /** @param defaultScheme of paths without one (`fs.default-scheme`) */
  constructor(fileSystems: readonly FileSystem[], defaultScheme = 'file') {
    this.#byScheme = new Map(fileSystems.map((fileSystem) => [fileSystem.scheme, fileSystem]))
    this.#defaultScheme = defaultScheme
  }

  forPath(path: string): FileSystem {
    const scheme = schemeOf(path) ?? this.#defaultScheme
    const fileSystem = this.#byScheme.get(scheme)
    if (fileSystem !== undefined) return fileSystem
    throw new UnsupportedFileSystemSchemeError(path, scheme, [...this.#byScheme.keys()].sort())
  }
}
