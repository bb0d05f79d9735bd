import type { IncomingMessage, ServerResponse } from 'node:http'

/** The same for everybody: it says nothing of the cluster. */
const TEXT = `This is the REST endpoint of a JobManager of flink-ts. There are no web pages here.

With the command line:  flink list -m HOST:PORT  (of this address)
With curl:              curl http://HOST:PORT/v1/jobs/overview

If that is answered with 401, requests need the token of the cluster:
                        flink rest-token FILE
                        curl -K FILE http://HOST:PORT/v1/jobs/overview

All requests: docs/rest.md of the installation.
`

/** Whether somebody looks at the address that a JobManager prints. */
export function isWelcomePage({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && url === '/'
}

/** Says to a person with a browser what is here. Needs no credentials. */
export function sendWelcomePage({ method }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'Content-Length': Buffer.byteLength(TEXT),
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(method === 'HEAD' ? undefined : TEXT)
}
