import { type AuditEntry, get } from "../api.ts";
import { h, head, nothing, pill, table, test, time } from "../dom.ts";
import type { View } from "../main.ts";

export const auditView: View = {
  live: ["submission", "application", "journal", "unit"],
  async draw() {
    const { rows } = await get<{ rows: AuditEntry[] }>("/api/audit");
    return h(
      "div",
      { class: "stack" },
      head("Audit", "Who did and who looked at what."),
      h(
        "section",
        { class: "card" },
        rows.length === 0
          ? nothing("Nothing yet.")
          : table(
              ["When", "Who", "What", "About", ""],
              rows.map((one) =>
                h(
                  "tr",
                  { ...test(`audit-${one.act}`) },
                  h("td", {}, time(one.at)),
                  h("td", {}, one.operator),
                  h("td", { class: "code" }, one.act.startsWith("alarm") ? pill(one.act, "bad") : one.act),
                  h("td", { class: "quiet" }, one.subject),
                  h("td", { class: "quiet" }, one.detail),
                ),
              ),
            ),
      ),
    );
  },
};
