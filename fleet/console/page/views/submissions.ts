import type { Submission } from "../api.ts";
import { h, head, nothing, pill, type Tone, table, test, time } from "../dom.ts";
import type { View } from "../main.ts";

const STATE: Record<string, [string, Tone]> = {
  receiving: ["Arriving", "warn"],
  accepted: ["Received", "good"],
  rejected: ["Rejected", "bad"],
};
/** Which ones were there at the last drawing, so that new ones are seen to be new. */
let before: Set<string> | undefined;

export const submissionsView: View = {
  live: ["submission", "application"],
  async draw(scene) {
    const { submissions } = await scene.get<{ submissions: Submission[] }>("/api/submissions");
    const known = before;
    before = new Set(submissions.map(({ sid }) => sid));
    const mayOpen = scene.me.roles.some((role) => role === "approver" || role === "officer");
    const rows = submissions.map((one) => {
      const lost: [string, Tone] = ["Sealed to a key that is not here", "bad"];
      const [text, tone] =
        one.state === "receiving" && one.reason ? lost : (STATE[one.state] ?? [one.state, "plain"]);
      return h(
        "tr",
        { class: known && !known.has(one.sid) ? "fresh" : "", ...test(`submission-${one.sid}`) },
        h("td", { class: "code", ...test("reference") }, one.reference ?? "–"),
        h("td", {}, one.unit),
        h("td", {}, time(one.acceptedAt ?? one.firstAt)),
        h("td", {}, pill(text, tone), one.reason ? ` ${one.reason}` : ""),
        h("td", {}, one.way === "officer" ? pill("Check identity", "warn") : one.way ? "by the centre" : "–"),
        h(
          "td",
          { class: "end" },
          mayOpen && one.state === "accepted"
            ? h(
                "button",
                {
                  click: () => (location.hash = `#/submission/${one.sid}`),
                  ...test(`open-${one.reference ?? one.sid}`),
                },
                "Open",
              )
            : null,
        ),
      );
    });
    return h(
      "div",
      { class: "stack" },
      head("Submissions", "They arrive sealed. Opening one is written down with your name."),
      h(
        "section",
        { class: "card" },
        rows.length === 0
          ? nothing("Nothing has arrived yet.")
          : table(["Reference", "Unit", "Received", "State", "Identity", ""], rows),
      ),
    );
  },
};
