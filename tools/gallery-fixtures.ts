import qrcode from "qrcode";
import type { Chrome, Language, QrMatrix, ScreenModel, View } from "../runtime/core/screen/model.ts";

/** Screens to look at and to test with: every kind of view, in its states, in texts of realistic length. */
export interface Fixture {
  name: string;
  language: Language;
  model: ScreenModel;
}

type Three = [en: string, hant: string, hans: string];
const ORDER: Language[] = ["en", "zh-Hant", "zh-Hans"];

function qrOf(text: string): QrMatrix {
  const { modules } = qrcode.create(text, { errorCorrectionLevel: "M" });
  const rows = Array.from({ length: modules.size }, (_, y) =>
    Array.from({ length: modules.size }, (_, x) => (modules.get(y, x) ? "1" : "0")).join(""),
  );
  return { size: modules.size, rows };
}

const RECEIPT = qrOf("GUICHET1:HK-WC-01-000417-7:5nJ8xq2mB0cR1pVtY9uKf3sLwZ6aHdEoGiQjTbNrCkM");

const CHROME: Three[] = [
  ["Back", "返回", "返回"],
  ["Help", "說明", "帮助"],
  ["Stop", "停止", "停止"],
  ["Language", "語言", "语言"],
];

type Step = [index: number, label: Three];
const STEPS = {
  who: [2, ["Who you are", "你的身份", "您的身份"]],
  fingers: [3, ["Your fingerprints", "你的指紋", "您的指纹"]],
  photo: [4, ["Your photograph", "你的照片", "您的照片"]],
  form: [5, ["Your details", "你的資料", "您的资料"]],
  check: [6, ["Check and sign", "核對及簽署", "核对及签署"]],
  done: [7, ["Finished", "完成", "完成"]],
} satisfies Record<string, Step>;

/** All fixtures in one language. */
export function fixtures(language: Language): Fixture[] {
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
  const again = { id: "again", label: t(["Try again", "再試一次", "再试一次"]) };
  const officer = { id: "officer", label: t(["Ask an officer", "請職員協助", "请职员协助"]) };

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
    make(
      "finger-waiting",
      {
        kind: "finger",
        title: t([
          "Place your right thumb on the sensor",
          "請將右手拇指放在感應器上",
          "请将右手拇指放在感应器上",
        ]),
        body: t(["Press lightly and hold still.", "輕按並保持不動。", "轻按并保持不动。"]),
        face: "waiting",
        position: 1,
        attempt: 1,
        attempts: 3,
        actions: [
          {
            id: "cannot",
            label: t(["I cannot give this finger", "我無法提供這隻手指", "我无法提供这只手指"]),
          },
        ],
      },
      chrome(STEPS.fingers),
    ),
    make(
      "finger-working",
      {
        kind: "finger",
        title: t(["Hold still", "請保持不動", "请保持不动"]),
        body: t(["Your finger is being read.", "正在讀取指紋。", "正在读取指纹。"]),
        face: "working",
        position: 7,
        attempt: 1,
        attempts: 3,
        actions: [],
      },
      chrome(STEPS.fingers),
    ),
    make(
      "finger-again",
      {
        kind: "finger",
        title: t(["Not clear yet. Once more, please", "未夠清晰，請再試一次", "不够清晰，请再试一次"]),
        body: t([
          "Place your left thumb on the sensor.",
          "請將左手拇指放在感應器上。",
          "请将左手拇指放在感应器上。",
        ]),
        face: "again",
        position: 6,
        advice: t([
          "Your finger is dry. Breathe on it, or rub it on your palm.",
          "手指太乾。請向手指呵氣，或在手心擦一擦。",
          "手指太干。请向手指呵气，或在手心擦一擦。",
        ]),
        attempt: 2,
        attempts: 3,
        actions: [again, { id: "cannot", label: t(["I cannot", "我無法做到", "我无法做到"]) }],
      },
      chrome(STEPS.fingers),
    ),
    make(
      "finger-succeeded",
      {
        kind: "finger",
        title: t(["Your finger was read", "指紋已讀取", "指纹已读取"]),
        body: t(["You may take it away.", "可以移開手指。", "可以移开手指。"]),
        face: "succeeded",
        position: 2,
        attempt: 2,
        attempts: 3,
        actions: [],
      },
      chrome(STEPS.fingers),
    ),
    make(
      "finger-cannot",
      {
        kind: "finger",
        title: t(["This finger cannot be read", "無法讀取這隻手指", "无法读取这只手指"]),
        body: t([
          "We go on without it. An officer will check your identity.",
          "將繼續辦理，職員會核對你的身份。",
          "将继续办理，职员会核对您的身份。",
        ]),
        face: "cannot",
        position: 10,
        attempt: 3,
        attempts: 3,
        actions: [{ id: "go-on", label: t(["Go on", "繼續", "继续"]) }, officer],
      },
      chrome(STEPS.fingers),
    ),
    make(
      "photo-waiting",
      {
        kind: "photo",
        title: t(["Look straight ahead", "請望向正前方", "请望向正前方"]),
        body: t([
          "Put your face into the oval. Take off glasses and hat.",
          "請將面部放入橢圓框內，並除下眼鏡及帽子。",
          "请将面部放入椭圆框内，并除下眼镜及帽子。",
        ]),
        face: "waiting",
        preview: "/preview/portrait",
        advice: [],
        attempt: 1,
        attempts: 3,
        actions: [{ id: "take", label: t(["Take the photograph", "拍照", "拍照"]) }],
      },
      chrome(STEPS.photo),
    ),
    make(
      "photo-again",
      {
        kind: "photo",
        title: t(["Let us take it again", "請再拍一次", "请再拍一次"]),
        body: t(["This has to change:", "需要改善：", "需要改善："]),
        face: "again",
        picture: "/picture/1",
        advice: [
          t(["Come a little closer to the camera.", "請靠近鏡頭一點。", "请靠近镜头一点。"]),
          t([
            "Your face is too dark. Turn to the light.",
            "面部太暗，請面向光源。",
            "面部太暗，请面向光源。",
          ]),
        ],
        attempt: 2,
        attempts: 3,
        actions: [again],
      },
      chrome(STEPS.photo),
    ),
    make(
      "photo-succeeded",
      {
        kind: "photo",
        title: t(["Is this photograph good?", "這張照片可以嗎？", "这张照片可以吗？"]),
        body: t(["It meets the rules for a passport.", "照片符合護照規格。", "照片符合护照规格。"]),
        face: "succeeded",
        picture: "/picture/1",
        advice: [],
        attempt: 2,
        attempts: 3,
        actions: [
          { id: "use", label: t(["Use this one", "使用這張", "使用这张"]) },
          { id: "again", label: t(["Take another", "重拍", "重拍"]) },
        ],
      },
      chrome(STEPS.photo),
    ),
    make(
      "review",
      {
        kind: "review",
        title: t(["Is everything right?", "資料是否正確？", "资料是否正确？"]),
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
        done: t(["I have photographed it", "我已拍照", "我已拍照"]),
      },
      chrome(STEPS.done, { can: { back: false, help: true, stop: false, language: true } }),
    ),
    make(
      "scan-waiting",
      {
        kind: "scan",
        title: t(["Show your receipt", "請出示收據", "请出示收据"]),
        body: t([
          "Hold the code on your telephone over the camera.",
          "請將電話上的二維碼對準鏡頭。",
          "请将电话上的二维码对准镜头。",
        ]),
        face: "waiting",
        actions: [{ id: "without", label: t(["I have no receipt", "我沒有收據", "我没有收据"]) }],
      },
      chrome([1, ["Your receipt", "你的收據", "您的收据"]], {
        service: t(["Collect a document", "領取證件", "领取证件"]),
      }),
    ),
    make(
      "scan-again",
      {
        kind: "scan",
        title: t(["This is another code", "這不是收據的二維碼", "这不是收据的二维码"]),
        body: t([
          "Show the code from the end of your application.",
          "請出示遞交申請後顯示的二維碼。",
          "请出示递交申请后显示的二维码。",
        ]),
        face: "again",
        preview: "/preview/document",
        advice: t([
          "Make the screen of your telephone brighter.",
          "請調高電話螢幕的亮度。",
          "请调高手机屏幕的亮度。",
        ]),
        actions: [again, { id: "without", label: t(["I have no receipt", "我沒有收據", "我没有收据"]) }],
      },
      chrome([1, ["Your receipt", "你的收據", "您的收据"]]),
    ),
    make(
      "door",
      {
        kind: "door",
        title: t(["Door 7 is open", "7 號櫃門已開啟", "7 号柜门已打开"]),
        body: t([
          "Take your passport and close the door.",
          "請取出護照並關上櫃門。",
          "请取出护照并关上柜门。",
        ]),
        face: "waiting",
        slot: "7",
        slots: Array.from({ length: 12 }, (_, index) => String(index + 1)),
        actions: [],
      },
      chrome([3, ["Take it", "領取", "领取"]]),
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
