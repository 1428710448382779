/**
 * Looks over the page from inside and names what a person would trip over: text or controls that are cut, cover each
 * other, are too low to touch or too pale to read. As text, since this side of the program knows no DOM.
 */
export const INSPECT = `(() => {
  const problems = [];
  const mm = Number(getComputedStyle(document.documentElement).getPropertyValue("--px-per-mm"));
  const name = (element) => element.tagName.toLowerCase() + "." + (element.getAttribute("class") ?? "") + " " + (element.textContent ?? "").trim().slice(0, 30);
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) problems.push("page wider than the screen by " + (root.scrollWidth - innerWidth));
  if (root.scrollHeight > innerHeight) problems.push("page higher than the screen by " + (root.scrollHeight - innerHeight));
  const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const scrolls = (element) => element.closest(".scroll") !== null;
  const buttons = [...document.querySelectorAll("button")].filter(seen);
  for (const button of buttons) {
    const box = button.getBoundingClientRect();
    if (box.height < 15 * mm - 0.5) problems.push("lower than 15 mm: " + name(button) + " " + (box.height / mm).toFixed(1));
    if (box.left < -0.5 || box.right > innerWidth + 0.5) problems.push("cut at the side: " + name(button));
    if (button.scrollWidth > button.clientWidth + 1 || button.scrollHeight > button.clientHeight + 1) problems.push("words do not fit: " + name(button));
    if (scrolls(button)) continue;
    if (box.top < -0.5 || box.bottom > innerHeight + 0.5) problems.push("cut at the end: " + name(button));
    if (button.closest("[inert]")) continue;
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (top !== button && !button.contains(top)) problems.push("covered: " + name(button) + " by " + (top ? name(top) : "nothing"));
  }
  for (const fixed of document.querySelectorAll("[data-chrome]")) {
    if (fixed.getBoundingClientRect().top < innerHeight / 2) problems.push("in the upper half: " + name(fixed));
  }
  for (const box of document.querySelectorAll(".stage, .sheet, .overlay, .dock, .figure")) {
    if (!seen(box)) continue;
    if (box.scrollHeight > box.clientHeight + 1) problems.push("content cut in " + box.className + " by " + (box.scrollHeight - box.clientHeight));
    if (box.scrollWidth > box.clientWidth + 1) problems.push("content wider than " + box.className);
  }
  for (const drawing of document.querySelectorAll(".figure > *, .figure .drawing, .frame, .qr")) {
    const figure = drawing.closest(".figure");
    if (!figure || !seen(drawing)) continue;
    const inner = drawing.getBoundingClientRect(), outer = figure.getBoundingClientRect();
    if (inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1) problems.push("drawing leaves its room: " + (drawing.getAttribute("class") ?? ""));
  }
  for (const scroll of document.querySelectorAll(".scroll")) {
    if (scroll.clientHeight < 40 * mm && scroll.scrollHeight > scroll.clientHeight + 1) problems.push("too little of the list is seen: " + scroll.clientHeight);
    if (scroll.scrollHeight > scroll.clientHeight + 8 && !scroll.parentElement.classList.contains("has-more")) problems.push("scrolls without saying so");
  }
  const channels = (color) => { const found = color.match(/[0-9.]+/g).map(Number); return found.length === 3 ? [...found, 1] : found; };
  const light = (rgb) => { const part = rgb.slice(0, 3).map((c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
  const walker = document.createTreeWalker(document.getElementById("screen"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, holder = text.parentElement;
    if (!text.textContent.trim() || !holder || holder.closest("svg, [inert]") || !seen(holder)) continue;
    let behind = holder;
    while (behind && channels(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const fore = light(channels(getComputedStyle(holder).color));
    const back = behind ? light(channels(getComputedStyle(behind).backgroundColor)) : 1;
    const ratio = (Math.max(fore, back) + 0.05) / (Math.min(fore, back) + 0.05);
    if (ratio < 7) problems.push("too pale, " + ratio.toFixed(1) + ":1: " + name(holder));
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) {
      if (box.left < -0.5 || box.right > innerWidth + 0.5) problems.push("text cut at the side: " + name(holder));
    }
  }
  return [...new Set(problems)];
})()`;
