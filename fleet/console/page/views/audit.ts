import type { AuditEntry } from "../api.ts";
import { h, head, nothing, pill, table, test, time } from "../dom.ts";
import type { View } from "../main.ts";

export const auditView: View = {
  live: ["submission", "application", "journal", "unit"],
  async draw(scene) {
    const before = /^[0-9]{1,15}$/.test(scene.id) ? scene.id : undefined;
    const { rows } = await scene.get<{ rows: AuditEntry[] }>(
      `/api/audit${before ? `?before=${before}` : ""}`,
    );
    const oldest = rows.at(-1);
    return h(
      "div",
      { class: "stack" },
      head(
        "Audit",
        "Who did and who looked at what.",
        h(
          "nav",
          { class: "row", "aria-label": "Pages" },
          before ? h("a", { href: "#/audit", ...test("audit-newest") }, "Newest") : null,
          oldest ? h("a", { href: `#/audit/${oldest.n}`, ...test("audit-older") }, "Older") : null,
        ),
      ),
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
