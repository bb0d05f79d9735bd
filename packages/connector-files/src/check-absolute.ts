import { schemeOf } from '@flink-ts/core'
import { InvalidProgramError } from '@flink-ts/streaming'

/** @throws InvalidProgramError if `path` would mean something else in each process */
export function checkAbsolute(what: 'read' | 'write', path: string): void {
  if (schemeOf(path) !== undefined || path.startsWith('/')) return
  throw new InvalidProgramError(
    `Cannot ${what} files at '${path}': expected an absolute path or a URI, because tasks run in other folders than ` +
      "the program; resolve('…') in env.fromSubmission() makes one",
  )
}
