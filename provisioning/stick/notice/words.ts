import type { StickState } from "./outcome.ts";

/** What the screen says, for a technician who has a stick and no keyboard. It is there before any service is. */
export interface StickWords {
  title: string;
  body: string;
}
export const STICK_LANGUAGES = ["en", "zh-Hant", "zh-Hans"] as const;
type Words = Record<(typeof STICK_LANGUAGES)[number], StickWords>;

const OUT = {
  en: "You may take the stick out.",
  "zh-Hant": "可以取出 USB 手指。",
  "zh-Hans": "可以取出 U 盘。",
};
const KEEP = {
  en: "Please leave the stick in.",
  "zh-Hant": "請勿取出 USB 手指。",
  "zh-Hans": "请勿取出 U 盘。",
};

const words = (
  en: [string, string],
  hant: [string, string],
  hans: [string, string],
  then: typeof OUT = OUT,
): Words => {
  const row = (language: (typeof STICK_LANGUAGES)[number], [title, body]: [string, string]) => ({
    title,
    body: `${body} ${then[language]}`.trim(),
  });
  return { en: row("en", en), "zh-Hant": row("zh-Hant", hant), "zh-Hans": row("zh-Hans", hans) };
};

export const STICK_WORDS: Record<StickState, Words> = {
  reading: words(["The stick is being read", ""], ["正在讀取 USB 手指", ""], ["正在读取 U 盘", ""], KEEP),
  trying: words(
    [
      "The unit is being changed",
      "It starts again and looks whether everything works. This takes up to five minutes.",
    ],
    ["正在更新本機", "本機會重新啟動並檢查是否一切正常，最多需要五分鐘。"],
    ["正在更新本机", "本机会重新启动并检查是否一切正常，最多需要五分钟。"],
    KEEP,
  ),
  accepted: words(
    ["Accepted", "The unit has taken what was for it, and works with it."],
    ["已接受", "本機已採用 USB 手指上屬於本機的內容，運作正常。"],
    ["已接受", "本机已采用 U 盘上属于本机的内容，运行正常。"],
  ),
  older: words(
    [
      "The unit has this already",
      "What is on the stick is not newer than what the unit has. Nothing was changed.",
    ],
    ["本機已有此內容", "USB 手指上的內容並不比本機的新，沒有作出更改。"],
    ["本机已有此内容", "U 盘上的内容并不比本机的新，没有作出更改。"],
  ),
  otherUnit: words(
    ["Not for this unit", "What is on the stick is for another unit, site or board. Nothing was changed."],
    ["不屬於本機", "USB 手指上的內容屬於另一部機、另一地點或另一種主板，沒有作出更改。"],
    ["不属于本机", "U 盘上的内容属于另一台机、另一地点或另一种主板，没有作出更改。"],
  ),
  empty: words(
    ["Nothing for the unit on this stick", "There is no file on it that ends in .kbundle."],
    ["USB 手指上沒有可用內容", "沒有以 .kbundle 結尾的檔案。"],
    ["U 盘上没有可用内容", "没有以 .kbundle 结尾的文件。"],
  ),
  gone: words(
    [
      "The stick was taken out too early",
      "Nothing was changed. Put it in again and leave it in until the screen says so.",
    ],
    ["USB 手指過早取出", "沒有作出更改。請再次插入，直至螢幕提示才取出。"],
    ["U 盘过早取出", "没有作出更改。请再次插入，直至屏幕提示才取出。"],
    { en: "", "zh-Hant": "", "zh-Hans": "" },
  ),
  unreadable: words(
    [
      "The stick cannot be read",
      "It has another file system than FAT, or is damaged. Write it anew with guichet-provision.",
    ],
    ["無法讀取 USB 手指", "檔案系統不是 FAT，或已損壞。請以 guichet-provision 重新寫入。"],
    ["无法读取 U 盘", "文件系统不是 FAT，或已损坏。请用 guichet-provision 重新写入。"],
  ),
  notOurs: words(
    ["Not ours", "What is on the stick is not signed by who this unit belongs to. Nothing was changed."],
    ["並非由我們簽署", "USB 手指上的內容並非由本機的擁有者簽署，沒有作出更改。"],
    ["并非由我们签署", "U 盘上的内容并非由本机的拥有者签署，没有作出更改。"],
  ),
  damaged: words(
    ["Damaged", "A file on the stick is not what was signed. Copy it again. Nothing was changed."],
    ["已損壞", "USB 手指上有檔案與簽署的不符，請重新複製。沒有作出更改。"],
    ["已损坏", "U 盘上有文件与签署的不符，请重新复制。没有作出更改。"],
  ),
  notTaken: words(
    ["Not taken", "The unit refused what is on the stick, for the reason below. Nothing was changed."],
    ["未採用", "本機因下列原因拒絕 USB 手指上的內容，沒有作出更改。"],
    ["未采用", "本机因下列原因拒绝 U 盘上的内容，没有作出更改。"],
  ),
  partly: words(
    ["Taken in part", "The unit works with what was good. A file was refused, for the reason below."],
    ["部分已採用", "本機已採用有效的內容，但因下列原因拒絕了一個檔案。"],
    ["部分已采用", "本机已采用有效的内容，但因下列原因拒绝了一个文件。"],
  ),
  wentBack: words(
    ["The unit went back", "It did not work with what is on the stick, and is again what it was before."],
    ["已還原", "採用 USB 手指上的內容後未能正常運作，本機已還原為之前的狀態。"],
    ["已还原", "采用 U 盘上的内容后未能正常运行，本机已还原为之前的状态。"],
  ),
};

/** Said beside what was taken while the unit asks for its first certificate. */
export const KEY_WORDS: Record<(typeof STICK_LANGUAGES)[number], (key: string) => string> = {
  en: (key) => `It asks for its certificate. Tell the centre the id of its key: ${key}`,
  "zh-Hant": (key) => `本機正申請證書，請將金鑰編號告知中心：${key}`,
  "zh-Hans": (key) => `本机正在申请证书，请将密钥编号告知中心：${key}`,
};
