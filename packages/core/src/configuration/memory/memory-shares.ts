import type { ConfigOptionWithDefault } from '../config-option.js'
import type { Configuration } from '../configuration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { formatMemorySize } from '../memory-size.js'

/** A part of memory that is a share of something, within limits. */
export interface FractionOptions {
  readonly name: string
  readonly min: ConfigOptionWithDefault<number>
  readonly max: ConfigOptionWithDefault<number>
  readonly fraction: ConfigOptionWithDefault<number>
}

/** The share of `totalBytes`, within its limits. */
export function shareOf(
  configuration: Configuration,
  options: FractionOptions,
  totalBytes: number,
): number {
  return clamp(configuration, options, totalBytes * configuration.get(options.fraction))
}

/** The share that stands beside `restBytes`, so that it is its fraction of both together. */
export function shareBeside(
  configuration: Configuration,
  options: FractionOptions,
  restBytes: number,
): number {
  const fraction = configuration.get(options.fraction)
  return clamp(configuration, options, (restBytes * fraction) / (1 - fraction))
}

/** @throws IllegalConfigurationError if `bytes`, which the other settings leave, is outside the limits */
export function checkShare(
  configuration: Configuration,
  options: FractionOptions,
  parts: { readonly bytes: number; readonly arithmetic: string },
): number {
  const { min, max } = limits(configuration, options)
  if (parts.bytes < min || parts.bytes > max) {
    throw new IllegalConfigurationError(
      `Cannot divide the memory: ${parts.arithmetic} leave ${signed(parts.bytes)} for ${options.name}, which must be from ${formatMemorySize(min)} ('${options.min.key}') to ${formatMemorySize(max)} ('${options.max.key}')`,
    )
  }
  return parts.bytes
}

/** `a 1 mb + b 2 mb = 3 mb`, for errors. */
export function sumText(parts: Readonly<Record<string, number>>): string {
  const terms = Object.entries(parts).map(([name, bytes]) => `${name} ${formatMemorySize(bytes)}`)
  const total = Object.values(parts).reduce((a, b) => a + b, 0)
  return `${terms.join(' + ')} = ${formatMemorySize(total)}`
}

/** Like {@link formatMemorySize}, also below zero. */
export function signed(bytes: number): string {
  return bytes < 0 ? `-${formatMemorySize(-bytes)}` : formatMemorySize(bytes)
}

function clamp(configuration: Configuration, options: FractionOptions, bytes: number): number {
  const { min, max } = limits(configuration, options)
  return Math.min(max, Math.max(min, Math.floor(bytes)))
}

function limits(configuration: Configuration, options: FractionOptions) {
  const min = configuration.get(options.min)
  const max = configuration.get(options.max)
  if (min > max) {
    throw new IllegalConfigurationError(
      `'${options.min.key}' (${formatMemorySize(min)}) must not be larger than '${options.max.key}' (${formatMemorySize(max)})`,
      { key: options.min.key },
    )
  }
  return { min, max }
}
