/** A file that agents fetch. */
export interface Artifact {
  /** Last part of its URL; a hash of its content is in it. */
  readonly name: string
  readonly contentType: string
  /** Path of a file on this machine; made when it is first asked for. */
  readonly file: () => Promise<string>
}
