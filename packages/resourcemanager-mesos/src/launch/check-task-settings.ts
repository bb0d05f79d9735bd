import {
  type Configuration,
  findKnownKey,
  IllegalConfigurationError,
  type Logger,
  MesosOptions,
} from '@flink-ts/core'
import { checkTaskUris } from './check-task-uris.js'

const PATHS = [MesosOptions.HOME_PATH, MesosOptions.NODE_PATH, MesosOptions.SECRET_PATH]

/**
 * What would else be found by tasks, on agents, one after the other. Warns of what may be found there.
 *
 * @throws IllegalConfigurationError
 */
export function checkTaskSettings(configuration: Configuration, log: Logger): void {
  // Some are read when the first task is launched.
  for (const option of Object.values(MesosOptions)) configuration.get<unknown>(option)
  for (const option of PATHS) {
    const path = configuration.get(option)
    if (path === undefined || path.startsWith('/')) continue
    refuse(option.key, path, 'an absolute path on the agents, or in the image')
  }
  checkTaskUris(configuration, log)
  const { key } = MesosOptions.TASKS_PORT_ASSIGNMENTS
  for (const assigned of configuration.get(MesosOptions.TASKS_PORT_ASSIGNMENTS) ?? []) {
    // Programs of users may have ports of their own.
    if (findKnownKey(assigned) !== undefined || /port$/i.test(assigned)) continue
    refuse(key, assigned, "configuration keys of ports: known ones, or others that end with 'port'")
  }
}

function refuse(key: string, value: string, expected: string): never {
  throw new IllegalConfigurationError(
    `Cannot use the value '${value}' of configuration key '${key}': expected ${expected}`,
    { key },
  )
}
