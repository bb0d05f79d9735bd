import { posix } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FileSystemError } from './file-errors.js'

/** The scheme of `path` in lower case, or undefined if it has none. */
export function schemeOf(path: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):\//i.exec(path)?.[1]?.toLowerCase()
}

/**
 * Makes a path that a user wrote absolute, so that it means the same in every process. For the
 * client: only there is the folder known in which the user stands. URIs stay as they are.
 */
export function resolveUserPath(path: string, cwd: string): string {
  return schemeOf(path) === undefined ? posix.resolve(cwd, path) : path
}

/**
 * The absolute, normalized path inside the file system of `scheme`.
 *
 * @throws FileSystemError if `path` is relative, of another scheme, or names another host
 */
export function localPartOf(path: string, scheme: string): string {
  const given = schemeOf(path)
  if (given === undefined) {
    if (!path.startsWith('/')) throw unusable(path, 'it is not absolute')
    return withoutTrailingSlash(posix.normalize(path))
  }
  if (given !== scheme) throw unusable(path, `its scheme is not '${scheme}'`)
  if (path.includes('\0')) throw unusable(path, 'it contains a zero byte')
  if (scheme !== 'file') {
    const rest = path.slice(scheme.length + 1).replace(/^\/\/[^/]*/, '')
    return withoutTrailingSlash(posix.normalize(rest === '' ? '/' : rest))
  }
  try {
    return withoutTrailingSlash(posix.normalize(fileURLToPath(path)))
  } catch (error) {
    throw new FileSystemError(`Cannot use the path ${path}: ${(error as Error).message}`, {
      path,
      cause: error,
    })
  }
}

/** What a URI of a remote file system names: the host or bucket, and the path there. */
export interface RemotePath {
  /** Host, host and port, name of a service, or bucket; empty if there is none. */
  readonly authority: string
  /** Absolute and normalized, without a slash at its end. */
  readonly path: string
}

/**
 * Takes a URI `scheme://authority/path` apart. Nothing in it is decoded: `%` is a letter as others.
 *
 * @throws FileSystemError if it has no scheme or another one
 */
export function remotePathOf(uri: string, scheme: string): RemotePath {
  const given = schemeOf(uri)
  if (given !== scheme) {
    throw new FileSystemError(
      `Cannot use the path '${uri}': its scheme is not '${scheme}'; expected ${scheme}://…`,
      { path: uri },
    )
  }
  const authority = /^\/\/([^/]*)/.exec(uri.slice(scheme.length + 1))?.[1] ?? ''
  return { authority, path: localPartOf(uri, scheme) }
}

/** Writes `local` in the form in which `asked` was written: as a URI, or plain. */
export function inFormOf(asked: string, local: string, scheme: string): string {
  if (schemeOf(asked) === undefined) return local
  return scheme === 'file' ? pathToFileURL(local).href : `${scheme}://${local}`
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function unusable(path: string, why: string): FileSystemError {
  return new FileSystemError(`Cannot use the path '${path}': ${why}; expected an absolute path`, {
    path,
  })
}
