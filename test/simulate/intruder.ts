import type { Item } from "./cabinet.ts";
import type { Judge, Operation } from "./judge.ts";
import type { World } from "./world.ts";

export interface Request {
  command: string;
  voucher: string;
  challenge: string;
  attestation: string;
}

/** Whoever asks for what must not be: a core in trouble or in strange hands, old and forged papers, staff who mix items up. */
export class Intruder {
  /** The last release that a person's own core asked for. */
  request: Request | undefined;
  /** The exchange that staff have open. */
  exchange: string | undefined;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #items: readonly Item[];
  readonly #newNumber: () => number;

  /** @param newNumber numbers papers and commands, so that none is used twice by chance */
  constructor(world: World, judge: Judge, items: readonly Item[], newNumber: () => number) {
    this.#world = world;
    this.#judge = judge;
    this.#items = items;
    this.#newNumber = newNumber;
  }

  /** Nothing is handed out of a slot of which nobody knows what happened. */
  async unsettled(slot: string): Promise<void> {
    const item = this.#items.find(({ place }) => place === slot);
    if (item)
      await this.#inVain(this.#world.papers.voucher(item.code, this.#newNumber()).jws, "an unsettled slot");
  }

  async sameCommand(operation: Operation): Promise<void> {
    if (operation.kind !== "release" || !this.request) return;
    await this.#world.call("collect.release", this.request);
  }

  async otherContents(operation: Operation): Promise<void> {
    if (operation.kind !== "release" || !this.request) return;
    const request = {
      ...this.request,
      attestation: this.#world.papers.attest(this.request.voucher, "x".repeat(22)),
    };
    const answer = await this.#world.call("collect.release", request);
    if (answer?.ok) this.#judge.violated("a known command with other contents was taken");
  }

  async otherCommand(operation: Operation): Promise<void> {
    if (operation.kind !== "release" || !this.request) return;
    const { voucher, challenge, attestation } = this.request;
    const command = `command-${this.#newNumber()}-other`;
    await this.#world.call("collect.release", { command, voucher, challenge, attestation });
  }

  async otherVoucher({ item }: Operation): Promise<void> {
    await this.#inVain(
      this.#world.papers.voucher(item.code, this.#newNumber()).jws,
      "another voucher while it moves",
      true,
    );
  }

  async foreign({ item }: Operation): Promise<void> {
    const { jws } = this.#world.papers.voucher(item.code, this.#newNumber(), { unit: "kt-02" });
    await this.#inVain(jws, "a voucher of another unit");
  }

  async expired({ item }: Operation): Promise<void> {
    const exp = Math.floor((this.#world.wall.offset + this.#world.scheduler.now) / 1000) - 1;
    const { jws } = this.#world.papers.voucher(item.code, this.#newNumber(), { exp });
    await this.#inVain(jws, "a voucher that is over");
  }

  async forged(operation: Operation): Promise<void> {
    const { jws } = this.#world.papers.voucher(operation.item.code, this.#newNumber());
    const begun = await this.#world.call<{ challenge: string }>("collect.begin", { voucher: jws });
    const challenge = begun?.ok ? begun.value.challenge : "x".repeat(22);
    const attestation = this.#world.papers.attest(jws, challenge, true);
    const request = { command: `command-${this.#newNumber()}-forged`, voucher: jws, challenge, attestation };
    const answer = await this.#world.call("collect.release", request);
    if (answer?.ok) this.#judge.violated("a forged proof was taken");
  }

  async #inVain(voucher: string, what: string, mayBegin = false): Promise<void> {
    const begun = await this.#world.call<{ challenge: string }>("collect.begin", { voucher });
    if (begun?.ok && !mayBegin) this.#judge.violated(`${what} was taken`);
  }

  async exchangeBeside(operation: Operation): Promise<void> {
    if (operation.kind !== "release") return;
    const { papers } = this.#world;
    const credentials = [papers.credential("carl"), papers.credential("dora")];
    const begun = await this.#world.call<{ exchange: string }>("exchange.begin", { credentials });
    if (begun?.ok) await this.#world.call("exchange.end", { exchange: begun.value.exchange });
  }

  /** Staff mix items up in a way that papers or ledger can tell. */
  async misload(operation: Operation, how: "scan" | "foreign" | "twice"): Promise<void> {
    const exchange = this.exchange;
    if (operation.kind === "release" || !exchange) return;
    const { papers } = this.#world;
    const other = this.#items.find(({ code, place }) => code !== operation.item.code && place === "out");
    const inside = this.#items.find(({ code, place }) => code !== operation.item.code && place !== "out");
    if (how === "twice" && !inside) return;
    const wrong = (how === "twice" ? inside : other) ?? operation.item;
    const assigned = how === "scan" ? operation.item.code : wrong.code;
    if (how === "scan" && assigned === wrong.code) return;
    const assignment = papers.assignment(assigned, how === "foreign" ? { unit: "kt-02" } : {});
    const loaded = await this.#world.call("exchange.load", { exchange, item: wrong.code, assignment });
    if (loaded?.ok) this.#judge.violated(`a misload (${how}) was taken`);
  }
}
