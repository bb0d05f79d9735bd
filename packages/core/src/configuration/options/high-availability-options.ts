import { ConfigOptions } from '../config-options.js'

/** More than one JobManager. */
export const HighAvailabilityOptions = {
  HA_MODE: ConfigOptions.key('high-availability.type')
    .stringType()
    .defaultValue('NONE')
    .withDeprecatedKeys('high-availability')
    .withDescription('`NONE`, `ZOOKEEPER` or `KUBERNETES`.'),
} as const
