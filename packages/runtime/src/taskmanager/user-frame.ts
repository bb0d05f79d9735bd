import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ThreadFrame } from './thread-inspector.js'

const INLINE_MAP = /\/\/# sourceMappingURL=data:application\/json[^,]*;base64,([A-Za-z0-9+/=]+)\s*$/

/** Where in the user's source a task was found. */
export interface UserFrame {
  readonly functionName: string
  /** `file:line` */
  readonly location: string
}

/**
 * The innermost frame that is the user's, mapped through the inline source map of the bundle; without
 * one in the bundle, the innermost frame at all.
 */
export function userFrame(
  frames: readonly ThreadFrame[],
  bundlePath: string | undefined,
): UserFrame | undefined {
  const bundleUrl = bundlePath === undefined ? undefined : pathToFileURL(bundlePath).href
  const frame = frames.find((f) => f.url === bundleUrl) ?? frames[0]
  if (frame === undefined) return undefined
  const { functionName, url, line, column } = frame
  if (bundlePath !== undefined && url === bundleUrl) {
    const entry = readSourceMap(bundlePath)?.findEntry(line - 1, column - 1)
    if (entry !== undefined && 'originalSource' in entry) {
      const location = `${basename(entry.originalSource)}:${entry.originalLine + 1}`
      return { functionName, location }
    }
  }
  return { functionName, location: `${basename(url)}:${line}` }
}

function readSourceMap(bundlePath: string): SourceMap | undefined {
  const encoded = INLINE_MAP.exec(readFileSync(bundlePath, 'utf8'))?.[1]
  if (encoded === undefined) return undefined
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload)
}
