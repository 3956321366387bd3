import { ApolloLink, gql } from '@apollo/client'
import { Subject } from 'rxjs'
import { beforeEach, expect, it } from 'vitest'
import { client } from '../../web/src/api/client.js'
import { LargeReadsLink } from '../../web/src/api/large-reads.js'

const QUERY = gql`
  query Any {
    viewer {
      name
    }
  }
`

/** What has been sent, and how to answer it. */
let sent: Map<string, Subject<ApolloLink.Result>>
let link: ApolloLink
beforeEach(() => {
  sent = new Map()
  link = ApolloLink.from([
    new LargeReadsLink(),
    new ApolloLink(({ variables }) => {
      const answer = new Subject<ApolloLink.Result>()
      sent.set(variables['name'], answer)
      return answer
    }),
  ])
})

const ask = (name: string, isLargeRead = true) =>
  ApolloLink.execute(
    link,
    { query: QUERY, variables: { name }, context: { isLargeRead } },
    { client },
  ).subscribe({ error: () => {} })

it('large reads are sent two at a time, in the order in which they were asked', () => {
  for (const name of ['first', 'second', 'third', 'fourth']) ask(name)
  expect([...sent.keys()]).toEqual(['first', 'second'])
  sent.get('second')?.complete()
  expect([...sent.keys()]).toEqual(['first', 'second', 'third'])
  sent.get('first')?.error(new Error('too slow'))
  expect([...sent.keys()]).toEqual(['first', 'second', 'third', 'fourth'])
})

it('a large read that nobody awaits any more leaves its place to the next, and is not sent later', () => {
  const [first, , third] = ['first', 'second', 'third', 'fourth'].map((name) => ask(name))
  third?.unsubscribe()
  first?.unsubscribe()
  expect([...sent.keys()]).toEqual(['first', 'second', 'fourth'])
  expect(sent.get('first')?.observed).toBe(false)
})

it('other questions do not wait', () => {
  for (const name of ['first', 'second', 'third']) ask(name)
  ask('other', false)
  expect([...sent.keys()]).toEqual(['first', 'second', 'other'])
})
