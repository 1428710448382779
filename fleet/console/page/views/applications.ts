import { type Application, path, post, type Unit } from "../api.ts";
import { h, head, nothing, pill, service, type Tone, table, test, time } from "../dom.ts";
import type { Scene, View } from "../main.ts";

export const STATES: Record<string, [string, Tone]> = {
  received: ["To be approved", ""],
  refused: ["Refused", "bad"],
  produced: ["Made, not assigned", ""],
  assigned: ["To be loaded", "warn"],
  loaded: ["Waiting in slot", "warn"],
  collected: ["Collected", "good"],
};

export const applicationsView: View = {
  live: ["application", "submission"],
  async draw(scene) {
    const [{ applications }, { units }] = await Promise.all([
      scene.get<{ applications: Application[] }>("/api/applications"),
      scene.get<{ units: Unit[] }>("/api/units"),
    ]);
    const rows = applications.map((one) => row(one, units, scene));
    return h(
      "div",
      { class: "stack" },
      head("Documents", "Approving, assigning and loading a document are three different people."),
      h(
        "section",
        { class: "card" },
        rows.length === 0
          ? nothing("No document yet. They come from approved submissions.")
          : table(["Reference", "Document", "State", "Item", "Where", "By", ""], rows),
      ),
    );
  },
};

function row(one: Application, units: Unit[], scene: Scene): HTMLElement {
  const [text, tone] = STATES[one.state] ?? [one.state, "plain"];
  const people = [
    one.approvedBy && `approved ${one.approvedBy}`,
    one.assignedBy && `assigned ${one.assignedBy}`,
    one.loadedBy && `loaded ${one.loadedBy}`,
    one.refusedBy && `refused ${one.refusedBy}`,
  ].filter(Boolean);
  return h(
    "tr",
    { ...test(`document-${one.reference}-${one.service}`) },
    h("td", { class: "code" }, one.reference),
    h("td", {}, service(one.service)),
    h(
      "td",
      {},
      pill(text, tone, `document-state-${one.service}`),
      one.outcome && one.outcome !== "taken"
        ? h("div", { class: "quiet" }, `last hand-over: ${one.outcome}`)
        : null,
      one.voucherExp && (one.state === "assigned" || one.state === "loaded")
        ? h(
            "div",
            { class: "quiet", ...test(`document-until-${one.service}`) },
            one.voucherExp * 1_000 > Date.now()
              ? `permitted until ${time(one.voucherExp * 1_000)}`
              : "its permission has ended",
          )
        : null,
      one.collectedAt ? h("div", { class: "quiet" }, time(one.collectedAt)) : null,
    ),
    h("td", { class: "code", ...test(`document-item-${one.service}`) }, one.item ?? "–"),
    h("td", {}, [one.unit, one.slot && `slot ${one.slot}`].filter(Boolean).join(", ") || "–"),
    h("td", { class: "quiet" }, ...people.map((text) => h("div", {}, text ?? ""))),
    h("td", { class: "end" }, scene.me.roles.includes("assigner") ? next(one, units, scene) : null),
  );
}

function next(one: Application, units: Unit[], scene: Scene): HTMLElement | null {
  if (one.state === "produced" || one.state === "assigned") return assign(one, units, scene);
  if (one.state !== "loaded") return null;
  const renew = () =>
    scene.act(
      () => post(path`/api/applications/${one.id}/renew`),
      "The unit has a new permission to hand it out.",
    );
  return h("button", { click: renew, ...test(`renew-${one.service}`) }, "Permit again");
}

/** Units that were chosen and not yet assigned to, by application: a drawing anew keeps them. */
const chosen = new Map<string, string>();

function assign(one: Application, units: Unit[], scene: Scene): HTMLElement {
  // Without a choice, where it was applied for: most people come back there.
  const preset = chosen.get(one.id) ?? one.unit ?? one.appliedAt;
  const choose = h(
    "select",
    {
      "aria-label": "Unit",
      change: () => chosen.set(one.id, choose.value),
      ...test(`assign-unit-${one.service}`),
    },
    ...units.map(({ unit }) => h("option", { value: unit, selected: unit === preset }, unit)),
  );
  const go = () => {
    const unit = choose.value;
    choose.blur();
    return scene.act(async () => {
      await post(path`/api/applications/${one.id}/assign`, { unit });
      chosen.delete(one.id);
    }, `Assigned to ${unit}. It has its permission to load and to hand out.`);
  };
  return h(
    "div",
    { class: "row" },
    choose,
    h(
      "button",
      { ...(one.state === "produced" && { class: "first" }), click: go, ...test(`assign-${one.service}`) },
      one.state === "produced" ? "Assign" : "Assign elsewhere",
    ),
  );
}
