import { isIP } from 'node:net'

/** Names under which this server may be called, beside IP addresses. */
export interface RequestGuardOptions {
  /** `rest.address`, the bind address, the machine's own name. */
  readonly allowedHosts: readonly string[]
  /**
   * `web.access-control-allow-origin` if it was set: an origin whose pages may call, or `*` for all.
   * Unset: only pages of this server itself.
   */
  readonly allowedOrigin: string | undefined
}

/** Host without port and brackets, in lower case. */
function hostName(authority: string): string {
  const bracket = /^\[([^\]]*)\](?::\d+)?$/.exec(authority)
  if (bracket !== null) return bracket[1]!.toLowerCase()
  return authority.replace(/:\d+$/, '').toLowerCase()
}

/**
 * Refuses calls that a foreign web page made a browser send: REST runs code. A `Host` that is no name of this
 * server gives away DNS rebinding; a foreign `Origin` gives away a cross-site post.
 *
 * @returns undefined if the call may pass, else why not
 */
export function refuseForeignRequest(
  headers: { host?: string | undefined; origin?: string | undefined; 'sec-fetch-site'?: unknown },
  options: RequestGuardOptions,
): string | undefined {
  const { host, origin } = headers
  if (host === undefined || host === '') return 'Host header missing'
  const name = hostName(host)
  const known =
    isIP(name) !== 0 ||
    name === 'localhost' ||
    options.allowedHosts.some((allowed) => allowed.toLowerCase() === name)
  if (!known) {
    return `Host '${name}' is not a name of this server; set rest.address to the name that clients use`
  }
  if (options.allowedOrigin === '*') return undefined
  if (origin === undefined) {
    return headers['sec-fetch-site'] === 'cross-site' ? 'cross-site request refused' : undefined
  }
  if (origin === options.allowedOrigin) return undefined
  if (origin === `http://${host}` || origin === `https://${host}`) return undefined
  return `Origin '${origin}' may not call this server; set web.access-control-allow-origin to allow it`
}
