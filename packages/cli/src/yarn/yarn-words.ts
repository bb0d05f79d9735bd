import {
  Configuration,
  HighAvailabilityOptions,
  JobManagerMemoryOptions,
  resolveUserPath,
  TaskManagerMemoryOptions,
  TaskManagerOptions,
  YarnOptions,
} from '@flink-ts/core'
import type { OptionDefinition, ParsedArguments } from '../arguments/option-parser.js'
import { dynamicProperties } from '../flink-home.js'
import { CliArgumentError } from '../terminal/terminal.js'

/** What command lines say about clusters on YARN; `-yjm` of `flink` is `-jm` of `yarn-session.sh`. */
export interface YarnOptionSet {
  readonly jobManagerMemory: OptionDefinition
  readonly taskManagerMemory: OptionDefinition
  readonly slots: OptionDefinition
  readonly name: OptionDefinition
  readonly queue: OptionDefinition
  readonly ship: OptionDefinition
  readonly type: OptionDefinition
  readonly nodeLabel: OptionDefinition
  readonly zookeeperNamespace: OptionDefinition
  readonly property: OptionDefinition
  readonly jar: OptionDefinition
  readonly detached: OptionDefinition
  readonly query: OptionDefinition
  readonly applicationId: OptionDefinition
}

/** @param prefix in front of each name; such options are those of Flink's yarn-cluster mode */
export function yarnOptions(prefix: '' | 'y'): YarnOptionSet {
  const option = (
    short: string,
    name: string | undefined,
    description: string,
    argument?: string,
  ): OptionDefinition => ({
    short: `${prefix}${short}`,
    ...(name === undefined ? {} : { long: prefix === '' ? name : `yarn${name}` }),
    ...(argument === undefined ? {} : { argument }),
    ...(prefix === '' ? {} : { group: 'yarn-cluster' as const }),
    description,
  })
  return {
    jobManagerMemory: option(
      'jm',
      'jobManagerMemory',
      'Memory of the JobManager process (MB unless a unit is given).',
      'memory',
    ),
    taskManagerMemory: option(
      'tm',
      'taskManagerMemory',
      'Memory of each TaskManager process (MB unless a unit is given).',
      'memory',
    ),
    slots: option('s', 'slots', 'Slots of each TaskManager.', 'number'),
    name: option('nm', 'name', 'Name of the application.', 'name'),
    queue: option('qu', 'queue', 'Queue of YARN.', 'queue'),
    ship: option('t', 'ship', 'File or folder that all containers find; may be repeated.', 'path'),
    type: option('at', 'applicationType', 'Type of the application.', 'type'),
    nodeLabel: option('nl', 'nodeLabel', 'Label of the nodes that containers go to.', 'label'),
    zookeeperNamespace: option(
      'z',
      'zookeeperNamespace',
      'Name of the cluster for high availability (default: the application id).',
      'name',
    ),
    property: {
      ...option('D', undefined, 'Any configuration key; may be repeated.', 'key=value'),
      glued: true,
    },
    jar: option('j', 'jar', 'Of Flink; has no effect: the installation goes as a whole.', 'path'),
    detached: option(
      'd',
      'detached',
      prefix === '' ? 'Start the session and leave.' : 'As --detached.',
    ),
    query: option('q', 'query', 'Show what YARN has to give.'),
    applicationId: option('id', 'applicationId', 'Application that runs already.', 'id'),
  }
}

/** The keys that these options stand for; `key=value` words win. @throws CliArgumentError */
export function yarnConfiguration(
  args: ParsedArguments,
  options: YarnOptionSet,
  places: { readonly workingDirectory: string; readonly configured: Configuration },
): Configuration {
  const result = new Configuration()
  const jobManagerMemory = args.value(options.jobManagerMemory)
  if (jobManagerMemory !== undefined) {
    const { TOTAL_PROCESS_MEMORY } = JobManagerMemoryOptions
    result.setString(TOTAL_PROCESS_MEMORY.key, memory(options.jobManagerMemory, jobManagerMemory))
  }
  const taskManagerMemory = args.value(options.taskManagerMemory)
  if (taskManagerMemory !== undefined) {
    const { TOTAL_PROCESS_MEMORY } = TaskManagerMemoryOptions
    result.setString(TOTAL_PROCESS_MEMORY.key, memory(options.taskManagerMemory, taskManagerMemory))
  }
  const slots = args.value(options.slots)
  if (slots !== undefined) {
    if (!/^[1-9]\d{0,5}$/.test(slots)) {
      throw new CliArgumentError(`-${options.slots.short} ${slots}: expected a number of slots`)
    }
    result.set(TaskManagerOptions.NUM_TASK_SLOTS, Number(slots))
  }
  const ship = args.values(options.ship)
  if (ship.length > 0) {
    const here = ship.map((path) => resolveUserPath(path, places.workingDirectory))
    const others = places.configured.get(YarnOptions.SHIP_FILES) ?? []
    result.set(YarnOptions.SHIP_FILES, [...others, ...here])
  }
  const texts = [
    [options.name, YarnOptions.APPLICATION_NAME],
    [options.queue, YarnOptions.APPLICATION_QUEUE],
    [options.type, YarnOptions.APPLICATION_TYPE],
    [options.nodeLabel, YarnOptions.APPLICATION_NODE_LABEL],
    [options.zookeeperNamespace, HighAvailabilityOptions.HA_CLUSTER_ID],
    [options.applicationId, YarnOptions.APPLICATION_ID],
  ] as const
  for (const [option, key] of texts) {
    const text = args.value(option)
    if (text !== undefined) result.setString(key.key, text)
  }
  return result.merge(dynamicProperties(args.values(options.property)))
}

/** Without a unit it is MB, as Flink has it. */
function memory({ short }: OptionDefinition, text: string): string {
  if (/^[1-9]\d*$/.test(text)) return `${text}m`
  if (/^[1-9]\d*\s*[a-z]+$/i.test(text)) return text
  throw new CliArgumentError(`-${short} ${text}: expected a size, such as 2048 (MB) or 2g`)
}
