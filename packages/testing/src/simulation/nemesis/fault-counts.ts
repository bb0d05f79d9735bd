/** How often something was done to a simulated cluster, by kind: `request lost`, `crash`, and so on. */
export class FaultCounts {
  readonly #byKind = new Map<string, number>()
  #total = 0

  add(kind: string): void {
    this.#total++
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1)
  }

  get total(): number {
    return this.#total
  }

  get byKind(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byKind].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** Adds up what several runs counted. */
export function addFaultCounts(
  sum: Readonly<Record<string, number>>,
  counts: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const all = { ...sum }
  for (const [kind, count] of Object.entries(counts)) all[kind] = (all[kind] ?? 0) + count
  return all
}
