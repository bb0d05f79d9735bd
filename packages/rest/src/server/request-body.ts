import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import type { UploadedFile } from './handler.js'
import { RestHandlerError } from './rest-handler-error.js'

/** The attribute `request` names files, no more. */
const FIELD_BYTES_MAX = 64 * 1024
/** Files that one request may bring. */
const FILES_MAX = 4

/** What a request carried; `release` removes its files. */
export interface RequestContent {
  readonly body: unknown
  readonly files: readonly UploadedFile[]
  release(): Promise<void>
}

const tooLarge = (maxBytes: number) =>
  new RestHandlerError(
    `The request is larger than rest.server.max-content-length (${maxBytes} bytes).`,
    413,
  )

function parseJson(text: string): unknown {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RestHandlerError(
      'Bad request received. Request did not conform to expected format.',
      400,
      error,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new RestHandlerError(
    'Bad request received. Request did not conform to expected format: expected a JSON object.',
    400,
  )
}

async function readText(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Streams the files of a multipart request into a folder of their own; the attribute `request` is its JSON. */
async function readMultipart(
  request: IncomingMessage,
  folder: string,
  maxBytes: number,
): Promise<{ body: unknown; files: UploadedFile[] }> {
  await mkdir(folder, { recursive: true })
  const files: UploadedFile[] = []
  const writes: Promise<void>[] = []
  let body: unknown = {}
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
  }
  const parser = new Busboy({
    headers: request.headers as BusboyHeaders,
    limits: { files: FILES_MAX, fileSize: maxBytes, fieldSize: FIELD_BYTES_MAX, fields: 4 },
  })
  parser.on('file', (_field, stream, rawName) => {
    const fileName = basename(rawName ?? '')
    if (fileName === '' || fileName === '.' || fileName === '..') {
      stream.resume()
      fail(new RestHandlerError('A file of the request has no name.', 400))
      return
    }
    const path = join(folder, `${files.length}`)
    files.push({ fileName, path })
    stream.on('limit', () => fail(tooLarge(maxBytes)))
    writes.push(pipeline(stream, createWriteStream(path)).catch(fail))
  })
  parser.on('field', (name, value) => {
    try {
      if (name !== 'request') {
        throw new RestHandlerError(`Received unknown attribute ${name}.`, 400)
      }
      body = parseJson(value)
    } catch (error) {
      fail(error)
    }
  })
  parser.on('filesLimit', () =>
    fail(new RestHandlerError(`A request may bring ${FILES_MAX} files at the most.`, 400)),
  )
  try {
    await pipeline(request, parser)
  } catch (error) {
    fail(new RestHandlerError('The multipart request cannot be read.', 400, error))
  }
  await Promise.all(writes)
  if (failure !== undefined) throw failure
  return { body, files }
}

/** Reads what a request carries, within `maxBytes`. Multipart files go to `uploadFolder()`. */
export async function readContent(
  request: IncomingMessage,
  options: { maxBytes: number; uploads: boolean; uploadFolder: () => string },
): Promise<RequestContent> {
  const nothingToRelease = async () => {}
  const type = request.headers['content-type'] ?? ''
  const length = Number(request.headers['content-length'] ?? 0)
  if (type.startsWith('multipart/form-data')) {
    if (!options.uploads) throw new RestHandlerError('File uploads not allowed.', 400)
    const folder = options.uploadFolder()
    const release = () => rm(folder, { recursive: true, force: true })
    try {
      return { ...(await readMultipart(request, folder, options.maxBytes)), release }
    } catch (error) {
      await release()
      throw error
    }
  }
  if (length > options.maxBytes) throw tooLarge(options.maxBytes)
  return {
    body: parseJson(await readText(request, options.maxBytes)),
    files: [],
    release: nothingToRelease,
  }
}
