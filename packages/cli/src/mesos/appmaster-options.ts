import { RESTORE_OPTIONS } from '../actions/savepoint-settings.js'
import { optionHelp } from '../arguments/help.js'
import type { OptionDefinition } from '../arguments/option-parser.js'
import {
  DETACHED,
  DYNAMIC_PROPERTY,
  ENTRY,
  HELP,
  PARALLELISM,
  VERBOSE,
  ZOOKEEPER_NAMESPACE,
} from '../arguments/options.js'

/** What the JobManager on Mesos is for: jobs that clients submit, or one. */
export type AppMasterKind = 'session' | 'job'

export const JOB_GRAPH: OptionDefinition = {
  short: 'jg',
  long: 'job-graph',
  argument: 'file',
  description:
    'Run the job of this file (docs/job-graph.md) in place of a program; also -Dinternal.jobgraph-path=<file>.',
}
export const BUNDLE: OptionDefinition = {
  long: 'bundle',
  argument: 'file',
  description: 'With --job-graph: the bundled program that its operators refer to.',
}
export const JOB_ID: OptionDefinition = {
  short: 'jid',
  long: 'job-id',
  argument: 'hex',
  description:
    'Id of the job, 32 hexadecimal digits (default: any; with high availability one for each high-availability.cluster-id, so that a JobManager that is started again goes on with the same job).',
}
const DETACHED_HERE: OptionDefinition = {
  ...DETACHED,
  description:
    'As with "flink run -d", and always so: execute() answers at once, without a result.',
}

const COMMON = [DYNAMIC_PROPERTY, ZOOKEEPER_NAMESPACE, VERBOSE, HELP]

export const APPMASTER_OPTIONS: Readonly<Record<AppMasterKind, readonly OptionDefinition[]>> = {
  session: COMMON,
  job: [
    ENTRY,
    PARALLELISM,
    ...RESTORE_OPTIONS,
    DETACHED_HERE,
    JOB_ID,
    JOB_GRAPH,
    BUNDLE,
    ...COMMON,
  ],
}

const HEADS: Readonly<Record<AppMasterKind, readonly string[]>> = {
  session: [
    'Usage: mesos-appmaster.sh -Dmesos.master=<host:port | zk://host:port/path> [OPTIONS]',
    'Runs a session cluster as a framework of Mesos, in the foreground: its JobManager is this process, its TaskManagers are tasks.',
    'SIGTERM and Ctrl-C end all of them; with high availability SIGTERM leaves the TaskManagers to the next JobManager.',
  ],
  job: [
    'Usage: mesos-appmaster-job.sh -Dmesos.master=<host:port | zk://host:port/path> [OPTIONS] <program.ts|program.js> <arguments>',
    'Runs the one job of a program in a cluster of its own on Mesos, in the foreground, and ends with it: exit code 0 if it',
    'finished or was cancelled, 163 if it failed. main() runs here, before the cluster starts.',
  ],
}

/** What `-h` shows. */
export function appMasterHelp(kind: AppMasterKind): string {
  return [
    ...HEADS[kind],
    '   Optional',
    ...APPMASTER_OPTIONS[kind].map(optionHelp),
    'How it goes: docs/mesos.md',
  ].join('\n')
}
