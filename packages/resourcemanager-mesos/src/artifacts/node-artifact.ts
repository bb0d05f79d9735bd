import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { hashInName, type LocalArtifact } from './artifact.js'

/** The program of Node.js that runs the JobManager; read to its end, to name it by its content. */
export async function nodeArtifact(program: string): Promise<LocalArtifact> {
  const digest = await digestOf(program)
  return {
    name: `node-${hashInName(digest)}`,
    contentType: 'application/octet-stream',
    file: async () => program,
    digest: async () => digest,
    settled: async () => {},
  }
}

/** In pieces: a whole program would not be worth its memory. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
