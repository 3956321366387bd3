/**
 * Script that sends the token of the console's session, unless another one was entered. A tab without a session takes over
 * that of an open tab of the console (web/src/session/share-session.ts), and says how to get a token meanwhile. The session
 * is kept for this tab alone; a tab that gets one starts again, so that GraphiQL reads the schema with it.
 */
const USE_SESSION = `{
const KEY = 'affinityql.session'
const channel = new BroadcastChannel(KEY)
const stored = () => { try { return JSON.parse(sessionStorage.getItem(KEY)) } catch { return null } }
const start = (session) => {
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session))
  else sessionStorage.removeItem(KEY)
  location.reload()
}
let session = stored()
const id = crypto.getRandomValues(new Uint32Array(4)).join('-')
channel.onmessage = ({ data }) => {
  if (data?.kind === 'answer' && data.id === id && !session && typeof data.session?.token === 'string') start(data.session)
  if (data?.kind === 'ended' && session && data.token === session.token) start(null)
}
const ask = () => session || channel.postMessage({ kind: 'ask', id })
ask()
// Back from a sign-in at the console.
addEventListener('focus', ask)

const notice = document.createElement('div')
notice.id = 'token-notice'
notice.setAttribute('role', 'region')
notice.setAttribute('aria-label', 'Token')
const say = (text) => {
  const words = document.createElement('span')
  words.textContent = text + ' Sign in at the '
  const link = document.createElement('a')
  link.href = '/'
  link.target = '_blank'
  link.textContent = 'console'
  const more = document.createElement('span')
  more.textContent = ', whose session this tab then uses, or paste a token: '
  const field = document.createElement('input')
  field.type = 'password'
  field.autocomplete = 'off'
  field.setAttribute('aria-label', 'Token')
  const button = document.createElement('button')
  button.textContent = 'Use it'
  const use = () => {
    const token = field.value.trim().replace(/^Bearer\\s+/i, '')
    if (/^[\\x21-\\x7e]+$/.test(token)) start({ token })
    else field.focus()
  }
  button.onclick = use
  field.onkeydown = ({ key }) => { if (key === 'Enter') use() }
  notice.replaceChildren(words, link, more, field, button)
  document.body.prepend(notice)
}
const ENTERED = '<your token>'
const send = window.fetch
window.fetch = async (url, init = {}) => {
  const headers = new Headers(init.headers)
  const own = headers.has('authorization') && !headers.get('authorization').includes(ENTERED)
  if (!own) {
    headers.delete('authorization')
    if (session) {
      headers.set('authorization', 'Bearer ' + session.token)
      if (session.deviceId) headers.set('x-client-device-id', session.deviceId)
    }
  }
  const answer = await send(url, { ...init, headers })
  if (answer.status === 401 && session && !own) say('The token is not valid any more.')
  return answer
}
addEventListener('DOMContentLoaded', () => { if (!session) say('GraphiQL needs a token.') })
}
`

/**
 * Script that stores the texts of the active tab before GraphiQL starts. GraphiQL chooses the tab to open by these texts but
 * stores them only when they are edited, so that a returning user would otherwise get a new empty tab.
 */
const REOPEN_TAB = `try {
const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'))
for (const part of ['query', 'variables']) localStorage.setItem('graphiql:' + part, tabs[activeTabIndex][part] ?? '')
} catch {}
`

/** Script that runs before GraphiQL. */
export const BEFORE_GRAPHIQL = USE_SESSION + REOPEN_TAB

/** The notice stands above GraphiQL, which keeps the rest of the window. */
export const NOTICE_STYLE = `<style>
body:has(#token-notice) { display: flex; flex-direction: column; height: 100vh; }
body:has(#token-notice) #root { flex: 1; min-height: 0; }
#token-notice { padding: 0.6rem 1rem; background: #fdf3dd; color: #1b2328; border-bottom: 1px solid #8a5300;
  font: 14px system-ui, sans-serif; }
#token-notice a { color: #0d6259; }
#token-notice input { margin: 0 0.5rem; padding: 0.2rem 0.4rem; width: 18rem; max-width: 60vw; border: 1px solid #66727b;
  background: #fff; color: inherit; }
#token-notice button { padding: 0.2rem 0.7rem; border: 1px solid #66727b; background: #fff; color: inherit; cursor: pointer; }
</style>`
