export const slips = {
  zh: {
    labels: "物件标签", hint: "给领这一趟的志愿者打印：扫码打开，输入口令。口令只在这里出现一次。", loading: "正在读取…",
    none: "现在没有要送的一趟", print: "打印领取单", sure: "确定另打一张", another: "另一趟", courier: (mark: string) => `志愿者 ${mark}`,
    replaces: "这一趟已有人领：另打一张后，原来的口令作废。", once: "遗失请重打：新单一出，旧单作废", qr: "打开本趟的二维码",
    onlyHere: "手机打不开 localhost：请用本机在局域网的地址打开此页，再打印。",
  },
  en: {
    labels: "Labels", hint: "For whoever takes the run: scan it, then type the PIN. The PIN is shown here once.", loading: "Reading…",
    none: "No run is to be made now", print: "Print a slip", sure: "Yes, print another", another: "Another run",
    courier: (mark: string) => `volunteer ${mark}`, replaces: "This run has a courier: with another slip the earlier PIN ends.",
    once: "Lost? Print another; it ends this one", qr: "QR code that opens the run",
    onlyHere: "Phones cannot open localhost: open this page by the machine's address on the local net, then print.",
  },
};
