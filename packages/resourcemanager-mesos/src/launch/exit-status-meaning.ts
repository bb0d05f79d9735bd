import { type Configuration, MesosOptions } from '@flink-ts/core'
import { BAD_ARTIFACT, BAD_ARTIFACT_STATUS, CANNOT_UNPACK, UNPACK_STATUS } from './fetched-files.js'

/** With which `bin/mesos-taskmanager.sh` ends where there is no Node.js. */
const NO_NODE_STATUS = 166
/** Of the shell. */
const NOT_EXECUTABLE_STATUS = 126
const NOT_FOUND_STATUS = 127

/** What the status of a task that could not start means, for people; undefined: nobody here knows. */
export function exitStatusMeaning(
  status: number,
  configuration: Configuration,
): string | undefined {
  const home = pathOf(configuration, MesosOptions.HOME_PATH)
  const node = pathOf(configuration, MesosOptions.NODE_PATH)
  switch (status) {
    case BAD_ARTIFACT_STATUS:
      return `${BAD_ARTIFACT}: what its agent fetched is not what this JobManager serves`
    case UNPACK_STATUS:
      return `${CANNOT_UNPACK}: what its agent fetched could not be read or unpacked; sha256sum, tar and gzip must be there, and room on the disk`
    case NO_NODE_STATUS:
      return `there is no Node.js where it was looked for: ${node}`
    case NOT_EXECUTABLE_STATUS:
      return `a command cannot be executed there: ${home}, ${node}`
    case NOT_FOUND_STATUS:
      return `a command was not found: ${home}, or bash is missing`
    default:
      return undefined
  }
}

function pathOf(
  configuration: Configuration,
  option: typeof MesosOptions.HOME_PATH | typeof MesosOptions.NODE_PATH,
): string {
  return `${option.key} is ${configuration.get(option) ?? 'not set'}`
}
