/** What went wrong with a connection, for people: some errors have a code alone. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { readonly code?: unknown }
  return error.message || String(code ?? error.name)
}

/** What went wrong before an answer had begun: whoever listens there may be no master at all. */
export function unansweredWordsOf(error: unknown): string {
  const words = wordsOf(error)
  const { code } = Object(error) as { readonly code?: unknown }
  if (words !== 'socket hang up' && !String(code).startsWith('HPE_')) return words
  return `${words}: what listens there gives no answer of HTTP, and may be no master of Mesos, or want TLS`
}
