// Finds in the lines of TAP what failed, to be told again at the end: the middle of a long output may be cut off.

const INDENT = 4
/** Of a diagnosis. */
const MAX_LINES = 40

/** Takes the lines of TAP one after the other. */
export class FailureReader {
  /** In the order of the output: names from the file to the assertion, and the lines of the diagnosis. */
  failures = []
  #open = []
  #diagnosed
  #end

  line(line) {
    if (this.#diagnosed !== undefined) {
      this.#diagnosis(line)
      return
    }
    // What tests print may look like TAP.
    if (/^ */.exec(line)[0].length % INDENT !== 0) return
    const subtest = /^( *)# Subtest: (.*)$/.exec(line)
    if (subtest !== null) {
      if (subtest[1].length / INDENT > this.#open.length) return
      this.#open.length = subtest[1].length / INDENT
      this.#open.push({ name: subtest[2], hasFailures: false })
      return
    }
    const result = /^( *)(not )?ok \d+(?: - (.*))?$/.exec(line)
    if (result === null) return
    const depth = result[1].length / INDENT
    const name = (result[3] ?? '').replace(/ # time=[\d.]+\w+$/, '')
    const isSubtest = this.#open[depth]?.name === name
    const isExplained = isSubtest && this.#open[depth].hasFailures
    this.#open.length = Math.min(this.#open.length, depth)
    if (result[2] === undefined || / # (TODO|SKIP)\b/i.test(name)) return
    for (const each of this.#open) each.hasFailures = true
    if (isExplained) return
    const failure = { path: [...this.#open.map((each) => each.name), name], diagnosis: [] }
    this.failures.push(failure)
    this.#diagnosed = failure
    this.#end = `${result[1]}  ...`
  }

  #diagnosis(line) {
    const { path, diagnosis } = this.#diagnosed
    if (diagnosis.length === 0 && line.trim() !== '---') {
      // There is none.
      this.#diagnosed = undefined
      this.line(line)
      return
    }
    diagnosis.push(line.slice(this.#end.length - '...'.length))
    if (line !== this.#end) return
    // That of a whole file is told beside the file.
    const expired = diagnosis.map((each) => /^expired: (.*\.js)$/.exec(each)?.[1]).find(Boolean)
    if (expired !== undefined && path.length === 1) path.unshift(expired)
    this.#diagnosed = undefined
  }
}

/** @returns the failures by file, with as many lines of each diagnosis as a reader wants to see */
export function failureLines(failures) {
  const files = new Map()
  for (const each of failures) {
    const [file] = each.path
    files.set(file, [...(files.get(file) ?? []), each])
  }
  const lines = []
  for (const [file, ofFile] of files) {
    lines.push(file)
    for (const { path, diagnosis } of ofFile) {
      if (path.length > 1) lines.push(`  ${path.slice(1).join(' > ')}`)
      const shown = diagnosis.slice(1, -1).filter((line) => line.trim() !== '')
      for (const line of shown.slice(0, MAX_LINES)) lines.push(`    ${line}`)
      if (shown.length > MAX_LINES) lines.push(`    … ${shown.length - MAX_LINES} more lines above`)
    }
  }
  return lines
}
