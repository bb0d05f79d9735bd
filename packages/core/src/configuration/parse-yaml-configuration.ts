import type { Document, Node, Scalar } from 'yaml'
import { Configuration } from './configuration.js'
import { IllegalConfigurationError } from './illegal-configuration-error.js'
import { parseSimpleLines } from './parse-simple-lines.js'
import { formatMap, quoteIfNeeded } from './structured-text.js'

/**
 * Reads configuration text: flat `a.b.c: v` lines, nested YAML, or both. Values keep their source
 * text (`8081`, `true`); lists become `a;b`, a list of maps `k:v,k:v;…`.
 *
 * @param source what the text is, for errors, such as `configuration file /x/flink-conf.yaml`
 * @throws IllegalConfigurationError naming source, line and what would be right
 */
export async function parseYamlConfiguration(text: string, source: string): Promise<Configuration> {
  const simple = parseSimpleLines(text)
  if (simple !== undefined) return simple
  // Loaded late: programs and task threads never read a file and need not pay for the parser.
  const yaml = await import('yaml')
  const lines = text.split(/\r?\n/)
  const lineCounter = new yaml.LineCounter()
  const document = yaml.parseDocument(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
  })
  const lineOf = (node: unknown): number => {
    const offset = (node as Node | undefined)?.range?.[0] ?? 0
    return Math.max(1, lineCounter.linePos(offset).line)
  }
  const fail = (line: number, what: string): never => {
    throw new IllegalConfigurationError(`Cannot read ${source}, line ${line}: ${what}`)
  }

  const problem = document.errors[0]
  if (problem !== undefined) {
    const { line } = lineCounter.linePos(problem.pos[0])
    const bad = suspectLine(lines, Math.max(1, line))
    fail(
      bad,
      `${shown(lines[bad - 1])} is not valid: ${advice(lines[bad - 1] ?? '', problem.message)}`,
    )
  }

  const configuration = new Configuration()
  const lineOfKey = new Map<string, number>()
  const add = (key: string, value: string, line: number) => {
    const earlier = lineOfKey.get(key)
    if (earlier !== undefined) {
      fail(line, `key '${key}' stands there already on line ${earlier}; keep one of them`)
    }
    lineOfKey.set(key, line)
    configuration.setString(key, value)
  }
  const visit = (node: unknown, prefix: string, line: number): void => {
    if (yaml.isMap(node)) {
      for (const pair of node.items) {
        const keyLine = lineOf(pair.key)
        const key = yaml.isScalar(pair.key) ? String(pair.key.value).trim() : ''
        if (key === '') fail(keyLine, 'a key must be a text that is not empty')
        visit(pair.value, prefix === '' ? key : `${prefix}.${key}`, keyLine)
      }
    } else if (yaml.isSeq(node)) {
      const parts = node.items.map((item) => listPart(yaml, document, item))
      if (parts.includes(undefined))
        fail(line, `the list under '${prefix}' may hold texts and flat maps only`)
      add(prefix, parts.map((part) => quoteIfNeeded(part!, ';')).join(';'), line)
    } else {
      const value = scalarText(yaml, document, node)
      if (value === undefined) {
        const remedy = yaml.isAlias(node)
          ? `no anchor of a text is named '${node.source}'; put the value in quotes if it is meant as it stands`
          : 'expected a text, a list or a map'
        fail(line, `the value of '${prefix}' cannot be used: ${remedy}`)
      }
      add(prefix, value!, line)
    }
  }
  if (document.contents !== null) {
    if (!yaml.isMap(document.contents)) {
      const line = lineOf(document.contents)
      fail(
        line,
        `${shown(lines[line - 1])} is not valid: ${advice(lines[line - 1] ?? '', "expected 'key: value'")}`,
      )
    }
    visit(document.contents, '', 1)
  }
  return configuration
}

type Yaml = typeof import('yaml')

function scalarText(yaml: Yaml, document: Document, node: unknown): string | undefined {
  if (node === null) return ''
  const resolved = yaml.isAlias(node) ? node.resolve(document) : node
  return yaml.isScalar(resolved) ? String((resolved as Scalar).value ?? '') : undefined
}

function listPart(yaml: Yaml, document: Document, item: unknown): string | undefined {
  if (!yaml.isMap(item)) return scalarText(yaml, document, item)
  const entries = new Map<string, string>()
  for (const pair of item.items) {
    const value = scalarText(yaml, document, pair.value)
    if (!yaml.isScalar(pair.key) || value === undefined) return undefined
    entries.set(String(pair.key.value), value)
  }
  return formatMap(entries)
}

/** The parser may stop at a good line because the one before it had no `: `. */
function suspectLine(lines: readonly string[], line: number): number {
  const before = lines[line - 2]
  return before !== undefined && /^[\w.-]+:\S/.test(before) ? line - 1 : line
}

function shown(line: string | undefined): string {
  const text = (line ?? '').trim()
  // A broken line may hold a secret: only its key is repeated.
  const key = /^[\w.<>$-]+/.exec(text)?.[0] ?? text.slice(0, 20)
  return key.length < text.length ? `'${key}…'` : `'${text}'`
}

function advice(line: string, parserMessage: string): string {
  if (/^\s*[\w.-]+:[^\s:]/.test(line))
    return "write a space after the colon, as in 'rest.port: 8081'"
  if (/^ *\t/.test(line)) return 'indent with spaces, not with tabs'
  if (/^\s*[\w.-]+:\s+[^'"]/.test(line)) {
    return `put the value in quotes if it is meant as it stands (${parserMessage})`
  }
  return `expected 'key: value' (${parserMessage})`
}
