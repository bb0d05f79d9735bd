import { type Configuration, MesosOptions, YarnOptions } from '@flink-ts/core'
import type { CommandInfo, CommandUri } from '@flink-ts/mesos-client'
import { type AgentRuntime, HOME_FOLDER, NODE_FILE } from './agent-runtime.js'
import { checkFetched } from './fetched-files.js'
import { shellWord } from './shell-word.js'

/** A command of which `exec` can be said: no list, no pipe, no variable of its own. */
const SIMPLE = /^[^;&|()<>`=\n#]+$/

export interface TaskCommandOptions {
  /** Of the JobManager. */
  readonly configuration: Configuration
  readonly runtime: AgentRuntime
  /** Over the configuration of the cluster, as `-D key=value`. */
  readonly properties: Readonly<Record<string, string>>
  /** In whose name it makes files in Hadoop, unless the configuration says it. */
  readonly userName: string | undefined
  /** Over the variables that the configuration gives to TaskManagers. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The command of a task: in its sandbox, whatever folder an image has, what was fetched is checked and unpacked; then come the command of
 * `bootstrap-cmd` and the TaskManager, which takes the place of the shell.
 *
 * @throws FlinkError FLINK_MESOS_LAUNCH for what no process can be given
 */
export function taskCommand(options: TaskCommandOptions): CommandInfo {
  const { configuration, runtime, properties, userName, environment } = options
  const start = configuration.get(MesosOptions.TASKS_TASK_MANAGER_CMD).trim()
  const bootstrap = configuration.get(MesosOptions.TASKS_BOOTSTRAP_CMD)?.trim()
  const words = Object.entries(properties).map(([key, value]) => shellWord(`-D${key}=${value}`))
  const prepared = [
    // Some images have a working folder of their own.
    `cd "\${MESOS_SANDBOX:-.}"`,
    ...checkFetched(runtime.fetched),
    variable('FLINK_HOME', runtime.homePath, HOME_FOLDER),
    variable('FLINK_NODE', runtime.nodePath, NODE_FILE),
  ]
  const steps = [
    prepared.join(' && '),
    // A remark or the end of a line in it ends nothing else.
    ...(bootstrap ? [`{\n${bootstrap}\n}`] : []),
    [`${SIMPLE.test(start) ? 'exec ' : ''}${start}`, ...words].join(' '),
  ]
  const user = configuration.get(MesosOptions.TASKS_USER)
  const own = configuration.get(MesosOptions.TASKS_URIS) ?? []
  return {
    shell: true,
    // Commands of the configuration may be lists of any kind: one that follows `&&` could go on after, or beside, a step that failed.
    value: steps.join(' || exit; '),
    environment: {
      ...(userName ? { HADOOP_USER_NAME: userName } : {}),
      ...Object.fromEntries(configuration.get(YarnOptions.TASK_MANAGER_ENVIRONMENT) ?? []),
      ...environment,
    },
    ...(user ? { user } : {}),
    uris: [
      ...runtime.fetched.map(({ uri }) => uri),
      ...own.map((value): CommandUri => ({ value, extract: true })),
    ],
  }
}

/** Where it is on the agents, or else in the sandbox. */
function variable(name: string, path: string | undefined, inSandbox: string): string {
  return `export ${name}=${path === undefined ? `"$PWD/${inSandbox}"` : shellWord(path)}`
}
