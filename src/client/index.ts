/** `affinityql/client`: the API for programs, over fetch alone; for Node.js 20.19 or later and for browsers. */
export { type AffinityqlClient, createClient } from './create-client.js'
export { AffinityqlError, type AffinityqlErrorCode, type GraphqlError } from './errors.js'
export type { List, Page, WholeList } from './pages.js'
export type { SubscribeOptions } from './subscribe.js'
export type { CallOptions, ClientOptions } from './transport.js'
export type * from './types.js'
