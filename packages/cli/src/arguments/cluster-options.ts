import { YARN_CLUSTER_OPTIONS } from '../yarn/yarn-cluster-mode.js'
import type { OptionDefinition } from './option-parser.js'
import {
  DYNAMIC_PROPERTY,
  EXECUTOR,
  HELP,
  JOBMANAGER,
  TARGET,
  VERBOSE,
  ZOOKEEPER_NAMESPACE,
} from './options.js'

/** What all actions that talk to a cluster take. */
export const CLUSTER_OPTIONS: readonly OptionDefinition[] = [
  JOBMANAGER,
  DYNAMIC_PROPERTY,
  TARGET,
  EXECUTOR,
  ZOOKEEPER_NAMESPACE,
  VERBOSE,
  HELP,
  ...YARN_CLUSTER_OPTIONS,
]
