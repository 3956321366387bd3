import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { affinityql } from './support.js'

/** A server that answers nothing useful, and the encodings that it was asked for. */
async function listening() {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers['accept-encoding']?.toString())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"data":{"cacheConfig":{"parameters":[]}}}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '0.0.0.0', resolve))
  onTestFinished(() => void server.close())
  return { asked, port: (server.address() as AddressInfo).port }
}

it('a server on this machine is asked not to compress, which takes longer than to send', async () => {
  const { asked, port } = await listening()
  expect((await affinityql(['config'], { server: { url: `http://127.0.0.1:${port}` } })).code).toBe(0)
  // The address stands for any other: it leads here as well, and names no loopback interface.
  expect((await affinityql(['config'], { server: { url: `http://0.0.0.0:${port}` } })).code).toBe(0)
  expect(asked).toEqual(['identity', expect.stringContaining('gzip')])
})
