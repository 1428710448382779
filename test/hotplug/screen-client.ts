import type { Input, ScreenModel } from "../../runtime/core/screen/model.ts";

/** Somebody before the screen without a browser: sees the models that the page would draw, and sends its inputs. */
export class ScreenClient {
  readonly #origin: string;
  readonly #cookie: string;
  readonly #stop = new AbortController();
  #waiting: (() => void)[] = [];
  model: ScreenModel | undefined;
  /** Called with each model as it comes. */
  onModel: (model: ScreenModel) => void = () => undefined;

  private constructor(origin: string, cookie: string) {
    this.#origin = origin;
    this.#cookie = cookie;
  }

  /** @param url of the screen, with its token */
  static async open(url: string): Promise<ScreenClient> {
    const welcome = await fetch(url, { redirect: "manual" });
    const cookie = welcome.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const client = new ScreenClient(new URL(url).origin, cookie);
    const events = await fetch(new URL("/events", url), { headers: { cookie }, signal: client.#stop.signal });
    void client.#read(events).catch(() => undefined);
    return client;
  }

  close(): void {
    this.#stop.abort();
  }

  /** The first model, now or later, for which `probe` holds; fails after `ms`. */
  async sees(what: string, probe: (model: ScreenModel) => boolean, ms = 30_000): Promise<ScreenModel> {
    const end = performance.now() + ms;
    for (;;) {
      if (this.model && probe(this.model)) return this.model;
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(`not seen within ${ms} ms: ${what}; the screen shows ${this.model?.view.kind}`);
      await new Promise<void>((seen) => {
        const timer = setTimeout(seen, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          seen();
        });
      });
    }
  }

  async send(input: Input): Promise<void> {
    const answer = await fetch(new URL("/input", this.#origin), {
      method: "POST",
      headers: { cookie: this.#cookie, origin: this.#origin, "content-type": "application/json" },
      body: JSON.stringify({ seq: this.model?.seq ?? 0, input }),
    });
    if (answer.status !== 204) throw new Error(`input refused: ${answer.status}`);
  }

  /** Presses until the screen shows it, as people do: a press on a screen that has just been drawn anew counts for nothing. */
  async until(input: Input, what: string, probe: (model: ScreenModel) => boolean): Promise<ScreenModel> {
    for (let presses = 1; ; presses++) {
      await this.send(input);
      try {
        return await this.sees(what, probe, 10_000);
      } catch (error) {
        if (presses === 6) throw error;
      }
    }
  }

  async #read(events: Response): Promise<void> {
    let rest = "";
    for await (const chunk of events.body ?? []) {
      const lines = (rest + Buffer.from(chunk).toString("utf8")).split("\n\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!line.startsWith("data: ")) continue;
        this.model = JSON.parse(line.slice("data: ".length)) as ScreenModel;
        this.onModel(this.model);
        for (const seen of this.#waiting.splice(0)) seen();
      }
    }
  }
}
