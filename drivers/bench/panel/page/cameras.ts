import type { PanelState, Scene } from "../view.ts";
import { act } from "./api.ts";
import { ask, button, h, show } from "./dom.ts";

const sees = (scene: Scene): string => {
  switch (scene.kind) {
    case "empty":
      return "nobody";
    case "person":
      return "a person";
    case "dark":
      return "a person in the dark";
    case "small":
      return "a person far away";
    case "twoFaces":
      return "two people";
    case "code":
      return scene.torn ? "a torn code" : "a code";
    case "item":
      return `the item ${scene.code}`;
  }
};

export function renderCameras(state: PanelState, selected: string): void {
  const other = state.people.find(({ id }) => id !== selected)?.id ?? selected;
  show(
    "cameras",
    ...Object.entries(state.cameras).map(([camera, { scene, fault }]) => {
      const attached = state.devices.find(({ role }) => role === camera)?.attached ?? false;
      const put = (label: string, next: Scene) =>
        button(label, () => void act("/scene", { camera, scene: next }), {
          "data-key": `${camera}-${label}`,
          "aria-pressed": String(JSON.stringify(scene) === JSON.stringify(next)),
        });
      const fail = (label: string, value: string) =>
        button(label, () => void act("/camera", { camera, fault: fault === value ? "ok" : value }), {
          "data-key": `${camera}-${value}`,
          class: "quiet",
          "aria-pressed": String(fault === value),
        });
      return h(
        "article",
        { class: "camera" },
        h("img", {
          alt: `${camera} sees ${sees(scene)}`,
          width: 160,
          height: 200,
          "data-off": !attached,
          src: `/picture/${camera}?width=320&at=${encodeURIComponent(JSON.stringify(scene))}`,
        }),
        h(
          "div",
          {},
          h("h3", {}, camera),
          h("p", {}, attached ? `sees ${sees(scene)}${fault === "ok" ? "" : `, ${fault}`}` : "unplugged"),
          h(
            "div",
            { class: "choice" },
            put("nobody", { kind: "empty" }),
            put("this person", { kind: "person", person: selected }),
            put("far away", { kind: "small", person: selected }),
            put("dark", { kind: "dark", person: selected }),
            put("two people", { kind: "twoFaces", person: selected, other }),
          ),
          ask(`code-${camera}`, "Paste the text of a code: receipt, credential", "Show", (text) =>
            act("/scene", { camera, scene: { kind: "code", text } }),
          ),
          ask(`item-${camera}`, "Item code, e.g. DOC-0001", "Show item", (code) =>
            act("/scene", { camera, scene: { kind: "item", code } }),
          ),
          h(
            "div",
            { class: "choice" },
            scene.kind === "code" &&
              button(
                scene.torn ? "mend the code" : "tear the code",
                () => void act("/scene", { camera, scene: { ...scene, torn: !scene.torn } }),
                { class: "quiet", "data-key": `${camera}-torn` },
              ),
            fail("freeze", "frozen"),
            fail("no pictures", "silent"),
          ),
        ),
      );
    }),
  );
}
