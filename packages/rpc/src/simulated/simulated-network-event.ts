/** What a `SimulatedRpcNetwork` did; the sequence of events identifies a run. */
export type SimulatedNetworkEvent = { readonly atMs: number } & (
  | ({ readonly kind: 'send' } & CallFacts & { readonly payload: Uint8Array })
  | ({ readonly kind: 'deliver' } & CallFacts)
  | ({ readonly kind: 'deliver-duplicate' } & CallFacts)
  | ({ readonly kind: 'refuse' } & CallFacts)
  | ({ readonly kind: 'drop-request'; readonly reason: DropReason } & CallFacts)
  | ({ readonly kind: 'reply' } & CallFacts & ReplyFacts)
  | ({ readonly kind: 'deliver-reply' } & CallFacts)
  | ({ readonly kind: 'drop-reply'; readonly reason: DropReason } & CallFacts)
  | ({ readonly kind: 'reset' } & CallFacts)
  | { readonly kind: 'attach' | 'detach'; readonly address: string }
  | { readonly kind: 'crash'; readonly address: string; readonly silent: boolean }
  | { readonly kind: 'partition' | 'heal'; readonly from: string; readonly to: string }
  | { readonly kind: 'connection-lost'; readonly from: string; readonly to: string }
)

export type DropReason = 'lost' | 'partition' | 'dead'

/** `from` and `to` are those of the call, also in the events of its reply. */
export interface CallFacts {
  /** Numbered in the order of sending. */
  readonly callId: number
  readonly from: string
  readonly to: string
  readonly endpointId: string
  readonly method: string
}

interface ReplyFacts {
  readonly outcome: 'response' | 'handler-error' | 'refusal'
  readonly payload: Uint8Array
}
