import type { Language } from "../model.ts";

/**
 * The page's own words: names of keys, and what it says while the core cannot be reached, when no model can bring
 * them. Everything else arrives translated.
 */
export interface Words {
  moment: string;
  space: string;
  erase: string;
  eraseAll: string;
  day: string;
  month: string;
  year: string;
  more: string;
  signHere: string;
  /** `lang` attribute: it picks Hong Kong or mainland forms of the same characters. */
  tag: string;
}

export const WORDS: Record<Language, Words> = {
  en: {
    moment: "One moment, please",
    space: "Space",
    erase: "Erase",
    eraseAll: "Erase all",
    day: "Day",
    month: "Month",
    year: "Year",
    more: "More below",
    signHere: "Sign here",
    tag: "en",
  },
  "zh-Hant": {
    moment: "請稍候",
    space: "空格",
    erase: "刪除",
    eraseAll: "全部刪除",
    day: "日",
    month: "月",
    year: "年",
    more: "下面還有",
    signHere: "在此簽名",
    tag: "zh-Hant-HK",
  },
  "zh-Hans": {
    moment: "请稍候",
    space: "空格",
    erase: "删除",
    eraseAll: "全部删除",
    day: "日",
    month: "月",
    year: "年",
    more: "下面还有",
    signHere: "在此签名",
    tag: "zh-Hans-CN",
  },
};
