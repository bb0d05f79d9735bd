import { HadoopConfigurationError } from './hadoop-configuration-error.js'

/** Where the values of variables come from. */
export interface VariableSources {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What a JVM would have, such as `user.name`; they go before properties of the configuration. */
  readonly systemProperties: Readonly<Record<string, string | undefined>>
  readonly property: (name: string) => string | undefined
}

/** As in Hadoop. */
const MAX_SUBSTITUTIONS = 20
const VARIABLE = /\$\{([^}$\s]+)\}/g
const ENVIRONMENT = /^env\.([^:-]+)(:?-)?(.*)$/

/**
 * Replaces `${name}`, `${env.NAME}`, `${env.NAME-default}` (if unset) and `${env.NAME:-default}` (if unset or empty), also in what they
 * stand for. What nobody knows stays as it is.
 *
 * @throws HadoopConfigurationError if it does not end
 */
export function expandVariables(name: string, value: string, sources: VariableSources): string {
  let text = value
  for (let round = 0; round < MAX_SUBSTITUTIONS; round++) {
    let isKnown = false
    text = text.replace(VARIABLE, (whole, variable: string) => {
      const found = lookUp(variable, sources)
      isKnown ||= found !== undefined
      return found ?? whole
    })
    if (!isKnown) return text
    // A value that doubles in each round would fill the memory before the rounds are over.
    if (text.length > 100_000) break
  }
  throw new HadoopConfigurationError(
    `The value of ${name}, '${value}', still has variables after ${MAX_SUBSTITUTIONS} substitutions: it refers to itself, as '${text.slice(0, 200)}' shows`,
  )
}

function lookUp(variable: string, sources: VariableSources): string | undefined {
  const environment = ENVIRONMENT.exec(variable)
  if (environment !== null) {
    const [, key, operator, fallback] = environment
    const found = sources.environment[key!]
    if (operator === ':-') return found === undefined || found === '' ? fallback : found
    return found ?? (operator === '-' ? fallback : undefined)
  }
  return sources.systemProperties[variable] ?? sources.property(variable)
}
