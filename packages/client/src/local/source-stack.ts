import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const FRAME = /(file:\/\/[^\s()]+\.[mc]?js|\/[^\s():]+\.[mc]?js):(\d+):(\d+)/g
const COMMENT = /\/\/# sourceMappingURL=(\S+)\s*$/

/**
 * Puts the places in the sources, as far as there are source maps, into the stacks of an error and its causes. For
 * processes that Node was not told to do it in (`--enable-source-maps`).
 *
 * @returns the same error
 */
export function mapStacksToSources(error: unknown): unknown {
  const maps = new Map<string, SourceMap | undefined>()
  const seen = new Set<unknown>()
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at)
    if (at.stack === undefined) continue
    at.stack = at.stack.replaceAll(FRAME, (text, file: string, line: string, column: string) => {
      if (!maps.has(file)) maps.set(file, readSourceMap(file))
      return mapped(maps.get(file), file, Number(line), Number(column)) ?? text
    })
  }
  return error
}

function mapped(
  map: SourceMap | undefined,
  file: string,
  line: number,
  column: number,
): string | undefined {
  const entry = map?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry)) return undefined
  const source = resolve(dirname(pathOf(file)), entry.originalSource)
  const place = file.startsWith('file:') ? pathToFileURL(source).href : source
  return `${place}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}

function readSourceMap(file: string): SourceMap | undefined {
  try {
    const path = pathOf(file)
    const url = COMMENT.exec(readFileSync(path, 'utf8'))?.[1]
    if (url === undefined) return undefined
    const inline = /^data:application\/json[^,]*;base64,(.*)$/s.exec(url)
    const mapPath = resolve(dirname(path), url)
    if (inline === null && !existsSync(mapPath)) return undefined
    const text = inline
      ? Buffer.from(inline[1]!, 'base64').toString()
      : readFileSync(mapPath, 'utf8')
    return new SourceMap(JSON.parse(text))
  } catch {
    // An error is told as it is rather than not at all.
    return undefined
  }
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file
}
