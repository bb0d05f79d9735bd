/** A POST to a master. */
export interface MesosRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /**
   * `stream`: the answer may never end; a connection of its own. `call`: over the connection that is kept for calls, where the caller has
   * only one at a time.
   */
  readonly kind: 'stream' | 'call'
  /** Breaks the connection off, while the answer is awaited and while its body is read. */
  readonly signal: AbortSignal
}

export interface MesosResponse {
  readonly status: number
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** In pieces as they come; throws when the connection breaks. Whoever does not read it to its end aborts the request. */
  readonly body: AsyncIterable<Uint8Array>
}

/** How requests reach masters; does not follow redirects, and knows no timeouts. */
export interface MesosTransport {
  /** Resolves with status and headers, whatever the status. Rejects when nobody answers or the request is aborted. */
  post(request: MesosRequest): Promise<MesosResponse>
  /** Closes idle connections. */
  close(): void
}
