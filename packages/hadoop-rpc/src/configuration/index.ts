export {
  defaultFileSystem,
  nameNodeWebAddresses,
  resourceManagerSchedulerAddresses,
  resourceManagerWebAddresses,
  type WebAddress,
} from './addresses.js'
export { type ConfigurationFiles, localConfigurationFiles } from './configuration-files.js'
export type { HadoopConfiguration } from './hadoop-configuration.js'
export { HadoopConfigurationError } from './hadoop-configuration-error.js'
export {
  type LoadHadoopConfigurationOptions,
  loadHadoopConfiguration,
} from './load-hadoop-configuration.js'
