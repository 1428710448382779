import { type Fixture, type Maker, RECEIPT, STEPS } from "./maker.ts";

/** Reviewing, signing, going, and what may lie over any screen. */
export function ending({ t, chrome, make }: Maker): Fixture[] {
  return [
    make(
      "review",
      {
        kind: "review",
        title: t(["Is everything right?", "資料是否正確？", "资料是否正确？"]),
        body: t([
          "Touch a line with a pencil to change it.",
          "輕觸有鉛筆符號的一行，即可更改。",
          "轻触有铅笔符号的一行，即可更改。",
        ]),
        rows: [
          { id: "name", label: t(["Name", "姓名", "姓名"]), value: "CHAN, Tai Man 陳大文", editable: false },
          {
            id: "number",
            label: t(["Identity card number", "身份證號碼", "身份证号码"]),
            value: "A123456(3)",
            editable: false,
          },
          {
            id: "dateOfBirth",
            label: t(["Date of birth", "出生日期", "出生日期"]),
            value: t(["5 November 1946", "1946年11月5日", "1946年11月5日"]),
            editable: false,
          },
          {
            id: "address",
            label: t(["Address", "地址", "地址"]),
            value: "FLAT B, 12/F, HARBOUR COURT, 8 JAVA ROAD, NORTH POINT, HONG KONG",
            editable: true,
          },
          { id: "telephone", label: t(["Telephone", "電話", "电话"]), value: "2824 6111", editable: true },
          {
            id: "email",
            label: t(["E-mail", "電郵", "电邮"]),
            value: "tai.man.chan@example.hk",
            editable: true,
          },
          {
            id: "pages",
            label: t(["Pages of the passport", "護照頁數", "护照页数"]),
            value: "32",
            editable: true,
          },
        ],
        picture: "/picture/1",
        next: t(["All is right", "全部正確", "全部正确"]),
      },
      chrome(STEPS.check),
    ),
    make(
      "sign",
      {
        kind: "sign",
        title: t(["Sign with your finger", "請用手指簽名", "请用手指签名"]),
        body: t([
          "With it you confirm that your details are true.",
          "簽名即表示你確認資料屬實。",
          "签名即表示您确认资料属实。",
        ]),
        clear: t(["Clear", "清除", "清除"]),
        next: t(["Submit my application", "遞交申請", "递交申请"]),
      },
      chrome(STEPS.check),
    ),
    make(
      "receipt",
      {
        kind: "receipt",
        title: t(["Your application is in", "申請已遞交", "申请已递交"]),
        body: t([
          "Photograph this screen now. With the code you collect your passport.",
          "請立即拍下此畫面。領取護照時須出示此二維碼。",
          "请立即拍下此画面。领取护照时须出示此二维码。",
        ]),
        reference: "WC01-000417-7",
        referenceLabel: t(["Reference number", "參考編號", "参考编号"]),
        qr: RECEIPT,
        lines: [
          t(["Ready in about ten working days.", "約十個工作天後備妥。", "约十个工作日后备妥。"]),
          t(["We write to you by e-mail.", "我們會以電郵通知你。", "我们会以电邮通知您。"]),
        ],
        printing: t(["Take your printed receipt below.", "請取走下方的列印收據。", "请取走下方的打印收据。"]),
        actions: [{ id: "print", label: t(["Print it too", "同時列印", "同时打印"]) }],
        done: t(["I have photographed it", "我已拍照", "我已拍照"]),
      },
      chrome(STEPS.done, { can: { back: false, help: true, stop: false, language: true } }),
    ),
    make(
      "message-cannot",
      {
        kind: "message",
        title: t(["We cannot take your application here", "無法在此辦理你的申請", "无法在此办理您的申请"]),
        body: t([
          "Go to counter 3 with your identity card. Nothing of what you typed was kept.",
          "請攜同身份證前往 3 號櫃位。你輸入的資料並無保留。",
          "请携带身份证前往 3 号柜台。您输入的资料并未保留。",
        ]),
        face: "cannot",
        actions: [{ id: "end", label: t(["End", "結束", "结束"]) }],
        code: "G-ELIGIBILITY-04",
      },
      chrome(STEPS.who),
    ),
    make(
      "message-succeeded",
      {
        kind: "message",
        title: t(["Thank you. Goodbye", "多謝，再見", "谢谢，再见"]),
        body: t(["This screen has forgotten everything.", "本機已清除所有資料。", "本机已清除所有资料。"]),
        face: "succeeded",
        actions: [],
      },
      chrome(),
    ),
    make(
      "wait",
      {
        kind: "wait",
        title: t(["Asking the Immigration Department", "正在查詢入境事務處", "正在查询入境事务处"]),
        body: t(["This takes up to ten seconds.", "最多需要十秒。", "最多需要十秒。"]),
      },
      chrome(STEPS.who),
    ),
    make(
      "help",
      {
        kind: "sign",
        title: t(["Sign with your finger", "請用手指簽名", "请用手指签名"]),
        body: t([
          "With it you confirm that your details are true.",
          "簽名即表示你確認資料屬實。",
          "签名即表示您确认资料属实。",
        ]),
        clear: t(["Clear", "清除", "清除"]),
        next: t(["Submit my application", "遞交申請", "递交申请"]),
      },
      chrome(STEPS.check, {
        help: {
          title: t(["How do I sign?", "如何簽名？", "如何签名？"]),
          body: t([
            "Write your name with a finger in the white field, as on paper.\nIf it went wrong, press “Clear” and write again.",
            "用手指在白色方格內簽名，像在紙上一樣。\n如簽錯，請按「清除」再簽。",
            "用手指在白色方格内签名，像在纸上一样。\n如签错，请按“清除”再签。",
          ]),
          close: t(["I understand", "明白", "明白"]),
        },
      }),
    ),
    make(
      "timeout",
      {
        kind: "choose",
        title: t(["How many pages?", "護照頁數", "护照页数"]),
        body: t(["Both cost the same time.", "兩種的辦理時間相同。", "两种的办理时间相同。"]),
        options: [
          { id: "32", label: t(["32 pages", "32 頁", "32 页"]), detail: "HK$370" },
          { id: "48", label: t(["48 pages", "48 頁", "48 页"]), detail: "HK$460" },
        ],
      },
      chrome(STEPS.form, {
        timeout: {
          seconds: 20,
          title: t(["Are you still there?", "你還在嗎？", "您还在吗？"]),
          more: t(["I need more time", "我需要更多時間", "我需要更多时间"]),
        },
      }),
    ),
  ];
}
