const POLL_MS = 25
/** Generous: a machine may be busy with other things. */
const DEADLINE_MS = 120_000

/**
 * Asks again and again until the answer is neither undefined nor false; errors of the question count as no answer.
 *
 * @param isFinal whether an error of the question is one of `until` as well: no further question is asked
 * @throws Error naming what was waited for, and the last error, when that takes too long
 */
export async function until<T>(
  what: string,
  question: () => T | Promise<T>,
  deadlineMs = DEADLINE_MS,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<Exclude<T, undefined | false>> {
  const untilMs = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await question()
      if (answer !== undefined && answer !== false) {
        return answer as Exclude<T, undefined | false>
      }
      lastError = undefined
    } catch (error) {
      if (isFinal(error)) throw error
      lastError = error
    }
    if (performance.now() > untilMs) {
      throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause: lastError })
    }
    await new Promise<void>((resolve) => setTimeout(resolve, POLL_MS))
  }
}
