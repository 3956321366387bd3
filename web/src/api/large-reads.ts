import { ApolloLink, Observable } from '@apollo/client'
import type { Subscription } from 'rxjs'

declare module '@apollo/client' {
  interface DefaultContext {
    /** The server reads very many rows for it, and runs few such questions at once. */
    readonly isLargeRead?: boolean
  }
}

/** The server runs so many at once. Others would wait there, and their time would run. */
const AT_ONCE = 2

/** The link sends few large reads at once, in the order in which they were asked. What nobody awaits is not sent. */
export class LargeReadsLink extends ApolloLink {
  #running = 0
  readonly #waiting = new Set<() => void>()

  override request(
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
  ): Observable<ApolloLink.Result> {
    if (operation.getContext().isLargeRead !== true) return forward(operation)
    return new Observable((observer) => {
      let sent: Subscription | undefined
      const send = () => {
        this.#waiting.delete(send)
        this.#running += 1
        sent = forward(operation).subscribe(observer)
      }
      this.#waiting.add(send)
      this.#sendNext()
      return () => {
        if (this.#waiting.delete(send)) return
        sent?.unsubscribe()
        this.#running -= 1
        this.#sendNext()
      }
    })
  }

  #sendNext(): void {
    const [next] = this.#waiting
    if (next !== undefined && this.#running < AT_ONCE) next()
  }
}
