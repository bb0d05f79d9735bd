import { ConfigOptions } from '../config-options.js'
import { INFINITE_INT } from '../option-type.js'

/** How long finished jobs can be looked at. */
export const JobStoreOptions = {
  EXPIRATION_TIME: ConfigOptions.key('completed-application-store.expiration-time')
    .durationType({ min: 1 })
    .defaultValue(3_600_000)
    .withDescription('A finished job is forgotten after this time.'),
  MAX_CAPACITY: ConfigOptions.key('completed-application-store.max-capacity')
    .intType({ min: 0 })
    .defaultValue(INFINITE_INT)
    .withDeprecatedKeys('jobstore.max-capacity')
    .withDescription('Most finished jobs that are remembered.'),
} as const
