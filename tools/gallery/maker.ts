import qrcode from "qrcode";
import type { Chrome, Language, QrMatrix, ScreenModel, View } from "../../runtime/core/screen/model.ts";

/** Screens to look at and to test with: every kind of view, in its states, in texts of realistic length. */
export interface Fixture {
  name: string;
  language: Language;
  model: ScreenModel;
}

export type Three = [en: string, hant: string, hans: string];
const ORDER: Language[] = ["en", "zh-Hant", "zh-Hans"];

function qrOf(text: string): QrMatrix {
  const { modules } = qrcode.create(text, { errorCorrectionLevel: "M" });
  const rows = Array.from({ length: modules.size }, (_, y) =>
    Array.from({ length: modules.size }, (_, x) => (modules.get(y, x) ? "1" : "0")).join(""),
  );
  return { size: modules.size, rows };
}

export const RECEIPT = qrOf("GUICHET1:HK-WC-01-000417-7:5nJ8xq2mB0cR1pVtY9uKf3sLwZ6aHdEoGiQjTbNrCkM");

const CHROME: Three[] = [
  ["Back", "返回", "返回"],
  ["Help", "說明", "帮助"],
  ["Stop", "停止", "停止"],
  ["Language", "語言", "语言"],
];

export type Step = [index: number, label: Three];
export const STEPS = {
  who: [2, ["Who you are", "你的身份", "您的身份"]],
  fingers: [3, ["Your fingerprints", "你的指紋", "您的指纹"]],
  photo: [4, ["Your photograph", "你的照片", "您的照片"]],
  form: [5, ["Your details", "你的資料", "您的资料"]],
  check: [6, ["Check and sign", "核對及簽署", "核对及签署"]],
  done: [7, ["Finished", "完成", "完成"]],
} satisfies Record<string, Step>;

/** What the fixtures of one language are made with. */
export interface Maker {
  /** The text of the language. */
  t(texts: Three): string;
  chrome(step?: Step, more?: Partial<Chrome>): Chrome;
  make(name: string, view: View, of: Chrome): Fixture;
}

export function makerFor(language: Language): Maker {
  const t = (texts: Three): string => texts[ORDER.indexOf(language)] ?? texts[0];
  let seq = 0;
  const chrome = (step?: Step, more: Partial<Chrome> = {}): Chrome => ({
    ...(step ? { service: t(["Renew your passport", "換領特區護照", "换领特区护照"]) } : {}),
    ...(step ? { progress: { index: step[0], count: 7, label: t(step[1]) } } : {}),
    can: { back: step !== undefined, help: true, stop: step !== undefined, language: true },
    labels: {
      back: t(CHROME[0] as Three),
      help: t(CHROME[1] as Three),
      stop: t(CHROME[2] as Three),
      language: t(CHROME[3] as Three),
    },
    ...more,
  });
  const make = (name: string, view: View, of: Chrome): Fixture => {
    seq += 1;
    return {
      name,
      language,
      model: {
        seq,
        language,
        languages: [
          { id: "en", label: "English" },
          { id: "zh-Hant", label: "繁體中文" },
          { id: "zh-Hans", label: "简体中文" },
        ],
        chrome: of,
        view,
        spoken: view.title,
      },
    };
  };
  return { t, chrome, make };
}
