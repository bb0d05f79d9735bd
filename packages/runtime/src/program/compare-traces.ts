import type { CapturedFunction, ProgramDescriptor } from '../jobgraph/job-graph.js'
import { TraceMismatchError } from './program-errors.js'

/** What a run of the program built, in the form that runs are compared by. */
export interface TraceFingerprint {
  readonly structure: readonly string[]
  readonly captures: Readonly<Record<string, readonly CapturedFunction[]>>
}

/**
 * @param nameOf name of an operator or edge, for the message
 * @throws TraceMismatchError naming the first line of the structure or the first variable that differs
 */
export function assertTracesAgree(
  submitted: ProgramDescriptor,
  traced: TraceFingerprint,
  nameOf: (id: string) => string,
): void {
  const lines = Math.max(submitted.structure.length, traced.structure.length)
  for (let i = 0; i < lines; i++) {
    const [there, here] = [submitted.structure[i], traced.structure[i]]
    if (there === here) continue
    throw new TraceMismatchError(
      `Program ${submitted.programName} built another job in a task than at its submission: ` +
        `line ${i + 1} of its structure is ${quoted(here)} here and was ${quoted(there)} there; ` +
        'what decides about the shape of a job must be the same in every run: use ' +
        'env.fromSubmission(name, fn) for what is fetched or differs between machines',
      { operator: there ?? here },
    )
  }
  const ids = new Set([...Object.keys(submitted.captures), ...Object.keys(traced.captures)])
  for (const id of ids) {
    const there = submitted.captures[id] ?? []
    const here = traced.captures[id] ?? []
    for (let i = 0; i < Math.max(there.length, here.length); i++) {
      compareFunction(submitted.programName, nameOf(id), there[i], here[i])
    }
  }
}

function compareFunction(
  programName: string,
  operator: string,
  there: CapturedFunction | undefined,
  here: CapturedFunction | undefined,
): void {
  const location = here?.location ?? there?.location ?? 'an unknown place'
  const names = new Set([
    ...Object.keys(there?.variables ?? {}),
    ...Object.keys(here?.variables ?? {}),
  ])
  for (const name of names) {
    const before = there?.variables[name]
    const now = here?.variables[name]
    if (before === now) continue
    throw new TraceMismatchError(
      `Program ${programName}: variable "${name}", which the function of operator "${operator}" at ` +
        `${location} uses, is ${now ?? 'not set'} in a task and was ${before ?? 'not set'} at the ` +
        'submission; use env.fromSubmission(name, fn) for a value that is not the same in every run',
      { operator },
    )
  }
}

function quoted(line: string | undefined): string {
  return line === undefined ? 'missing' : `"${line}"`
}
