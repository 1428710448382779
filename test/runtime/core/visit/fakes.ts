import { type Clock, Emitter, err, errorCatalogues, ok, type Result } from "../../../../drivers/kit/index.ts";
import { makeReceiptCode } from "../../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../../provisioning/index.ts";
import type { StickNotice } from "../../../../provisioning/stick/notice/index.ts";
import type { BackOffice } from "../../../../runtime/core/backoffice.ts";
import type { Input, ScreenModel, View } from "../../../../runtime/core/screen/model.ts";
import { Reception } from "../../../../runtime/core/visit/reception.ts";
import { loadServices } from "../../../../runtime/core/visit/services.ts";
import { faultFromJson } from "../../../../runtime/ipc/index.ts";

/** Time that passes only when the test says so. */
export class ManualClock implements Clock {
  #now = 1_000;
  readonly #timers = new Set<{ at: number; wake: () => void }>();
  wall = (): number => Date.UTC(2026, 10, 24, 3) + this.#now;
  mono = (): number => this.#now;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = { at: this.#now + ms, wake: () => done() };
      const done = () => {
        this.#timers.delete(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#timers.add(timer);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + 50);
      for (const timer of [...this.#timers]) if (timer.at <= this.#now) timer.wake();
      await settled();
    }
  }
}

export const settled = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A fault as it comes over the wire, with the remedy of its row where a catalogue with it is loaded. */
export const fault = (code: string, fields = {}) => {
  const [area = "", name = ""] = code.split(".");
  const remedy = errorCatalogues().get(area)?.[name]?.remedy ?? "none";
  return err(faultFromJson({ code, what: "what", todo: "todo", remedy, fields }));
};

type Reply = Result<{ body: unknown; parts: Uint8Array[] }>;
export const reply = (body: unknown, parts: Uint8Array[] = []): Reply => ok({ body, parts });
export const RECEIPT = makeReceiptCode("KT01-000042-7", Buffer.alloc(16, 7));

type Handler = (body: Record<string, unknown>) => Reply | Promise<Reply>;

/** Back office, senses and vault of a unit where everything works, until a test says otherwise. */
export class FakeOffice {
  calls: { method: string; body: Record<string, unknown> }[] = [];
  drafts: Record<string, unknown>[] = [];
  journal: { event: string; fields: Record<string, unknown> }[] = [];
  counts: string[] = [];
  missing: string[] = [];
  /** Buffers as the senses gave them, and as the visit gave them on. */
  captured: Uint8Array[] = [];
  given: Uint8Array[] = [];
  lost = new Set<string>();
  decision: unknown = {
    answer: "decision",
    decision: {
      decision: "accepted",
      eligible: ["hkic-application", "passport-application", "library-card"],
    },
    jws: "j.w.s",
    prefill: { nameEn: "CHAN, TAI MAN", phone: "51234567" },
  };
  submitted: () => Promise<Result<unknown>> = async () =>
    ok({ reference: "KT01-000042-7", receiptCode: RECEIPT, sid: "s" });
  vouchers = [{ id: "v-1", jws: "voucher-one" }];
  /** Code with which the unit's own store refuses, as long as it is set. */
  storeFails: string | undefined;
  releases = new Emitter<{ release: { voucher: string; challenge: string; jws: string } }>();
  officerThere = true;
  /** What the vault says of the service switch when it is asked. */
  serviceSwitch = false;
  /** The exchange that was open when the vault was connected. */
  exchange: string | undefined;
  statuses: { class: string; lifecycle: string }[] = [];
  readonly handlers: Record<string, Handler> = {
    "finger.capture": () => {
      const parts = [new Uint8Array(64).fill(9), new Uint8Array(32).fill(8)];
      this.captured.push(...parts);
      const body = { quality: 80, width: 8, height: 8, resolutionDpi: 508, templateFormat: "fake" };
      return reply(body, parts);
    },
    "finger.verify": () => reply({ matched: true, score: 90, attestation: "attested" }),
    "photo.take": () => {
      const parts = [new Uint8Array(50).fill(1), new Uint8Array(20).fill(2)];
      this.captured.push(...parts);
      return reply({ pass: true, verdicts: [] }, parts);
    },
    "code.scan": () => reply({ text: RECEIPT }),
    "collect.begin": () => reply({ challenge: "c".repeat(22), slot: "A1" }),
    "collect.release": () => {
      queueMicrotask(() => this.emit("vault", "handover", { effect: "e", slot: "A1", phase: "opened" }));
      setImmediate(() =>
        this.emit("vault", "handover", { effect: "e", slot: "A1", phase: "done", outcome: "taken" }),
      );
      return reply({ effect: "e", slot: "A1", phase: "issued" });
    },
    "collect.outcome": () => reply({}),
    "exchange.begin": () => reply({ exchange: "x-1", witness: true }),
    "exchange.load": () => {
      setImmediate(() =>
        this.emit("vault", "exchange", { exchange: "x-1", slot: "A1", effect: "l-1", phase: "stored" }),
      );
      return reply({ slot: "A1", effect: "l-1" });
    },
    "exchange.end": () => reply({ loaded: 1, unloaded: 0 }),
  };
  readonly #hooks: { side: string; name: string; listener: (body: never) => void }[] = [];
  readonly #devices = new Emitter<{ changed: undefined; connected: string; gone: string }>();
  readonly #health = new Emitter<{ changed: undefined }>();

  emit(side: string, name: string, body: unknown): void {
    for (const hook of [...this.#hooks])
      if (hook.side === side && hook.name === name) hook.listener(body as never);
  }

  #stored<T>(value: T): T {
    const refused = this.storeFails === undefined ? undefined : fault(this.storeFails);
    if (refused && !refused.ok) throw refused.error;
    return value;
  }

  gone(side: string): void {
    this.#devices.emit("gone", side);
  }

  connected(side: string): void {
    this.#devices.emit("connected", side);
  }

  count = (method: string): number => this.calls.filter((call) => call.method === method).length;

  /** What the provisioner tells of a stick. */
  readonly stick = {
    current: undefined as StickNotice | undefined,
    events: new Emitter<{ changed: undefined }>(),
  };

  office(): BackOffice {
    const call = async (method: string, body: Record<string, unknown>): Promise<Reply> => {
      this.calls.push({ method, body });
      return (await this.handlers[method]?.(body)) ?? reply({});
    };
    const hook = (side: string) => (name: string, listener: (body: never) => void) => {
      const own = { side, name, listener };
      this.#hooks.push(own);
      return () => this.#hooks.splice(this.#hooks.indexOf(own), 1);
    };
    const statements = {
      get: async () => undefined,
      run: async (_sql: string, ...values: unknown[]) =>
        this.journal.push({ event: String(values[2]), fields: JSON.parse(String(values[3])) }),
    };
    const fake = this;
    return {
      devices: {
        get serviceSwitch() {
          return fake.serviceSwitch;
        },
        get exchange() {
          return fake.exchange;
        },
        set exchange(exchange: string | undefined) {
          fake.exchange = exchange;
        },
        senses: call,
        vault: call,
        onSenses: hook("senses"),
        onVault: hook("vault"),
        events: this.#devices,
        slots: [{ slot: "A1" }, { slot: "A2" }],
        statuses: () => this.statuses,
        status: (role: string) => ({ role, lifecycle: this.lost.has(role) ? "absent" : "ready" }),
      },
      health: {
        events: this.#health,
        offers: () => ({ offered: this.missing.length === 0, missing: this.missing }),
        hours: () => ({ state: "open", closesAt: "22:00" }),
      },
      questions: { ask: async () => this.decision },
      submissions: {
        submit: (draft: Record<string, unknown>) => {
          this.drafts.push(structuredClone(draft));
          this.given.push(...(draft.parts as { bytes: Uint8Array }[]).map(({ bytes }) => bytes));
          return this.submitted();
        },
      },
      collections: {
        vouchersOf: async () => this.#stored(this.vouchers),
        vouchersOfReference: async () => this.#stored(this.vouchers),
        assignmentOf: async (item: string) =>
          this.#stored(item.startsWith("ITEM") ? "assignment" : undefined),
        requestRelease: async () => this.#stored(this.officerThere),
        events: this.releases,
      },
      telemetry: { count: (name: string) => this.counts.push(name) },
      stick: this.stick,
      store: { tx: async (work: (t: unknown) => unknown) => this.#stored(work)(statements) },
    } as unknown as BackOffice;
  }
}

type Act = (view: View, model: ScreenModel) => Input | undefined;

export const STROKES: [number, number][][] = [
  Array.from({ length: 20 }, (_, i): [number, number] => [i * 40, 300 + (i % 5) * 30]),
];
const TYPED: Record<string, string> = {
  number: "a123456(3)",
  dateOfBirth: "1985-01-01",
  nameEn: "CHAN, TAI MAN",
  phone: "51234567",
  email: "a@example.org",
  reference: "KT01-000042-7",
  motto: "READ MORE",
};

/** What a person who wants to get through does with each screen. */
export const willing: Act = (view) => {
  switch (view.kind) {
    case "attract":
      return { type: "action", id: "begin" };
    case "notice":
      return { type: "accept" };
    case "choose":
      return { type: "choose", id: view.options[0]?.id ?? "" };
    case "entry":
      return { type: "text", field: view.field, value: TYPED[view.field] ?? view.value };
    case "review":
      return { type: "next" };
    case "sign":
      return { type: "sign", strokes: STROKES };
    case "receipt":
      return { type: "next" };
    case "photo":
    case "message":
    case "door": {
      const [first] = view.actions;
      return first && { type: "action", id: first.id };
    }
    default:
      return undefined;
  }
};

/** A unit's reception with fakes behind it, and a person before it. */
export class Unit {
  readonly clock = new ManualClock();
  readonly fake = new FakeOffice();
  readonly models: ScreenModel[] = [];
  readonly pictures: Uint8Array[] = [];
  /** The visit's own buffers of what it showed. */
  readonly shown: Uint8Array[] = [];
  readonly reception: Reception;

  private constructor(book: Awaited<ReturnType<typeof loadServices>>, serviceSwitch: boolean) {
    this.fake.serviceSwitch = serviceSwitch;
    this.reception = new Reception({
      configuration: {
        serviceSwitch: "aux.service",
        hours: { zone: "Asia/Hong_Kong" },
        screen: { idleS: 60 },
      } as unknown as UnitConfiguration,
      book,
      office: this.fake.office(),
      clock: this.clock,
      onModel: (model) => this.models.push(model),
      putPicture: (jpeg) => {
        this.shown.push(jpeg);
        return `/picture/${this.pictures.push(Uint8Array.from(jpeg))}`;
      },
      forgetPictures: () => {
        this.pictures.length = 0;
      },
    });
  }

  /** @param level what the vault says of the service switch at the start; without it, somebody turns it then */
  static async open(ids: string[], folder = "flows/services", level?: boolean): Promise<Unit> {
    const unit = new Unit(await loadServices(folder, ids), level === true);
    unit.reception.start();
    if (level === undefined) unit.fake.emit("vault", "input", { role: "aux.service", active: true });
    await settled();
    return unit;
  }

  get now(): ScreenModel {
    return this.reception.model();
  }

  get view(): View {
    return this.now.view;
  }

  /** The outcome that the journal has of the last visit. */
  get outcome(): unknown {
    return this.fake.journal.findLast(({ event }) => event === "visit.ended")?.fields.outcome;
  }

  async send(input: Input): Promise<void> {
    this.reception.input(this.now.seq, input);
    await settled();
  }

  /** Goes to the list and chooses a service. */
  async begin(service: string): Promise<void> {
    await this.#answer({ type: "action", id: "begin" });
    await this.#answer({ type: "choose", id: service });
  }

  /** Acts, and waits for the next screen: what is pressed on one that was answered already counts for nothing. */
  async #answer(input: Input): Promise<void> {
    const { seq } = this.now;
    await this.send(input);
    await this.walk(
      ({ kind }) => kind !== "wait" && this.now.seq !== seq,
      () => undefined,
    );
  }

  /** Acts on each screen until one is reached for which `until` holds. */
  async walk(until: (view: View) => boolean, act: Act = willing): Promise<void> {
    let last = -1;
    for (let turn = 0; turn < 400; turn++) {
      const { seq, view } = this.now;
      if (until(view)) return;
      const input = seq === last ? undefined : act(view, this.now);
      last = seq;
      if (input) await this.send(input);
      else {
        await this.clock.advance(250);
        // Packages that are loaded when they are first needed take real time.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    throw new Error(`never came there; stands at ${this.view.kind}: ${this.view.title}`);
  }

  /** Walks to the end of the visit. */
  async finish(act?: Act): Promise<unknown> {
    await this.walk((view) => view.kind === "attract", act);
    await settled();
    return this.outcome;
  }
}

/** Code readings, one after the other; then nothing is seen. */
export function scans(unit: Unit, ...texts: string[]): void {
  let cancel = new AbortController();
  unit.fake.handlers.cancel = () => {
    cancel.abort();
    return reply({});
  };
  unit.fake.handlers["code.scan"] = async () => {
    const text = texts.shift();
    if (text !== undefined) return reply({ text });
    cancel = new AbortController();
    await unit.clock.sleep(60_000, cancel.signal);
    return fault(cancel.signal.aborted ? "device.canceled" : "device.timeoutUser");
  };
}
