/** The demo's accounts and their API keys: every name is invented and every key an obvious fake. */
import { demoId } from './ids.js'

export interface DemoUser {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly isAdmin: boolean
  readonly isActive: boolean
}

export interface DemoApiKey {
  readonly id: string
  readonly userId: string
  readonly name: string | null
  /** API key that the user would send; undefined if its stored ciphertext is damaged. */
  readonly secret: string | undefined
  readonly isStandalone: boolean
  readonly isActive: boolean
  readonly expiresAt: Date | null
}

const user = (username: string, mailbox: string, options: Partial<DemoUser> = {}): DemoUser => ({
  id: demoId('user', mailbox),
  username,
  email: `${mailbox}@example.com`,
  isAdmin: false,
  isActive: true,
  ...options,
})

export const DEMO_ADMIN: DemoUser = user('admin', 'admin', { isAdmin: true })

/** Inactive user with affinities, which are stale for this reason. */
const LEFT_THE_COMPANY = user('kwame', 'kwame.mensah', { isActive: false })

export const DEMO_USERS: readonly DemoUser[] = [
  DEMO_ADMIN,
  user('alice', 'alice.martin'),
  user('张伟', 'zhang.wei'),
  user('zoë', 'zoe.vandenberg'),
  user("o'brien", 'sean.obrien'),
  user('jürgen', 'juergen.gross'),
  user('søren', 'soeren.holm'),
  user('maría_josé', 'maria.jose'),
  user('ольга', 'olga.ivanova'),
  user('鈴木', 'suzuki.haruka'),
  user('فاطمة', 'fatima.alami'),
  user('priya', 'priya.raman'),
  LEFT_THE_COMPANY,
]

const LAST_YEAR = new Date('2025-03-31T23:59:59Z')
const DISTANT = new Date('2099-12-31T23:59:59Z')

const apiKey = (mailbox: string, name: string, options: Partial<DemoApiKey> = {}): DemoApiKey => ({
  id: demoId('api key', `${mailbox}/${name}`),
  userId: demoId('user', mailbox),
  name,
  secret: `sk-demo-${mailbox.replace('.', '-')}-${name.replace(/\W/g, '')}-0000`,
  isStandalone: false,
  isActive: true,
  expiresAt: null,
  ...options,
})

export const EXPIRED_API_KEY = apiKey('zhang.wei', 'spring intern', { expiresAt: LAST_YEAR })
export const INACTIVE_API_KEY = apiKey('olga.ivanova', 'leaked in a log', { isActive: false })
export const API_KEY_OF_INACTIVE_USER = apiKey('kwame.mensah', 'laptop')

export const DEMO_API_KEYS: readonly DemoApiKey[] = [
  apiKey('admin', 'smoke test'),
  apiKey('alice.martin', 'laptop'),
  apiKey('alice.martin', 'nightly evals'),
  apiKey('alice.martin', 'reviewer bot'),
  apiKey('zhang.wei', '客服机器人', { secret: 'sk-demo-zhang-wei-kefu-0000' }),
  apiKey('zhang.wei', 'notebook'),
  EXPIRED_API_KEY,
  apiKey('zoe.vandenberg', 'laptop'),
  apiKey('zoe.vandenberg', 'slack assistant'),
  // The mask of a key with less than 12 characters shows only its first two.
  apiKey('zoe.vandenberg', 'very old', { secret: 'sk-demo1' }),
  apiKey('sean.obrien', 'laptop'),
  apiKey('sean.obrien', 'ci', { expiresAt: DISTANT }),
  apiKey('juergen.gross', 'rechnungen'),
  // A key that cannot be decrypted, as after a change of ENCRYPTION_KEY, has no mask.
  apiKey('juergen.gross', 'before the key rotation', { secret: undefined }),
  apiKey('soeren.holm', 'laptop'),
  apiKey('soeren.holm', 'batch_100%'),
  apiKey('maria.jose', 'traducción'),
  apiKey('olga.ivanova', 'laptop'),
  INACTIVE_API_KEY,
  apiKey('suzuki.haruka', '議事録', { secret: 'sk-demo-suzuki-haruka-gijiroku-0000' }),
  apiKey('fatima.alami', 'laptop'),
  apiKey('fatima.alami', 'without a name', { name: null }),
  apiKey('priya.raman', 'partner: acme', { isStandalone: true }),
  apiKey('priya.raman', 'laptop'),
  apiKey('priya.raman', 'unreadable', { secret: undefined }),
  API_KEY_OF_INACTIVE_USER,
]
