// A thread that asks a service for a path again and again: what the clients beside it cost their own process is no probe's time.
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

const { url, token, path, pauseMs } = workerData
const agent = new Agent({ keepAlive: true })

async function probe() {
  const startedAt = performance.now()
  let outcome
  try {
    const [response] = await once(
      get(`${url}${path}`, { agent, headers: { authorization: `Bearer ${token}` } }),
      'response',
    )
    response.resume()
    await once(response, 'end')
    outcome = response.statusCode === 200 ? 'OK' : `${response.statusCode}`
  } catch {
    outcome = 'cut'
  }
  return { outcome, text: '', ms: performance.now() - startedAt }
}

let isOver = false
parentPort.once('message', () => {
  isOver = true
})
await probe()
parentPort.postMessage('begun')
const replies = []
while (!isOver) {
  replies.push(await probe())
  await sleep(pauseMs)
}
agent.destroy()
parentPort.postMessage(replies)
