import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { err, ok, type Result } from "../../drivers/kit/index.ts";
import { audit } from "./audit.ts";
import type { Context } from "./context.ts";
import { centreFault } from "./faults.ts";

export const OPERATOR_ROLES = ["approver", "assigner", "loader", "officer", "admin"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

export interface Operator {
  id: string;
  name: string;
  roles: OperatorRole[];
}

interface StoredOperator {
  id: string;
  name: string;
  roles: string;
  salt: string;
  hash: string;
  failures: number;
  lockedUntil: number;
}

interface Session {
  id: string;
  /** That of the account when it was opened: it changes with password and roles. */
  salt: string;
  /** Monotonic, ms. */
  from: number;
  last: number;
}

const MAX_FAILURES = 5;
const LOCK_MS = 15 * 60_000;
const IDLE_MS = 15 * 60_000;
const LONGEST_MS = 10 * 3_600_000;
const PLACE_LIMIT = 20;
const PLACE_WINDOW_MS = 60_000;
const MIN_PASSWORD = 12;

/** scrypt of RFC 7914 with N 2^15, r 8, p 1: about 0.1 s and 32 MiB. */
const derive = (password: string, salt: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
    scrypt(password.normalize("NFC"), Buffer.from(salt, "base64url"), 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

const toOperator = ({ id, name, roles }: StoredOperator): Operator => ({
  id,
  name,
  roles: JSON.parse(roles) as OperatorRole[],
});

/** Accounts of staff and their sessions. Sessions live in memory and end with the process. */
export class Operators {
  readonly #context: Context;
  readonly #sessions = new Map<string, Session>();
  readonly #places = new Map<string, number[]>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Makes an account or gives an existing one a new password and roles. Faults: `centre.weakPassword`. */
  async create(operator: Operator & { password: string }, by = "command"): Promise<Result<Operator>> {
    const { id, name, roles, password } = operator;
    if (!/^[a-z][a-z0-9.-]{1,30}$/.test(id)) throw new RangeError("operator id");
    if (password.length < MIN_PASSWORD) return err(centreFault("weakPassword"));
    const salt = randomBytes(16).toString("base64url");
    const hash = (await derive(password, salt)).toString("base64url");
    await this.#context.db.tx(async (tx) => {
      await tx.run(
        `INSERT INTO operators (id, name, roles, salt, hash, addedAt) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, roles = excluded.roles, salt = excluded.salt,
           hash = excluded.hash, failures = 0, lockedUntil = 0`,
        id,
        name,
        JSON.stringify(roles),
        salt,
        hash,
        this.#context.clock.wall(),
      );
      await audit(tx, this.#context, by, "operator.create", id, roles.join(" "));
    });
    return ok({ id, name, roles });
  }

  async list(): Promise<Operator[]> {
    const rows = await this.#context.db.tx((tx) =>
      tx.all<StoredOperator>("SELECT * FROM operators ORDER BY id"),
    );
    return rows.map(toOperator);
  }

  /**
   * Checks a password and opens a session. Faults: `centre.badLogin` (also for unknown names), `centre.locked`,
   * `centre.tooMany` by `place`, the caller's address.
   */
  async login(
    id: string,
    password: string,
    place: string,
  ): Promise<Result<{ token: string; operator: Operator }>> {
    const { clock, db } = this.#context;
    const now = clock.wall();
    const recent = (this.#places.get(place) ?? []).filter((at) => clock.mono() - at < PLACE_WINDOW_MS);
    if (recent.length >= PLACE_LIMIT) return err(centreFault("tooMany"));
    this.#places.set(place, [...recent, clock.mono()]);
    if (this.#places.size > 10_000) this.#places.clear();
    // The failure is counted before the slow comparison, so that parallel guesses do not slip through.
    const stored = await db.tx(async (tx) => {
      const row = await tx.get<StoredOperator>("SELECT * FROM operators WHERE id = ?", id);
      if (row && row.lockedUntil <= now) {
        const failures = (row.lockedUntil > 0 ? 0 : row.failures) + 1;
        const lockedUntil = failures >= MAX_FAILURES ? now + LOCK_MS : 0;
        await tx.run(
          "UPDATE operators SET failures = ?, lockedUntil = ? WHERE id = ?",
          failures,
          lockedUntil,
          id,
        );
      }
      return row;
    });
    if (stored && stored.lockedUntil > now) return err(centreFault("locked"));
    const salt = stored?.salt ?? "AAAAAAAAAAAAAAAAAAAAAA";
    const given = await derive(password, salt);
    const expected = stored ? Buffer.from(stored.hash, "base64url") : Buffer.alloc(32);
    if (!timingSafeEqual(given, expected) || !stored) {
      await db.tx((tx) => audit(tx, this.#context, stored?.id ?? "unknown", "login.refused"));
      return err(centreFault("badLogin"));
    }
    const operator = toOperator(stored);
    await db.tx(async (tx) => {
      await tx.run("UPDATE operators SET failures = 0, lockedUntil = 0 WHERE id = ?", id);
      await audit(tx, this.#context, id, "login");
    });
    const token = randomBytes(32).toString("base64url");
    this.#sessions.set(tokenHash(token), { id, salt, from: clock.mono(), last: clock.mono() });
    return ok({ token, operator });
  }

  /**
   * The operator of a session, with the roles of this moment; undefined when it is unknown or over. It goes on from here, unless
   * it is the page that asks by itself.
   */
  async session(token: string | undefined, unattended = false): Promise<Operator | undefined> {
    const found = await this.#open(token);
    if (found && !unattended) found.session.last = this.#context.clock.mono();
    return found?.operator;
  }

  /** Whether the session is still open, without prolonging it. */
  async alive(token: string | undefined): Promise<boolean> {
    return (await this.#open(token)) !== undefined;
  }

  /**
   * A session ends after 15 minutes without a request, after 10 hours, and when its account is given a password or roles, which
   * the command does in a process of its own.
   */
  async #open(token: string | undefined): Promise<{ session: Session; operator: Operator } | undefined> {
    const key = token ? tokenHash(token) : "";
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    const now = this.#context.clock.mono();
    const stored = await this.#context.db.tx((tx) =>
      tx.get<StoredOperator>("SELECT * FROM operators WHERE id = ?", session.id),
    );
    const over = now - session.last > IDLE_MS || now - session.from > LONGEST_MS;
    if (stored && stored.salt === session.salt && !over) return { session, operator: toOperator(stored) };
    this.#sessions.delete(key);
    return undefined;
  }

  logout(token: string | undefined): void {
    if (token) this.#sessions.delete(tokenHash(token));
  }
}

const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex");
