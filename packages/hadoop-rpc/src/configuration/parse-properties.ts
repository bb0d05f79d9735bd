import { parseXml, XmlElement, XmlError } from '@rgrove/parse-xml'
import { HadoopConfigurationError } from './hadoop-configuration-error.js'

/** A property as a file has it: not expanded. */
export interface Property {
  readonly name: string
  readonly value: string
  /** Files that are read later do not change it. */
  readonly isFinal: boolean
}

/** `xi:include` in a file. */
export interface Inclusion {
  readonly href: string
  /** What stands in for a file that is not there; undefined: it must be there. */
  readonly fallback: readonly (Property | Inclusion)[] | undefined
  readonly line: number
  readonly column: number
}

/**
 * What a file of Hadoop's configuration says, in its order.
 *
 * @throws HadoopConfigurationError with line and column if it is none
 */
export function parseProperties(text: string, file: string): readonly (Property | Inclusion)[] {
  let root: XmlElement | null
  try {
    root = parseXml(text.replace(/^\uFEFF/, ''), { includeOffsets: true }).root
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    const { line, column } = error
    const reason = error.message.split('\n')[0]!.replace(/ \(line \d+, column \d+\)$/, '')
    // Not as its cause: the stack of a parser tells people nothing more.
    throw new HadoopConfigurationError(`This is no XML: ${reason}`, { file, line, column })
  }
  const parser = new PropertyParser(text, file)
  if (root?.name !== 'configuration')
    throw parser.error(root, `<configuration> is expected, not <${root?.name ?? ''}>`)
  return parser.children(root)
}

class PropertyParser {
  readonly #text: string
  readonly #file: string

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
  }

  children(parent: XmlElement): (Property | Inclusion)[] {
    const found: (Property | Inclusion)[] = []
    for (const child of elementsOf(parent)) {
      if (child.name === 'property') {
        const property = this.#property(child)
        if (property !== undefined) found.push(property)
      } else if (child.name === 'configuration') {
        found.push(...this.children(child))
      } else if (child.name === 'xi:include' || child.name === 'include') {
        found.push(this.#inclusion(child))
      } else {
        throw this.error(child, `<property> is expected, not <${child.name}>`)
      }
    }
    return found
  }

  error(element: XmlElement | null, message: string): HadoopConfigurationError {
    return new HadoopConfigurationError(message, { file: this.#file, ...this.#place(element) })
  }

  #property(element: XmlElement): Property | undefined {
    const fields: Record<string, string | undefined> = { ...element.attributes }
    for (const child of elementsOf(element)) fields[child.name] = child.text
    const name = fields['name']?.trim()
    if (name === undefined || name === '') throw this.error(element, 'A property has no <name>')
    // Without a value it counts as not there, as in Hadoop.
    const value = fields['value']?.trim()
    if (value === undefined) return undefined
    return { name, value, isFinal: fields['final']?.trim() === 'true' }
  }

  #inclusion(element: XmlElement): Inclusion {
    const href = element.attributes['href']
    if (href === undefined) throw this.error(element, `<${element.name}> has no href`)
    if (/^(?!file:)[a-z]+:\/\//i.test(href))
      throw this.error(element, `Only files can be included, not ${href}`)
    const fallback = elementsOf(element).find(({ name }) => /^(xi:)?fallback$/.test(name))
    return {
      href,
      fallback: fallback === undefined ? undefined : this.children(fallback),
      ...this.#place(element),
    }
  }

  #place(element: XmlElement | null): { line: number; column: number } {
    const before = this.#text.slice(0, Math.max(0, element?.start ?? 0))
    const line = before.split('\n').length
    return { line, column: before.length - before.lastIndexOf('\n') }
  }
}

const elementsOf = (parent: XmlElement): XmlElement[] =>
  parent.children.filter((child) => child instanceof XmlElement)
