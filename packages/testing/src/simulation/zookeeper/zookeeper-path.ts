import { ZooKeeperError } from '@flink-ts/zookeeper-client'

/** Of any path but the root. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what servers refuse
const ILLEGAL = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/

/** @throws ZooKeeperError bad-arguments */
export function checkPath(path: string, operation: string): void {
  const parts = path.split('/').slice(1)
  const isLegal =
    path.startsWith('/') &&
    !ILLEGAL.test(path) &&
    (path === '/' || parts.every((part) => part !== '' && part !== '.' && part !== '..'))
  if (isLegal) return
  throw new ZooKeeperError({
    reason: 'bad-arguments',
    operation,
    path,
    detail: 'a path begins with / and has no empty, relative or unprintable parts',
  })
}
