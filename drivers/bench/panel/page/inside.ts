import type { PanelState, PlantEvent } from "../view.ts";
import { act } from "./api.ts";
import { h, show } from "./dom.ts";

const MEANING: Readonly<Record<string, string>> = {
  "fingerprint.ef01": "fingerprint module, serial",
  "lock.kerong": "lock board, RS-485",
  "camera.libcamera": "camera",
  "sensor.bme280": "climate sensor, I²C",
  "sensor.sht31": "climate sensor, I²C",
  "sensor.ina226": "mains and battery, I²C",
  "sensor.lis3dh": "tilt, I²C",
  "auxiliary.mcp23017": "contact, I²C",
  "printer.escpos": "receipt printer, serial",
  "auxiliary.gpio": "contact, GPIO",
  "indicator.gpio": "lamp, GPIO",
};

const toggle = (key: string, label: string, note: string, on: boolean, onChange: () => void) =>
  h(
    "button",
    {
      type: "button",
      class: "switch",
      role: "switch",
      "data-key": key,
      "data-role": key,
      "aria-checked": String(on),
      click: onChange,
    },
    h("span", {}, h("b", {}, label), h("small", {}, note)),
    h("i", {}),
  );

export function renderInside(state: PanelState): void {
  show(
    "inputs",
    ...Object.entries(state.inputs).map(([role, active]) =>
      toggle(
        role,
        role,
        active ? "active" : "inactive",
        active,
        () => void act("/input", { role, active: !active }),
      ),
    ),
  );
  const { mains } = state.power;
  const powered = toggle("mains", "mains", mains ? "there" : "runs on its battery", mains, () =>
    act("/power", { mains: !mains }),
  );
  document.getElementById("inputs")?.append(powered);
  const { temperatureCel, humidityPercent } = state.climate;
  const slide = (
    path: string,
    key: string,
    label: string,
    value: number,
    unit: string,
    min: number,
    max: number,
  ) =>
    h(
      "label",
      { class: "slide" },
      h("span", {}, label),
      h("input", {
        type: "range",
        min,
        max,
        step: 0.5,
        value,
        change: (event) => {
          const input = event.target as HTMLInputElement;
          input.blur();
          void act(path, { [key]: Number(input.value) });
        },
      }),
      h("output", {}, `${value} ${unit}`),
    );
  show(
    "climate",
    slide("/climate", "temperatureCel", "Warmth", temperatureCel, "°C", -20, 80),
    slide("/climate", "humidityPercent", "Humidity", humidityPercent, "%", 0, 100),
    slide("/stand", "forwardDeg", "Leaning", state.stand.forwardDeg, "°", 0, 60),
  );
  show(
    "devices",
    ...state.devices
      .filter(({ driver }) => driver !== "indicator.gpio")
      .map(({ role, driver, attached }) =>
        toggle(`plug-${role}`, role, MEANING[driver] ?? driver, attached, () =>
          act(attached ? "/device/unplug" : "/device/replug", { device: role }),
        ),
      ),
  );
}

const SHOWN = 80;

export function log({ at, about, what, more }: PlantEvent): void {
  const list = document.getElementById("log");
  if (!list) return;
  const details = more
    ? Object.entries(more)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(" · ")
    : "";
  list.prepend(
    h(
      "li",
      { class: "entry" },
      h("time", {}, new Date(at).toLocaleTimeString("en-GB")),
      h("span", {}, h("b", {}, about), ` ${what}`, details ? h("small", {}, details) : null),
    ),
  );
  while (list.children.length > SHOWN) list.lastElementChild?.remove();
}
