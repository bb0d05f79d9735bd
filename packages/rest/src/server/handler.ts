import type { Clock, Configuration, Logger, Random } from '@flink-ts/core'
import type { DispatcherGateway, ResourceManagerGateway } from '@flink-ts/runtime'
import type { AskedOperations } from './asked-operations.js'
import type { ExecutionGraphCache } from './execution-graph-cache.js'

/** A file that a multipart request brought, kept on disk until the request has been answered. */
export interface UploadedFile {
  /** Base name only. */
  readonly fileName: string
  readonly path: string
}

/** A program that is kept for a job about to be submitted; the job keeps it further once it has been accepted. */
export interface StoredProgram {
  readonly key: string
  release(): Promise<void>
}

export interface HandlerRequest {
  readonly path: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  /** Parsed JSON; `{}` without a body. */
  readonly body: unknown
  readonly files: readonly UploadedFile[]
}

export interface HandlerResponse {
  readonly statusCode?: number
  readonly body: unknown
}

/** What handlers work with. */
export interface HandlerContext {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly configuration: Configuration
  readonly version: { readonly version: string; readonly commit: string; readonly revision: string }
  /** The leading Dispatcher. @throws RestHandlerError 503 while there is none */
  dispatcher(): DispatcherGateway
  /** The leading ResourceManager. @throws RestHandlerError 503 while there is none */
  resourceManager(): ResourceManagerGateway
  readonly executionGraphs: ExecutionGraphCache
  readonly operations: AskedOperations
  /** Keeps the program of a submission until it is released. @throws RestHandlerError 503 while nobody can */
  storeProgram(file: UploadedFile): Promise<StoredProgram>
}

export type Handler = (request: HandlerRequest, context: HandlerContext) => Promise<HandlerResponse>

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** With `:name` parameters, without the version prefix. */
  readonly path: string
  readonly handler: Handler
  /** Whether files may be uploaded to it. */
  readonly uploads?: boolean
}
