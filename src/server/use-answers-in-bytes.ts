import type { Plugin } from 'graphql-yoga'
import { jsonOfLongLists } from '../util/long-lists.js'

/** Characters from which on an answer is encoded here. */
const LONG = 16_384

/**
 * Writes a long answer as bytes, once. Node.js would count the bytes of a text first, and then take several times as long to send it
 * if it has a single letter beyond Latin-1, such as those of a Chinese name.
 */
export function useAnswersInBytes(): Plugin {
  return {
    onYogaInit({ yoga: { fetchAPI } }) {
      const { Response } = fetchAPI
      fetchAPI.Response = class extends Response {
        constructor(body?: BodyInit | null, init?: ResponseInit) {
          super(typeof body === 'string' && body.length >= LONG ? Buffer.from(body) : body, init)
        }
      }
    },
    onResultProcess({ result }) {
      // The records of affinities may have been written already.
      if (Array.isArray(result) || Symbol.asyncIterator in result || 'stringify' in result) return
      // Yoga asks the result itself how it is written.
      Object.assign(result, { stringify: jsonOfLongLists })
    },
  }
}
