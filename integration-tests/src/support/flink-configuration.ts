import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes `flink-conf.yaml`, in the place of one that is there. */
export function writeFlinkConfiguration(
  confDir: string,
  configuration: Readonly<Record<string, string | number>>,
): void {
  const lines = Object.entries(configuration).map(([key, value]) => `${key}: ${value}\n`)
  writeFileSync(join(confDir, 'flink-conf.yaml'), lines.join(''))
}

/** The environment of a user's processes: without the options of the test runner. */
export function userEnvironment(variables: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _runner, ...environment } = process.env
  return { ...environment, ...variables }
}
