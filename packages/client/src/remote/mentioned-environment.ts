const MEMBER = /\bprocess\.env(?:\?)?\.([A-Za-z_]\w*)|\bprocess\.env\[["']([^"']+)["']\]/g
const DESTRUCTURED = /\{([^{}]*)\}\s*=\s*process\.env\b/g

/**
 * The variables of an environment that a program's text reads by name: what its tasks need, where nobody watched which
 * ones it read. Those whose names are computed are not found.
 */
export function mentionedEnvironment(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const names = new Set<string>()
  for (const [, member, index] of text.matchAll(MEMBER)) names.add((member ?? index)!)
  for (const [, list] of text.matchAll(DESTRUCTURED)) {
    for (const part of list!.split(',')) names.add(part.split(/[:=]/)[0]!.trim())
  }
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = environment[name]
    if (value !== undefined) found[name] = value
  }
  return found
}
