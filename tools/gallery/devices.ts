import { type Fixture, type Maker, STEPS } from "./maker.ts";

/** Finger, camera, code and locker, in their states. */
export function devices({ t, chrome, make }: Maker): Fixture[] {
  const again = { id: "again", label: t(["Try again", "再試一次", "再试一次"]) };
  const officer = { id: "officer", label: t(["Ask an officer", "請職員協助", "请职员协助"]) };

  return [
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
            label: t(["I cannot give this finger", "我無法提供這隻手指的指紋", "我无法提供这只手指的指纹"]),
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
  ];
}
