// Serves the viewer's app, and nothing else.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const files = {
  '/': ['page/index.html', 'text/html'],
  '/viewer.mjs': ['page/viewer.mjs', 'text/javascript'],
  '/shaka-player.js': ['node_modules/shaka-player/dist/shaka-player.compiled.js', 'text/javascript'],
}

// serve listens at an address, as host:port, and returns the function that ends it.
export async function serve(address) {
  const [host, port] = address.split(':')
  const server = createServer(async (request, answer) => {
    const file = files[request.url]
    if (!file) return answer.writeHead(404).end()
    answer.writeHead(200, { 'Content-Type': file[1] }).end(await readFile(new URL(file[0], import.meta.url)))
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(Number(port), host, resolve))
  return () => new Promise(resolve => { server.close(resolve); server.closeAllConnections() })
}
