/** What went wrong with a connection, for people: some errors have a code alone. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { readonly code?: unknown }
  return error.message || String(code ?? error.name)
}
