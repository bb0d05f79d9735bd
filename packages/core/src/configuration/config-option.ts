import type { OptionType } from './option-type.js'

/** One typed configuration key. */
export interface ConfigOption<T> {
  readonly key: string
  readonly type: OptionType<T>
  /** Absent if the option has none. */
  readonly defaultValue?: T
  /** One or two sentences for the configuration page. */
  readonly description: string
  /** Read, in this order, if `key` is not set. */
  readonly deprecatedKeys: readonly string[]
  /** The value must not be shown in logs, REST or errors. */
  readonly sensitive: boolean
}

/** An option that always has a value. */
export interface ConfigOptionWithDefault<T> extends ConfigOption<T> {
  readonly defaultValue: T
}

const SENSITIVE_PARTS = [
  'password',
  'secret',
  'fs.azure.account.key',
  'apikey',
  'api-key',
  'auth-params',
  'service-key',
  'token',
  'basic-auth',
  'jaas.config',
  'http-headers',
  'client.authorization',
]

/** Keys that name where a secret is: whoever looks for a mistake must see it. */
const PATHS_OF_SECRETS = new Set(['mesos.flink-ts.secret-path', 'security.cluster.secret-file'])

/** What stands in place of a sensitive value. */
export const HIDDEN_VALUE = '******'

/** Whether the value of `key` must not be shown, judged by its name. */
export function isSensitiveKey(key: string): boolean {
  const lower = key.toLowerCase()
  if (PATHS_OF_SECRETS.has(lower)) return false
  return SENSITIVE_PARTS.some((part) => lower.includes(part))
}
