/** Whether a host name or address stands for this machine alone. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
  )
}

/**
 * `localhost` as an address: the name may stand for ::1 first, where those that were told 127.0.0.1 would find nobody.
 */
export function numericLoopback(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}
