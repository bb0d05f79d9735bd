export interface HostAndPort {
  /** Name or address; that of IPv6 without brackets. */
  readonly host: string
  /** As it was written. */
  readonly port: string
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostAndPort(host: string, port: number | string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The parts of what {@link hostAndPort} puts together. */
export function splitHostAndPort(address: string): HostAndPort {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: address.slice(colon + 1) }
}
