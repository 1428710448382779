import type { JournalEntry } from "../api.ts";
import { h, head, nothing, pill, type Tone, table, test, time } from "../dom.ts";
import type { View } from "../main.ts";

const OUTCOMES: Record<string, Tone> = { taken: "good", presented: "warn", notMoved: "warn", unknown: "bad" };

export const journalView: View = {
  live: ["journal"],
  async draw(scene) {
    const { rows } = await scene.get<{ rows: JournalEntry[] }>("/api/journal");
    return h(
      "div",
      { class: "stack" },
      head("Hand-overs", "What the vaults of the units wrote down, signed and chained."),
      h(
        "section",
        { class: "card" },
        rows.length === 0
          ? nothing("No unit has moved anything yet.")
          : table(
              ["When", "Unit", "What", "Slot", "Outcome", "Evidence", "By"],
              rows.map((one) =>
                h(
                  "tr",
                  { ...test(`journal-${one.unit}-${one.seq}`) },
                  h("td", {}, time(one.at)),
                  h("td", {}, one.unit),
                  h("td", { class: "code" }, one.event),
                  h("td", {}, one.slot ?? "–"),
                  h(
                    "td",
                    {},
                    one.outcome
                      ? pill(one.outcome, OUTCOMES[one.outcome] ?? "plain", `outcome-${one.outcome}`)
                      : "–",
                  ),
                  h("td", { class: "quiet" }, one.detail ?? "–"),
                  h("td", {}, one.operator ?? "–"),
                ),
              ),
            ),
      ),
    );
  },
};
