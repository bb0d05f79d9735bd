/**
 * Splits `text` at `delimiter`, which counts as text between single or double quotes.
 * A doubled quote inside quotes stands for one. Parts are trimmed; empty parts are dropped unless quoted.
 *
 * @returns the parts with their quotes removed, or undefined if a quote is left open
 */
export function splitQuoted(text: string, delimiter: string): string[] | undefined {
  return splitRaw(text, delimiter)
    ?.filter((part) => part !== '')
    .map(unquote)
}

/** Quotes `part` if {@link splitQuoted} with one of `delimiters` would not give it back as it is. */
export function quoteIfNeeded(part: string, ...delimiters: string[]): string {
  const plain =
    part !== '' &&
    part === part.trim() &&
    !part.includes("'") &&
    !part.includes('"') &&
    !delimiters.some((delimiter) => part.includes(delimiter))
  return plain ? part : `'${part.replaceAll("'", "''")}'`
}

/** Reads `k1:v1,k2:v2`; undefined if a part has no `:` or a quote is left open. */
export function parseMap(text: string): ReadonlyMap<string, string> | undefined {
  const map = new Map<string, string>()
  const entries = splitRaw(text, ',', ',:')
  if (entries === undefined) return undefined
  for (const raw of entries) {
    if (raw === '') continue
    // An entry may be quoted as a whole, or its key and value each.
    const entry = splitRaw(raw, ':')!.length > 1 ? raw : unquote(raw)
    const parts = splitRaw(entry, ':')
    if (parts === undefined || parts.length < 2) return undefined
    map.set(unquote(parts[0]!), unquote(parts.slice(1).join(':')))
  }
  return map
}

/** Writes what {@link parseMap} reads. */
export function formatMap(map: ReadonlyMap<string, string>): string {
  return [...map]
    .map(([key, value]) => `${quoteIfNeeded(key, ',', ':')}:${quoteIfNeeded(value, ',', ':')}`)
    .join(',')
}

/** Splits at `delimiter` outside quotes; a quote opens at the start and after any of `structural`. */
function splitRaw(text: string, delimiter: string, structural = delimiter): string[] | undefined {
  const parts: string[] = []
  let quote: string | undefined
  let closedAt = -1
  let mayOpen = true
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quote !== undefined) {
      if (c !== quote) continue
      quote = undefined
      closedAt = i
    } else if ((c === '"' || c === "'") && (mayOpen || (closedAt === i - 1 && text[i - 1] === c))) {
      // Right after a closing quote it is the second of a doubled one: the quoted text goes on.
      quote = c
      mayOpen = false
    } else {
      mayOpen = structural.includes(c) || (mayOpen && c.trim() === '')
      if (c !== delimiter) continue
      parts.push(text.slice(start, i).trim())
      start = i + 1
    }
  }
  if (quote !== undefined) return undefined
  parts.push(text.slice(start).trim())
  return parts
}

function unquote(part: string): string {
  const quote = part[0]
  if ((quote === '"' || quote === "'") && part.length >= 2 && part.endsWith(quote)) {
    return part.slice(1, -1).replaceAll(quote + quote, quote)
  }
  return part
}
