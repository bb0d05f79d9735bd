const MAX_NAME_LENGTH = 80

/**
 * The form in which a name stands in identifiers: what could be taken for syntax becomes `_`, and
 * long names (a chain of operators) are cut.
 *
 * @param kind a `group` is one part of an identifier, so its dots go as well
 */
export function sanitizeName(name: string, kind: 'metric' | 'group'): string {
  const cut =
    name.length > MAX_NAME_LENGTH && kind === 'group' ? name.slice(0, MAX_NAME_LENGTH) : name
  const replaced = cut.replace(/[\s\p{Cc},;:?'"=<>*|/\\()[\]{}]/gu, '_')
  return kind === 'group' ? replaced.replaceAll('.', '_') : replaced
}

/**
 * Fills a scope format such as `<host>.taskmanager.<tm_id>`; a variable that is not known stays as it is.
 *
 * @returns the parts of the scope
 */
export function fillScopeFormat(
  format: string,
  variables: Readonly<Record<string, string>>,
): string[] {
  return format.split('.').map((part) =>
    part.replace(/<([^<>]+)>/g, (whole, name: string) => {
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined
      return value === undefined ? whole : sanitizeName(value, 'group')
    }),
  )
}
