/** Characters that make a path a pattern. */
const PATTERN = /[*?{[]/

/** Whether a path is a pattern of paths. */
export function isGlob(path: string): boolean {
  return PATTERN.test(path)
}

/** The longest folder above all paths that a pattern may match. */
export function globRoot(glob: string): string {
  const fixed = glob.slice(0, glob.search(PATTERN))
  return fixed.slice(0, fixed.lastIndexOf('/')) || '/'
}

/**
 * What a pattern matches: `*` and `?` within one name, `**` also across folders, `{a,b}` either of them, `[ab]` and
 * `[!ab]` one character.
 */
export function globExpression(glob: string): RegExp {
  let source = ''
  let braces = 0
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]!
    if (glob.startsWith('**/', i)) {
      source += '(?:[^/]+/)*'
      i += 2
    } else if (glob.startsWith('**', i)) {
      source += '.*'
      i++
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (char === '[' && glob.indexOf(']', i + 2) > 0) {
      const end = glob.indexOf(']', i + 2)
      const set = glob.slice(i + 1, end).replace(/[\\^\]]/g, '\\$&')
      source += `[${set.startsWith('!') ? `^/${set.slice(1)}` : set}]`
      i = end
    } else if (char === '{') {
      source += '(?:'
      braces++
    } else if (char === '}' && braces > 0) {
      source += ')'
      braces--
    } else if (char === ',' && braces > 0) source += '|'
    else source += char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }
  return new RegExp(`^${source}${')'.repeat(braces)}$`, 'su')
}
