import { Configuration } from './configuration.js'

/** As deployers write them: two JSON strings, which are YAML as well. */
const QUOTED = /^("(?:[^"\\]|\\.)+"): ("(?:[^"\\]|\\.)*")$/
/** Nothing in it means anything to YAML. */
const PLAIN = /^([A-Za-z][\w.-]*): ((?:[\w/.][\w./-]*(?: [\w./-]+)*)|(?:[\w/.][\w./:-]*[\w./-]))$/
const NOTHING = /^(?:#.*)?$/

/**
 * Reads configuration text of lines that are so simple that YAML need not be loaded, which takes longer than most files take to read.
 *
 * @returns undefined if a line is not, or a key stands there twice
 */
export function parseSimpleLines(text: string): Configuration | undefined {
  const configuration = new Configuration()
  for (const line of text.split(/\r?\n/)) {
    if (NOTHING.test(line)) continue
    const entry = plainEntry(line) ?? quotedEntry(line)
    if (entry === undefined || entry[0] === '') return undefined
    const [key, value] = entry
    if (configuration.getString(key) !== undefined) return undefined
    configuration.setString(key, value)
  }
  return configuration
}

function plainEntry(line: string): [key: string, value: string] | undefined {
  const found = PLAIN.exec(line)
  return found === null ? undefined : [found[1]!, found[2]!]
}

function quotedEntry(line: string): [key: string, value: string] | undefined {
  const found = QUOTED.exec(line)
  if (found === null) return undefined
  try {
    return [String(JSON.parse(found[1]!)).trim(), String(JSON.parse(found[2]!))]
  } catch {
    // An escape of YAML's own.
    return undefined
  }
}
