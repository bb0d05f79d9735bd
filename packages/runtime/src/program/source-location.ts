import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A place in a file; lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Where the user wrote what runs at a place of the bundle, by the bundle's own source map; the
 * place itself without one.
 *
 * @param url file URL or path of the script
 */
export function mapToSource(url: string, line: number, column: number): SourceLocation {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url
  const map = findSourceMap(file) ?? findSourceMap(url)
  const entry = map?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry)) return { file, line, column }
  const source = entry.originalSource
  return {
    file: source.startsWith('file:') ? fileURLToPath(source) : source,
    line: entry.originalLine + 1,
    column: entry.originalColumn + 1,
  }
}
