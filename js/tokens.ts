// The access tokens that pass through `sash.fetch`: an SDK renews its token by itself, and the engine learns it from there.
//
// Invariant: the engine never polls with a token that is not known to be this user's and this device's, because what another user's poll brings would be
// stored in this account.

/** How many tokens are remembered: a session has one at a time. */
const REMEMBERED = 32;

/** Whose a token is. `unknown`: nobody could be asked. */
export type Owner = "ours" | "other" | "unknown";

export interface TokensOptions {
  /** The token the engine has. */
  current: string;
  /** Asks the homeserver whose `token` is. */
  whose(token: string): Promise<Owner>;
  /** A newer token of ours was seen. */
  onRenewed(token: string): void;
}

export class Tokens {
  readonly #options: TokensOptions;
  /** By token, oldest first. A former token of ours stays: one that comes late must not become the current one again. */
  readonly #seen = new Map<string, Promise<Owner>>();
  #current: string;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#seen.set(options.current, Promise.resolve("ours"));
  }

  /** Notes a token that a request carries. Returns whose it is. */
  see(token: string): Promise<Owner> {
    const known = this.#seen.get(token);
    if (known) return known;
    const asked = this.#ask(token);
    this.#remember(token, asked);
    return asked;
  }

  /** Notes a token that is known to be ours. Returns whether it is another one than the current one. */
  renew(token: string): boolean {
    if (token === this.#current) return false;
    this.#remember(token, Promise.resolve("ours"));
    this.#current = token;
    this.#options.onRenewed(token);
    return true;
  }

  async #ask(token: string): Promise<Owner> {
    const owner = await this.#options.whose(token).catch((): Owner => "unknown");
    if (owner === "ours") this.renew(token);
    // Ask again next time.
    if (owner === "unknown") this.#seen.delete(token);
    return owner;
  }

  #remember(token: string, owner: Promise<Owner>): void {
    this.#seen.delete(token);
    this.#seen.set(token, owner);
    const oldest = this.#seen.keys().next().value;
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
  }
}
