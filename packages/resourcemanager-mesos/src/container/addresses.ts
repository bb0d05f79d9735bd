import { type Configuration, isLoopback } from '@flink-ts/core'

/** A machine that calls itself loopback is reached by nobody else; on any other loopback in a configuration is meant for one machine. */
export function bindTo(
  configuration: Configuration,
  key: string,
  host: string,
): Record<string, string> {
  if (isLoopback(host)) return { [key]: host }
  const given = configuration.getString(key)?.trim()
  return !given || isLoopback(given) ? { [key]: '0.0.0.0' } : {}
}

/** Those of `properties` that nobody has set. */
export function unlessSet(
  configuration: Configuration,
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).filter(([key]) => configuration.getString(key) === undefined),
  )
}
