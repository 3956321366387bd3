import { ApolloLink, Observable } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { print } from 'graphql'
import { expireSession } from '../session/session.js'
import { codeOf, isPassing } from './errors.js'
import { backOff, countStream, ready, sleep, streamClient } from './live-stream.js'

/**
 * The link runs subscriptions and keeps them alive. It retries a broken connection for ever with exponential backoff.
 * It opens a stream again that the server has ended: the server restarts, sheds load, or has lost a store. A stream
 * with an expired token waits for the next sign-in. Only an error that will not pass ends a subscription.
 */
export class SseLink extends ApolloLink {
  override request(operation: ApolloLink.Operation): Observable<ApolloLink.Result> {
    return new Observable((observer) => {
      const stream = new Stream(operation, observer)
      stream.open()
      return () => stream.finish()
    })
  }
}

type Observer = Pick<import('rxjs').Subscriber<ApolloLink.Result>, 'next' | 'error'>

class Stream {
  #stop = () => {}
  #over = false
  #connected = false
  /** Whether something may have been missed: the stream was open before, or could not be opened at once. */
  #hasGap = false
  #endings = 0
  readonly #operation: ApolloLink.Operation
  readonly #observer: Observer

  constructor(operation: ApolloLink.Operation, observer: Observer) {
    this.#operation = operation
    this.#observer = observer
    countStream({ connecting: 1 })
  }

  open(): void {
    const { query, variables, operationName } = this.#operation
    this.#stop = streamClient.subscribe(
      { query: print(query), variables, ...(operationName && { operationName }) },
      {
        next: (result) => this.#next(result),
        error: (cause) =>
          this.#fail(Array.isArray(cause) ? new CombinedGraphQLErrors({ errors: cause }) : cause),
        complete: () => this.#openAgain(),
      },
      {
        connecting: (isAgain) => {
          if (isAgain) this.#hasGap = true
          this.#settle(false)
        },
        connected: () => this.#opened(),
      },
    )
  }

  finish(): void {
    if (this.#over) return
    this.#over = true
    countStream(this.#connected ? { open: -1 } : { connecting: -1 })
    this.#stop()
  }

  #opened(): void {
    this.#settle(true)
    const { onReconnected } = this.#operation.getContext()
    if (this.#hasGap) onReconnected?.()
    this.#hasGap = true
  }

  #next(result: object): void {
    if (this.#over) return
    const failed = 'errors' in result && !('data' in result && result.data)
    if (failed) {
      const error = new CombinedGraphQLErrors(
        result as ConstructorParameters<typeof CombinedGraphQLErrors>[0],
      )
      if (codeOf(error) === 'UNAUTHENTICATED') expireSession()
      else if (isPassing(error)) this.#interrupt(error)
      else this.#fail(error)
      return
    }
    this.#endings = 0
    this.#observer.next(result as ApolloLink.Result)
  }

  /** A stop completes the stream, and a completed stream is opened again after a pause. */
  #interrupt(error: unknown): void {
    this.#operation.getContext().onInterrupted?.(error)
    this.#stop()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.finish()
    this.#observer.error(error)
  }

  #openAgain(): void {
    if (this.#over) return
    this.#settle(false)
    void sleep(backOff(this.#endings++))
      .then(ready)
      .then(() => this.#over || this.open())
  }

  #settle(connected: boolean): void {
    if (this.#over || connected === this.#connected) return
    countStream(connected ? { open: 1, connecting: -1 } : { open: -1, connecting: 1 })
    this.#connected = connected
  }
}
