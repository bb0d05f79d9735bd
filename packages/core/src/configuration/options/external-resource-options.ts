import { ConfigOptions } from '../config-options.js'

/** Resources of TaskManagers beside CPU and memory, such as GPUs. */
export const ExternalResourceOptions = {
  EXTERNAL_RESOURCE_LIST: ConfigOptions.key('external-resources')
    .listType()
    .noDefaultValue()
    .withDescription('Names of the external resources that a TaskManager has.'),
  EXTERNAL_RESOURCES: ConfigOptions.key('external-resource')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Of each of them: `external-resource.<name>.amount` says how many a TaskManager has, `external-resource.<name>.yarn.config-key` what YARN calls it, such as `yarn.io/gpu`, and `external-resource.<name>.mesos.config-key: gpus` that Mesos counts it among GPUs.',
    ),
} as const
