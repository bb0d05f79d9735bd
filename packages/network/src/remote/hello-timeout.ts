/** How long a peer may take to say who it is, connecting included. */
export const HELLO_TIMEOUT_MS = 10_000
