import type { CrashOrder } from './crash-steps.js'

/** What JobManagers say of a job. */
export const SAID = {
  submitted: 'Job was submitted',
  recovered: 'Recovered a job',
  ended: 'Job has ended',
  cleanedUp: 'Cleaning up after a job of an earlier leader',
} as const

export interface CrashPoint extends CrashOrder {
  readonly name: string
  /** The leader is killed when the client has its answer, not at a step. */
  readonly afterAnswer?: true
  /** What must have been said, and how often, given the steps that the leader took. */
  readonly expected: (steps: readonly string[]) => Partial<Record<keyof typeof SAID, number>>
}

const took = (steps: readonly string[], change: RegExp) =>
  steps.some((step) => step.startsWith('after') && change.test(step)) ? 1 : 0

/** Either the next leader finds the job, or the client submits it anew: never both, never none. */
const SUBMISSION = {
  from: 'storage:blob',
  expected: (steps: readonly string[]) => {
    const isKept = took(steps, /create entries\/execution-plans\/<id>/)
    return { submitted: 1 - isKept, recovered: isKept, ended: 1 }
  },
} as const

/** The next leader runs the job again if nobody knows how it ended, and cleans up otherwise. */
const END = {
  from: 'entries/job-results',
  expected: (steps: readonly string[]) => {
    const isKnown = took(steps, /create entries\/job-results\/<id>/)
    const isClean = took(steps, /remove entries\/job-results\/<id>/)
    return { submitted: 1, recovered: 1 - isKnown, cleanedUp: isKnown - isClean }
  },
} as const

const submission = (at: string): CrashPoint => ({ ...SUBMISSION, at, name: `submission, ${at}` })
const end = (at: string): CrashPoint => ({ ...END, at, name: `end, ${at}` })

/** The client knows that its job was submitted. */
export const AFTER_ANSWER: CrashPoint = {
  ...SUBMISSION,
  name: 'submission, after the answer',
  afterAnswer: true,
  expected: () => ({ submitted: 1, recovered: 1, ended: 1 }),
}

/** Those at which most could go wrong. */
export const MAIN_CRASH_POINTS: readonly CrashPoint[] = [
  submission('after write storage:blob'),
  submission('after write storage:entries'),
  submission('after .*create entries/execution-plans/<id>'),
  AFTER_ANSWER,
  end('before .*create entries/job-results/<id>'),
  end('after .*create entries/job-results/<id>'),
  end('after remove entries/execution-plans/<id>'),
]

/** Nobody dies: what the steps are. */
export const UNDISTURBED: readonly CrashPoint[] = [
  { ...SUBMISSION, name: 'submission, undisturbed', expected: undisturbed },
  { ...END, name: 'end, undisturbed', expected: undisturbed },
]

/** One point for each of the steps that an undisturbed job took; by its label, as others may take some more or some less. */
export function pointsAt(undisturbed: CrashPoint, steps: readonly string[]): CrashPoint[] {
  const kind = undisturbed.from === SUBMISSION.from ? SUBMISSION : END
  const taken = kind === SUBMISSION ? submissionOf(steps) : steps
  return taken.map((step, number) => ({
    ...kind,
    at: `^${step.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`,
    occurrence: taken.slice(0, number + 1).filter((each) => each === step).length,
    name: `${undisturbed.name.replace(/,.*/, '')}, step ${number}: ${step}`,
  }))
}

/** What comes after the job was kept is no submission any more. */
function submissionOf(steps: readonly string[]): readonly string[] {
  const kept = steps.findIndex((step) => took([step], /create entries\/execution-plans\/<id>/))
  return steps.slice(0, kept + 1)
}

function undisturbed() {
  return { submitted: 1, recovered: 0, ended: 1, cleanedUp: 0 }
}
