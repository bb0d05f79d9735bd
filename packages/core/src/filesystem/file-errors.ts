import { FlinkError } from '../errors/flink-error.js'

/** An operation on a file failed; `path` is the one that was asked for. */
export class FileSystemError extends FlinkError {
  readonly path: string

  constructor(message: string, options: { path: string; code?: string; cause?: unknown }) {
    super(message, { code: options.code ?? 'FLINK_FILE_SYSTEM', cause: options.cause })
    this.path = options.path
  }
}

/** There is no such file or directory. */
export class FileNotFoundError extends FileSystemError {
  constructor(path: string, cause?: unknown) {
    super(`There is no file or directory ${path}`, { path, code: 'FLINK_FILE_NOT_FOUND', cause })
  }
}

/** There is a file already where none may be. */
export class FileAlreadyExistsError extends FileSystemError {
  constructor(path: string, cause?: unknown) {
    super(`${path} exists already; remove it or choose another path`, {
      path,
      code: 'FLINK_FILE_EXISTS',
      cause,
    })
  }
}

/** No file system serves the scheme of a path. */
export class UnsupportedFileSystemSchemeError extends FlinkError {
  readonly scheme: string

  constructor(path: string, scheme: string, known: readonly string[]) {
    super(
      `No file system serves the scheme '${scheme}' of ${path}; known are ${known.map((name) => `'${name}'`).join(', ')}`,
      { code: 'FLINK_UNSUPPORTED_FILE_SYSTEM' },
    )
    this.scheme = scheme
  }
}

/** The package that serves the scheme of a path cannot be used. */
export class FileSystemNotLoadedError extends FlinkError {
  readonly scheme: string
  readonly packageName: string

  constructor(facts: { scheme: string; packageName: string; why: string; cause?: unknown }) {
    const { scheme, packageName, why } = facts
    super(
      `Cannot use ${scheme}:// paths: the package ${packageName} cannot be loaded: ${why}; install it where flink-ts is installed, or name another one in 'filesystem.packages'`,
      { code: 'FLINK_FILE_SYSTEM_NOT_LOADED', cause: facts.cause },
    )
    this.scheme = scheme
    this.packageName = packageName
  }
}
