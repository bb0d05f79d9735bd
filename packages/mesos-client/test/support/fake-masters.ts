import type { MesosRequest, MesosResponse, MesosTransport } from '@flink-ts/mesos-client'

/** One request that a master has got, and how it answers. */
export class FakeRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly kind: MesosRequest['kind']
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any part of a call
  readonly call: any
  readonly #signal: AbortSignal
  readonly #answer: (response: MesosResponse) => void
  readonly #fail: (error: Error) => void
  readonly #chunks: Uint8Array[] = []
  #end: { error?: Error } | undefined
  #wake: () => void = () => {}

  constructor(
    request: MesosRequest,
    answer: (response: MesosResponse) => void,
    fail: (error: Error) => void,
  ) {
    this.url = request.url
    this.headers = request.headers
    this.kind = request.kind
    this.call = JSON.parse(request.body)
    this.#signal = request.signal
    this.#answer = answer
    this.#fail = fail
    request.signal.addEventListener('abort', () => this.break('aborted'))
  }

  get isAborted(): boolean {
    return this.#signal.aborted
  }

  answer(status: number, text = '', headers: Record<string, string> = {}): void {
    if (text !== '') this.#chunks.push(Buffer.from(text))
    this.#end = {}
    this.#answer({ status, headers, body: this.#body() })
  }

  /** Begins a stream. */
  open(streamId: string | undefined = 's-1'): void {
    this.#answer({
      status: 200,
      headers: streamId === undefined ? {} : { 'mesos-stream-id': streamId },
      body: this.#body(),
    })
  }

  /** Takes the framework. */
  subscribe(frameworkId = 'f-1', streamId = 's-1', heartbeatSeconds = 15): void {
    this.open(streamId)
    const subscribed = {
      framework_id: { value: frameworkId },
      heartbeat_interval_seconds: heartbeatSeconds,
    }
    this.say({ type: 'SUBSCRIBED', subscribed }, { type: 'HEARTBEAT' })
  }

  say(...events: object[]): void {
    this.write(
      events
        .map((event) => JSON.stringify(event))
        .map((text) => `${Buffer.byteLength(text)}\n${text}`)
        .join(''),
    )
  }

  write(text: string): void {
    this.#chunks.push(Buffer.from(text))
    this.#wake()
  }

  end(): void {
    this.#end ??= {}
    this.#wake()
  }

  /** The connection breaks. */
  break(message: string): void {
    const error = new Error(message)
    this.#end ??= { error }
    this.#fail(error)
    this.#wake()
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) yield chunk
      else if (this.#end?.error !== undefined) throw this.#end.error
      else if (this.#end !== undefined) return
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}

/** Masters that do what the test says. */
export class FakeMasters implements MesosTransport {
  readonly requests: FakeRequest[] = []
  isClosed = false

  post(request: MesosRequest): Promise<MesosResponse> {
    return new Promise((resolve, reject) => {
      this.requests.push(new FakeRequest(request, resolve, reject))
    })
  }

  close(): void {
    this.isClosed = true
  }

  get last(): FakeRequest {
    return this.requests.at(-1)!
  }
}
