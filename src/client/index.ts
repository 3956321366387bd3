/** `affinityql/client` is the typed client of the API. It needs only fetch: Node.js 20.19 or later, or a browser. */
export type { AffinityList } from './affinity-list.js'
export { type AffinityqlClient, createClient } from './create-client.js'
export { AffinityqlError, type AffinityqlErrorCode, type GraphqlError } from './errors.js'
export type { List, Page, PagesOptions, WholeList } from './pages.js'
export type { SubscribeOptions } from './subscribe.js'
export type { CallOptions, ClientOptions } from './transport.js'
export type * from './types.js'
