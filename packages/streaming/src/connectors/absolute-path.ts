import { resolve } from 'node:path'

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/

/** `path` itself if it is a URI or absolute, else relative to `workingDirectory`. */
export function absolutePath(path: string, workingDirectory: string): string {
  return SCHEME.test(path) ? path : resolve(workingDirectory, path)
}
