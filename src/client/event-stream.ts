/** This is one event of a `text/event-stream`. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/**
 * Reads server-sent events from a response's body, as they come. Lines end in LF or CR LF; no server uses CR alone.
 * @param onBytes is called for every chunk, also for the comment that the server sends every 12 s
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let event = 'message'
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes()
      rest += decoder.decode(value, { stream: true })
      const lines = rest.split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0 || event !== 'message') yield { event, data: data.join('\n') }
          event = 'message'
          data = []
        } else if (line.startsWith('event:')) event = line.slice('event:'.length).trim()
        else if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''))
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}
