/**
 * Reads ports such as `8081`, `50100,50101`, `50100-50200` or a mix of these; 0 means any free port.
 *
 * @returns the ports in the order in which to try them, or undefined if `text` is not a port range
 */
export function parsePortRange(text: string): number[] | undefined {
  const ports: number[] = []
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part)
    if (match === null) return undefined
    const first = Number(match[1])
    const last = match[2] === undefined ? first : Number(match[2])
    if (first > last || last > 65535) return undefined
    for (let port = first; port <= last; port++) ports.push(port)
  }
  return ports
}
