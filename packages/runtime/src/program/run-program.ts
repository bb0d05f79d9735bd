import { pathToFileURL } from 'node:url'
import { ProgramInvocationError } from './program-errors.js'

export interface ProgramEntry {
  /** The bundle, or the program itself where nothing must be bundled. */
  readonly programPath: string
  readonly programName: string
  /** The export to call after the top-level statements. Absent: `main` if there is one. */
  readonly entryPoint?: string | undefined
  readonly args: readonly string[]
  /** Told of the export that is about to be called. */
  readonly onEntryPoint?: (entryPoint: string) => void
  /** Whether the statements have executed a job: a guard has called `main` itself then. */
  readonly hasExecuted?: () => boolean
}

/**
 * Imports a program and, if it has one, calls its entry point. Resolves when the program has ended.
 *
 * @throws ProgramInvocationError when the entry point is not there; and what the program throws
 */
export async function runProgram(entry: ProgramEntry): Promise<void> {
  const { programPath, programName, entryPoint, args } = entry
  const module = (await import(pathToFileURL(programPath).href)) as Record<string, unknown>
  if (entryPoint === undefined && entry.hasExecuted?.() === true) return
  const name = entryPoint ?? 'main'
  const main = module[name]
  if (typeof main !== 'function') {
    if (entryPoint === undefined) return
    const functions = Object.keys(module).filter((key) => typeof module[key] === 'function')
    throw new ProgramInvocationError(
      `Program ${programName} exports no function "${entryPoint}"; it exports ` +
        (functions.length === 0 ? 'no functions' : functions.join(', ')),
      { programName },
    )
  }
  entry.onEntryPoint?.(name)
  await main([...args])
}
