import type { Configuration } from '../configuration.js'
import { formatDuration } from '../duration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { nearestName } from '../nearest-name.js'
import { HeartbeatManagerOptions } from './heartbeat-manager-options.js'
import { HighAvailabilityOptions } from './high-availability-options.js'
import { findKnownKey, knownKeyNames } from './known-keys.js'
import { allOptions } from './option-groups.js'
import { SecurityOptions } from './security-options.js'

/** Something to say about a configuration when a process starts. */
export interface ConfigurationNotice {
  /** With an `error` the process must not start; the others are logged, one line each. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly key: string
  readonly message: string
}

/**
 * Looks through a whole configuration before anything starts: bad values of all options at once,
 * values that contradict each other or that must not be ignored, deprecated and unknown keys
 * (with the nearest known name), and known keys that have no effect here.
 *
 * @returns notices, errors first, then by key
 */
export function checkConfiguration(configuration: Configuration): ConfigurationNotice[] {
  const errors = valueErrors(configuration)
  const bad = new Set(errors.map((notice) => notice.key))
  if (bad.size === 0) errors.push(...contradictions(configuration))
  const others = configuration
    .keys()
    .filter((key) => !bad.has(key))
    .flatMap((key) => keyNotice(key) ?? [])
  return [...errors, ...others]
}

function valueErrors(configuration: Configuration): ConfigurationNotice[] {
  const notices = new Map<string, ConfigurationNotice>()
  for (const option of allOptions()) {
    try {
      configuration.getOptional(option)
    } catch (error) {
      if (!(error instanceof IllegalConfigurationError)) throw error
      const key = error.key!
      notices.set(key, { severity: 'error', key, message: error.message })
    }
  }
  return [...notices.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function contradictions(configuration: Configuration): ConfigurationNotice[] {
  const notices: ConfigurationNotice[] = []
  const error = (key: string, message: string) => notices.push({ severity: 'error', key, message })

  const interval = HeartbeatManagerOptions.HEARTBEAT_INTERVAL
  const timeout = HeartbeatManagerOptions.HEARTBEAT_TIMEOUT
  if (configuration.get(interval) >= configuration.get(timeout)) {
    error(
      timeout.key,
      `'${timeout.key}' (${formatDuration(configuration.get(timeout))}) must be longer than '${interval.key}' (${formatDuration(configuration.get(interval))})`,
    )
  }
  // Who asks for protection must not run without it unawares.
  for (const option of [SecurityOptions.SSL_INTERNAL_ENABLED, SecurityOptions.SSL_REST_ENABLED]) {
    const reason = findKnownKey(option.key)?.reasonWithoutEffect
    if (reason !== undefined && configuration.get(option)) {
      error(option.key, `'${option.key}' cannot be true: ${reason}`)
    }
  }
  const ha = HighAvailabilityOptions.HA_MODE
  const kind = configuration.get(ha).toUpperCase()
  if (kind === 'KUBERNETES') {
    error(
      ha.key,
      `'${ha.key}' cannot be ${configuration.get(ha)}: high availability on Kubernetes is not in this release; expected NONE or ZOOKEEPER`,
    )
  }
  const quorum = HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM
  if (kind === 'ZOOKEEPER' && (configuration.get(quorum) ?? '').trim() === '') {
    error(
      quorum.key,
      `'${quorum.key}' is not set: '${ha.key}' is ${configuration.get(ha)}; expected the servers of the ensemble as host:port,host:port`,
    )
  }
  return notices
}

function keyNotice(key: string): ConfigurationNotice | undefined {
  const known = findKnownKey(key)
  if (known === undefined) {
    const nearest = nearestName(key, knownKeyNames())
    const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`
    return {
      severity: 'warning',
      key,
      message: `Unknown configuration key '${key}'${hint}`,
    }
  }
  if (known.reasonWithoutEffect !== undefined) {
    return {
      severity: 'info',
      key,
      message: `Configuration key '${key}' has no effect: ${known.reasonWithoutEffect}`,
    }
  }
  if (known.replacedBy !== undefined) {
    return {
      severity: 'info',
      key,
      message: `Configuration key '${key}' is deprecated; use '${known.replacedBy}'`,
    }
  }
  return undefined
}
