/**
 * What runs for the person at the screen, by the session id that the core gives. Cancelling a session ends all of it; a
 * connection that closes takes its sessions along, since nobody is left to take the answer.
 */
export class Sessions<Owner extends object> {
  readonly #owners = new WeakSet<Owner>();
  readonly #running = new Set<{ owner: Owner; session: string; stop: AbortController }>();

  /** Runs `job` with a signal that cancelling aborts. */
  async run<T>(owner: Owner, session: string, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = { owner, session, stop: new AbortController() };
    this.#running.add(own);
    this.#owners.add(owner);
    try {
      return await job(own.stop.signal);
    } finally {
      this.#running.delete(own);
    }
  }

  /** Whether anything ever ran for this connection. */
  served = (owner: Owner): boolean => this.#owners.has(owner);

  cancel(session: string): void {
    this.#end((running) => running.session === session);
  }

  cancelOf(owner: Owner): void {
    this.#end((running) => running.owner === owner);
  }

  cancelAll(): void {
    this.#end(() => true);
  }

  #end(which: (running: { owner: Owner; session: string }) => boolean): void {
    for (const running of this.#running) if (which(running)) running.stop.abort();
  }
}
