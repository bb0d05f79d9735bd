export type { HadoopConfiguration } from './hadoop-configuration.js'
