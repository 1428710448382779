import { type Fixture, type Maker, STEPS } from "./maker.ts";

/** Arriving, choosing, consenting, typing. */
export function beginning({ t, chrome, make }: Maker): Fixture[] {
  return [
    make(
      "attract",
      {
        kind: "attract",
        title: t([
          "Apply for your identity card or passport here",
          "在此申請身份證或護照",
          "在此申请身份证或护照",
        ]),
        body: t([
          "It takes about ten minutes. Have your identity card with you.",
          "約需十分鐘。請帶備你的身份證。",
          "约需十分钟。请带备您的身份证。",
        ]),
        begin: t(["Begin", "開始", "开始"]),
        services: [
          {
            id: "hkic-application",
            label: t(["Identity card", "身份證", "身份证"]),
            detail: t([
              "Monday to Saturday, 08:00 to 20:00",
              "星期一至六 08:00 至 20:00",
              "星期一至六 08:00 至 20:00",
            ]),
            picture: "id-card",
          },
          {
            id: "passport-application",
            label: t(["Passport", "護照", "护照"]),
            detail: t([
              "Monday to Saturday, 08:00 to 20:00",
              "星期一至六 08:00 至 20:00",
              "星期一至六 08:00 至 20:00",
            ]),
            picture: "passport",
          },
          {
            id: "one-stop",
            label: t(["Both in one visit", "一次過辦理兩項", "一次办理两项"]),
            detail: t([
              "Monday to Saturday, 08:00 to 20:00",
              "星期一至六 08:00 至 20:00",
              "星期一至六 08:00 至 20:00",
            ]),
            picture: "both",
          },
          {
            id: "collection",
            label: t(["Collect a document", "領取證件", "领取证件"]),
            unavailable: t([
              "Not possible now. The lockers are being checked.",
              "暫停服務：正在檢查證件櫃。",
              "暂停服务：正在检查证件柜。",
            ]),
            picture: "collect",
          },
        ],
      },
      chrome(),
    ),
    make(
      "choose",
      {
        kind: "choose",
        title: t(["What would you like to do?", "你想辦理甚麼？", "您想办理什么？"]),
        options: [
          {
            id: "hkic-application",
            label: t(["Replace my identity card", "換領身份證", "换领身份证"]),
            detail: t(["About 8 minutes", "約 8 分鐘", "约 8 分钟"]),
            picture: "id-card",
          },
          {
            id: "passport-application",
            label: t(["Renew my passport", "換領特區護照", "换领特区护照"]),
            detail: t(["About 10 minutes", "約 10 分鐘", "约 10 分钟"]),
            picture: "passport",
          },
          {
            id: "one-stop",
            label: t(["Both in one visit", "一次過辦理兩項", "一次办理两项"]),
            detail: t(["About 12 minutes", "約 12 分鐘", "约 12 分钟"]),
            picture: "both",
          },
          {
            id: "collection",
            label: t(["Collect a document", "領取證件", "领取证件"]),
            unavailable: t([
              "Not possible now. The lockers are being checked.",
              "暫停服務：正在檢查證件櫃。",
              "暂停服务：正在检查证件柜。",
            ]),
            picture: "collect",
          },
        ],
      },
      chrome(undefined, { can: { back: false, help: true, stop: true, language: true } }),
    ),
    make(
      "notice",
      {
        kind: "notice",
        title: t(["What happens to your details", "我們如何使用你的個人資料", "我们如何使用您的个人资料"]),
        paragraphs: [
          t([
            "We ask for your number, date of birth, both thumbprints, a photograph and your signature. We need them to decide on your application. Without them we cannot take it here.",
            "我們需要你的身份證號碼、出生日期、兩隻拇指指紋、照片及簽名，以處理你的申請。如不提供，便不能在此辦理。",
            "我们需要您的身份证号码、出生日期、两只拇指指纹、照片及签名，以处理您的申请。如不提供，便不能在此办理。",
          ]),
          t([
            "They are locked on this machine as soon as you submit, and only the Immigration Department can open them. This machine keeps nothing after you leave.",
            "遞交後，資料會即時加密，只有入境事務處才能開啟。你離開後，本機不會保留任何資料。",
            "递交后，资料会即时加密，只有入境事务处才能开启。您离开后，本机不会保留任何资料。",
          ]),
          t([
            "You may ask to see your details and to have them corrected. Write to the Departmental Secretary, or ask at any counter.",
            "你有權查閱及更正個人資料。請致函部門秘書，或向任何櫃位查詢。",
            "您有权查阅及更正个人资料。请致函部门秘书，或向任何柜台查询。",
          ]),
        ],
        accept: t(["I agree", "我同意", "我同意"]),
        decline: t(["I do not agree", "我不同意", "我不同意"]),
      },
      chrome([1, ["Before you start", "開始之前", "开始之前"]]),
    ),
    make(
      "entry-hkic",
      {
        kind: "entry",
        title: t([
          "What is the number on your identity card?",
          "你的身份證號碼是甚麼？",
          "您的身份证号码是什么？",
        ]),
        hint: t([
          "Also the one in the brackets. Leave the brackets out.",
          "包括括號內的字元，但不用輸入括號。",
          "包括括号内的字符，但不用输入括号。",
        ]),
        field: "number",
        keyboard: "hkic",
        value: "",
        maxLength: 9,
        example: "A1234563",
        next: t(["Next", "下一步", "下一步"]),
      },
      chrome(STEPS.who),
    ),
    make(
      "entry-hkic-error",
      {
        kind: "entry",
        title: t([
          "What is the number on your identity card?",
          "你的身份證號碼是甚麼？",
          "您的身份证号码是什么？",
        ]),
        hint: t([
          "Also the one in the brackets. Leave the brackets out.",
          "包括括號內的字元，但不用輸入括號。",
          "包括括号内的字符，但不用输入括号。",
        ]),
        field: "number",
        keyboard: "hkic",
        value: "A1234567",
        maxLength: 9,
        error: t([
          "This number is not possible. Compare it with your card, sign by sign.",
          "這個號碼不正確，請與身份證逐字核對。",
          "这个号码不正确，请与身份证逐字核对。",
        ]),
        next: t(["Next", "下一步", "下一步"]),
      },
      chrome(STEPS.who),
    ),
    make(
      "entry-date",
      {
        kind: "entry",
        title: t(["When were you born?", "你的出生日期", "您的出生日期"]),
        hint: t(["As on your identity card.", "與身份證上的相同。", "与身份证上的相同。"]),
        field: "dateOfBirth",
        keyboard: "date",
        value: "1946-11-05",
        maxLength: 10,
        next: t(["Next", "下一步", "下一步"]),
      },
      chrome(STEPS.who),
    ),
    make(
      "entry-latin",
      {
        kind: "entry",
        title: t([
          "Where should we write to you?",
          "你的通訊地址（以英文填寫）",
          "您的通讯地址（以英文填写）",
        ]),
        hint: t([
          "Flat, floor, building, street and district.",
          "室、樓層、大廈、街道及地區。",
          "室、楼层、大厦、街道及地区。",
        ]),
        field: "address",
        keyboard: "latin",
        value: "FLAT B, 12/F, HARBOUR COURT",
        maxLength: 80,
        next: t(["Next", "下一步", "下一步"]),
      },
      chrome(STEPS.form),
    ),
    make(
      "entry-email",
      {
        kind: "entry",
        title: t(["What is your e-mail address?", "你的電郵地址", "您的电邮地址"]),
        hint: t([
          "We write to you when your passport is ready.",
          "護照備妥後，我們會發電郵通知你。",
          "护照备妥后，我们会发电邮通知您。",
        ]),
        field: "email",
        keyboard: "email",
        value: "",
        maxLength: 60,
        example: "name@example.hk",
        next: t(["Next", "下一步", "下一步"]),
        skip: t(["I have none", "沒有電郵", "没有电邮"]),
      },
      chrome(STEPS.form),
    ),
    make(
      "entry-digits",
      {
        kind: "entry",
        title: t(["What is your telephone number?", "你的電話號碼", "您的电话号码"]),
        field: "telephone",
        keyboard: "digits",
        value: "2824",
        maxLength: 12,
        next: t(["Next", "下一步", "下一步"]),
        skip: t(["I have none", "沒有電話", "没有电话"]),
      },
      chrome(STEPS.form),
    ),
  ];
}
