import { type Application, type Opened, path, post } from "../api.ts";
import { h, head, pill, service, test, time, words } from "../dom.ts";
import type { Scene, View } from "../main.ts";
import { STATES } from "./applications.ts";

const KINDS: Record<string, string> = {
  photo: "Photo",
  fingerImage: "Fingerprint",
  signature: "Signature",
};
const FINGERS = [
  "",
  "right thumb",
  "right index",
  "right middle",
  "right ring",
  "right little",
  "left thumb",
  "left index",
  "left middle",
  "left ring",
  "left little",
];
const REASONS: [string, string][] = [
  ["identityNotProven", "Identity not proven"],
  ["notEligible", "Not eligible"],
  ["photoUnusable", "Photo cannot be used"],
  ["fingerprintsUnusable", "Fingerprints cannot be used"],
  ["duplicate", "Applied for already"],
];

export const submissionView: View = {
  live: [],
  async draw(scene) {
    const opened = await post<Opened>(path`/api/submissions/${scene.id}/open`);
    const body = h("div", { class: "stack" });
    fill(body, opened, scene);
    return body;
  },
};

function fill(body: HTMLElement, opened: Opened, scene: Scene): void {
  const unmask = () =>
    scene.act(async () => {
      const whole = await post<Opened>(path`/api/submissions/${scene.id}/unmask`);
      // drawn here, not by the frame: a drawing anew would hide it again
      pending = whole;
    }, "");
  const shown = pending?.sid === opened.sid ? pending : opened;
  pending = undefined;
  body.append(
    head(
      shown.reference,
      `From ${shown.unit}, ${time(shown.at)}`,
      shown.unmasked
        ? pill("Shown in full", "warn", "unmasked")
        : h("button", { click: unmask, ...test("unmask") }, "Show in full"),
    ),
    shown.identity.way === "officer"
      ? h(
          "p",
          { class: "note warn" },
          "The centre was away when this was given: compare identity before approving.",
        )
      : "",
    h(
      "div",
      { class: "columns" },
      card("Person", facts(shown.identity, ["way"])),
      ...shown.applications.map(({ service: id, fields }) => card(service(id), facts(fields))),
    ),
    card("Captures", captures(shown)),
    h("div", { class: "columns" }, ...opened.documents.map((one) => document_(one, scene))),
  );
}
/** What was just shown in full, for one drawing only. */
let pending: Opened | undefined;

function card(title: string, ...content: HTMLElement[]): HTMLElement {
  return h("section", { class: "card" }, h("header", {}, h("h2", {}, title)), ...content);
}

function facts(fields: Record<string, string>, without: string[] = []): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...Object.entries(fields)
      .filter(([name]) => !without.includes(name))
      .flatMap(([name, value]) => [h("dt", {}, words(name)), h("dd", test(`field-${name}`), value)]),
  );
}

function captures(shown: Opened): HTMLElement {
  const pictures = shown.captures.filter(({ kind }) => kind !== "fingerTemplate");
  return h(
    "div",
    { class: "captures" },
    ...pictures.map(({ part, kind, position, quality }) => {
      const title = [KINDS[kind] ?? kind, FINGERS[position ?? 0]].filter(Boolean).join(", ");
      return h(
        "figure",
        {},
        shown.unmasked
          ? h("img", {
              src: path`/api/submissions/${shown.sid}/captures/${part}`,
              alt: title,
              ...test(`capture-${part}`),
            })
          : h("div", { class: "hidden" }, "Hidden"),
        h("figcaption", {}, title, quality === undefined ? "" : `, quality ${quality}`),
      );
    }),
  );
}

function document_(one: Application, scene: Scene): HTMLElement {
  const [text, tone] = STATES[one.state] ?? [one.state, "plain"];
  const choose = h(
    "select",
    { "aria-label": "Reason", ...test(`reason-${one.service}`) },
    ...REASONS.map(([id, title]) => h("option", { value: id }, title)),
  );
  const approve = () =>
    scene.act(() => post(path`/api/applications/${one.id}/approve`), "Approved. The document is made.");
  const refuse = () =>
    scene.act(() => post(path`/api/applications/${one.id}/refuse`, { reason: choose.value }), "Refused.");
  const open = one.state === "received" && scene.me.roles.includes("approver");
  return h(
    "section",
    { class: "card stack", ...test(`application-${one.service}`) },
    h("header", {}, h("h2", {}, service(one.service)), pill(text, tone, `state-${one.service}`)),
    one.item
      ? h("p", {}, "Item code ", h("span", { class: "code", ...test(`item-${one.service}`) }, one.item))
      : "",
    one.approvedBy
      ? h("p", { class: "quiet" }, `Approved by ${one.approvedBy}, ${time(one.approvedAt)}`)
      : "",
    open
      ? h(
          "div",
          { class: "row" },
          h("button", { class: "first", click: approve, ...test(`approve-${one.service}`) }, "Approve"),
          h(
            "div",
            { class: "pair" },
            choose,
            h("button", { class: "danger", click: refuse, ...test(`refuse-${one.service}`) }, "Refuse"),
          ),
        )
      : "",
  );
}
