import { path, post, type Unit } from "../api.ts";
import { h, head, nothing, pill, service, type Tone, table, test, time } from "../dom.ts";
import type { Scene, View } from "../main.ts";

const STATE: Record<Unit["state"], [string, Tone]> = {
  online: ["Online", "good"],
  stale: ["Quiet for too long", "warn"],
  offline: ["Offline", "bad"],
  never: ["Never seen", "plain"],
};
const FITNESS: Record<string, Tone> = { ok: "good", degraded: "warn", failed: "bad" };

export const unitsView: View = {
  live: ["unit", "release", "journal"],
  async draw(scene) {
    const { units, broker } = await scene.get<{ units: Unit[]; broker: boolean }>("/api/units");
    return h(
      "div",
      { class: "stack" },
      head(
        "Units",
        "What every unit says of itself, as it comes in.",
        pill(broker ? "Broker connected" : "Broker away", broker ? "good" : "bad", "broker"),
      ),
      units.length === 0 ? nothing("No unit is registered yet.") : null,
      ...units.map((unit) => card(unit, scene)),
    );
  },
};

function card(unit: Unit, scene: Scene): HTMLElement {
  const [text, tone] = STATE[unit.state];
  return h(
    "section",
    { class: "card stack", ...test(`unit-${unit.unit}`) },
    h(
      "header",
      {},
      h("div", { class: "row" }, h("h2", {}, unit.unit), pill(text, tone, `unit-state-${unit.unit}`)),
      h(
        "div",
        { class: "row" },
        h("span", { class: "quiet" }, `Last heard ${time(unit.lastSeen)}`),
        scene.me.roles.includes("loader") && credentialButton(unit, scene),
      ),
    ),
    ...unit.requests.map((request) => requestNote(unit, request, scene)),
    interlocks(unit),
    ...unit.alarms.map((alarm) => alarmNote(unit, alarm, scene)),
    h("div", { class: "columns" }, offers(unit), telemetry(unit)),
    devices(unit),
    slots(unit, scene),
  );
}

function credentialButton(unit: Unit, scene: Scene): HTMLElement {
  const draw = () =>
    scene
      .act(async () => {
        const issued = await post<{ jws: string; svg: string }>(path`/api/units/${unit.unit}/credential`);
        shown.set(unit.unit, issued);
      }, "The credential is yours alone and holds for one hour.")
      .then(() => document.querySelector(`[data-test="credential-${unit.unit}"]`)?.scrollIntoView());
  return h("button", { click: draw, ...test(`credential-make-${unit.unit}`) }, "Exchange credential");
}
/** Credentials shown since this page was loaded; gone with it. */
const shown = new Map<string, { jws: string; svg: string }>();

function requestNote(unit: Unit, request: Unit["requests"][number], scene: Scene): HTMLElement {
  const grant = () =>
    scene.act(
      () =>
        post(path`/api/units/${unit.unit}/release`, {
          voucher: request.voucher,
          challenge: request.challenge,
        }),
      "Released. The unit opens the slot now.",
    );
  return h(
    "div",
    { class: "note warn row", ...test(`request-${unit.unit}`) },
    h(
      "span",
      {},
      `Somebody at this unit asks for an officer${request.slot ? `, slot ${request.slot}` : ""}, since ${time(request.at)}. `,
      request.document
        ? h(
            "a",
            { href: `#/submission/${request.document.sid}`, ...test(`request-of-${unit.unit}`) },
            `${service(request.document.service)} of ${request.document.reference}`,
          )
        : "The centre knows of no such document",
      request.document ? ". Check that it is who applied for it before you release." : ".",
    ),
    scene.me.roles.includes("officer") &&
      request.document &&
      h("button", { class: "first", click: grant, ...test(`release-${unit.unit}`) }, "Release the document"),
  );
}

/** What forbids motion at the unit now, by the names of its configuration. */
function interlocks(unit: Unit): HTMLElement | null {
  if (!unit.interlocks?.length) return null;
  return h(
    "p",
    { class: "note warn", ...test(`interlocks-${unit.unit}`) },
    `Nothing is moved for the public there: ${unit.interlocks.join(", ")}.`,
  );
}

function alarmNote(unit: Unit, { role, alarm, at }: Unit["alarms"][number], scene: Scene): HTMLElement {
  // An alarm is settled as a slot is, and its finding says nothing.
  const settle = () =>
    scene.act(
      () => post(path`/api/units/${unit.unit}/settle`, { slot: role, effect: alarm, finding: "notMoved" }),
      "Your word is on its way to the unit.",
    );
  return h(
    "div",
    { class: "note bad row", ...test(`alarm-${unit.unit}-${role}`) },
    h("span", {}, `Alarm of ${role}, ${time(at)}. It stays until somebody has looked.`),
    scene.me.roles.includes("officer") &&
      h("button", { click: settle, ...test(`settle-alarm-${role}`) }, "I have looked, it is closed"),
  );
}

function offers(unit: Unit): HTMLElement {
  const services = Object.entries(unit.services ?? {});
  return h(
    "div",
    {},
    h("h3", {}, "Services"),
    services.length === 0
      ? h("p", { class: "quiet" }, "Not told yet")
      : h(
          "dl",
          { class: "facts" },
          ...services.flatMap(([id, { offered, missing }]) => [
            h("dt", {}, service(id)),
            h("dd", {}, offered ? "offered" : `not offered: ${(missing ?? []).join(", ") || "closed"}`),
          ]),
        ),
  );
}

function telemetry(unit: Unit): HTMLElement {
  const metrics = Object.entries(unit.metrics ?? {});
  return h(
    "div",
    { ...test(`telemetry-${unit.unit}`) },
    h("h3", {}, "Telemetry"),
    metrics.length === 0
      ? h("p", { class: "quiet" }, "None yet")
      : h(
          "dl",
          { class: "facts" },
          ...metrics.flatMap(([name, value]) => [
            h("dt", {}, name),
            h("dd", {}, Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100),
          ]),
        ),
  );
}

function devices(unit: Unit): HTMLElement | null {
  if (!unit.devices?.length) return null;
  const rows = unit.devices.map(({ role, lifecycle, fitness }) =>
    h(
      "tr",
      { ...test(`device-${unit.unit}-${role}`) },
      h("td", { class: "code" }, role),
      h("td", {}, lifecycle),
      h("td", {}, pill(fitness.state, FITNESS[fitness.state] ?? "plain")),
      h("td", {}, [fitness.code, fitness.todo ?? fitness.remedy].filter(Boolean).join(": ") || "–"),
    ),
  );
  return h("div", {}, table(["Device", "State", "Fitness", "What to do"], rows));
}

function slots(unit: Unit, scene: Scene): HTMLElement {
  const issued = shown.get(unit.unit);
  const unknown = (unit.slots ?? []).filter(({ state, effect }) => state === "unknown" && effect);
  return h(
    "div",
    { class: "stack" },
    unit.slots?.length
      ? h(
          "div",
          {},
          h("h3", {}, "Slots"),
          h(
            "div",
            { class: "slots" },
            ...unit.slots.map(({ slot, state, latch }) =>
              h(
                "div",
                { class: `slot ${state}`, ...test(`slot-${unit.unit}-${slot}`) },
                h("b", {}, slot),
                state,
                h("span", { class: "quiet" }, latch ?? ""),
              ),
            ),
          ),
        )
      : null,
    ...unknown.map(({ slot, effect }) => settleNote(unit, slot, effect ?? "", scene)),
    issued
      ? h(
          "div",
          { class: "credential", ...test(`credential-${unit.unit}`) },
          h("img", {
            class: "qr",
            src: `data:image/svg+xml;base64,${btoa(issued.svg)}`,
            alt: "Exchange credential as a QR code",
          }),
          h(
            "div",
            { class: "stack" },
            h("p", {}, "Show this to the document camera of the unit, or paste the text into the panel."),
            h("code", { class: "paste", ...test(`credential-text-${unit.unit}`) }, issued.jws),
          ),
        )
      : null,
  );
}

function settleNote(unit: Unit, slot: string, effect: string, scene: Scene): HTMLElement {
  const settle = (finding: string) => () =>
    scene.act(
      () => post(path`/api/units/${unit.unit}/settle`, { slot, effect, finding }),
      "Your finding is on its way to the unit.",
    );
  return h(
    "div",
    { class: "note warn row", ...test(`settle-${unit.unit}-${slot}`) },
    h("span", {}, `Slot ${slot}: nobody can say what happened. What did you find there?`),
    ...(scene.me.roles.includes("officer")
      ? [
          h("button", { click: settle("taken"), ...test(`settle-taken-${slot}`) }, "It was taken"),
          h("button", { click: settle("notMoved"), ...test(`settle-notMoved-${slot}`) }, "It is still there"),
          h("button", { click: settle("removed"), ...test(`settle-removed-${slot}`) }, "I removed it"),
        ]
      : []),
  );
}
