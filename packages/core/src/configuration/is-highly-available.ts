import type { Configuration } from './configuration.js'
import { HighAvailabilityOptions } from './options/high-availability-options.js'

/** Whether there may be several JobManagers, of which one leads (`high-availability.type`). */
export function isHighlyAvailable(configuration: Configuration): boolean {
  return configuration.get(HighAvailabilityOptions.HA_MODE).trim().toUpperCase() !== 'NONE'
}
