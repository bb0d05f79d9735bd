/** Where a master says that the leader is, for people `problem` if that leads nowhere. */
export type RedirectTarget =
  | { readonly url: string; readonly problem?: undefined }
  | { readonly url?: undefined; readonly problem: string }

/**
 * Reads `Location`, with or without a scheme: without, it is that of the request.
 *
 * @param path of the request, if the answer names none
 */
export function redirectTarget(
  location: string | undefined,
  from: string,
  path: string,
): RedirectTarget {
  if (location === undefined || location.trim() === '') return { problem: 'without a Location' }
  let url: URL
  try {
    url = new URL(location.trim(), from)
  } catch {
    return { problem: `to '${location}', which is no address` }
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { problem: `to '${location}', which is no address of HTTP` }
  }
  // Credentials and tasks' environments would be in the open.
  if (url.protocol === 'http:' && from.startsWith('https:')) {
    return { problem: `from TLS to '${location}' without` }
  }
  return { url: `${url.origin}${url.pathname === '/' ? path : url.pathname}${url.search}` }
}
