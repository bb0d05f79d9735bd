/** A file that agents fetch. */
export interface Artifact {
  /** Last part of its URL; a hash of its content is in it. */
  readonly name: string
  readonly contentType: string
  /** Path of a file on this machine; made when it is first asked for. */
  file(): Promise<string>
}

/** What is made of files of this machine. */
export interface LocalArtifact extends Artifact {
  /** SHA-256 of the file, in hexadecimal digits, by which tasks see whether they have got it; waits until it is made. */
  digest(): Promise<string>
  /** Resolves when nothing is being written. Never rejects. */
  settled(): Promise<void>
}

/** As much of a hash as keeps contents apart. */
export function hashInName(hex: string): string {
  return hex.slice(0, 32)
}
