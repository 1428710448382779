import { button, type Desk, h } from "../dom.ts";
import { counterWindow, picture } from "../drawings/documents.ts";
import { icon } from "../drawings/icons.ts";
import { actionRow, type Drawn, imageOf, nextButton, scroller, type ViewOf } from "./drawn.ts";

/** Nobody is here: what this machine does, and one large button. A touch anywhere begins. */
export function attract(view: ViewOf<"attract">, desk: Desk): Drawn {
  const services = view.services.map((service) =>
    h(
      "li",
      { class: service.unavailable ? "off" : "on", "data-service": service.id },
      picture(service.picture),
      h(
        "span",
        { class: "words" },
        h("span", { class: "label" }, service.label),
        h("span", { class: "detail" }, service.unavailable ?? service.detail ?? ""),
      ),
    ),
  );
  const begin = button({
    label: view.begin,
    look: "primary",
    icon: icon("next"),
    data: { action: "begin" },
    press: (self) => desk.send({ type: "action", id: "begin" }, self),
  });
  begin.classList.add("begin");
  return {
    title: view.title,
    body: view.body,
    figure: counterWindow(),
    sheet: [h("ul", { class: "services" }, ...services), begin],
  };
}

export function choose(view: ViewOf<"choose">, desk: Desk): Drawn {
  const options = view.options.map((option) => {
    const element = button({
      label: option.label,
      detail: option.unavailable ?? option.detail,
      icon: picture(option.picture),
      data: { option: option.id },
      disabled: option.unavailable !== undefined,
      press: (self) => desk.send({ type: "choose", id: option.id }, self),
    });
    element.classList.add("option");
    if (option.unavailable === undefined) element.append(icon("next"));
    return element;
  });
  return { title: view.title, body: view.body, figure: picture("ways"), sheet: [scroller(desk, ...options)] };
}

export function notice(view: ViewOf<"notice">, desk: Desk): Drawn {
  const paragraphs = view.paragraphs.map((text) => h("p", {}, text));
  return {
    title: view.title,
    figure: picture("notice"),
    sheet: [
      scroller(desk, h("div", { class: "prose" }, ...paragraphs)),
      h(
        "div",
        { class: "row" },
        button({
          label: view.decline,
          data: { decline: "" },
          press: (self) => desk.send({ type: "decline" }, self),
        }),
        button({
          label: view.accept,
          look: "primary",
          icon: icon("tick"),
          data: { accept: "" },
          press: (self) => desk.send({ type: "accept" }, self),
        }),
      ),
    ],
  };
}

export function review(view: ViewOf<"review">, desk: Desk): Drawn {
  // A line that can be changed is one large button; the pencil at its end says so.
  const rows = view.rows.map((row) => {
    const line = row.editable
      ? button({
          label: row.label,
          detail: row.value,
          look: "quiet",
          icon: icon("edit"),
          data: { edit: row.id },
          press: (self) => desk.send({ type: "edit", id: row.id }, self),
        })
      : h(
          "div",
          {},
          h(
            "span",
            { class: "words" },
            h("span", { class: "label" }, row.label),
            h("span", { class: "detail" }, row.value),
          ),
        );
    line.classList.add("review-row");
    return h("li", { "data-row": row.id }, line);
  });
  const portrait = view.picture ? imageOf(view.picture) : undefined;
  portrait?.classList.add("face-frame");
  return {
    title: view.title,
    body: view.body,
    figure: portrait,
    sheet: [scroller(desk, h("ul", { class: "review" }, ...rows)), nextButton(desk, view.next)],
  };
}

export function message(view: ViewOf<"message">, desk: Desk): Drawn {
  return {
    title: view.title,
    body: view.body,
    face: view.face,
    sheet: [...(view.code ? [h("p", { class: "code" }, view.code)] : []), ...actionRow(desk, view.actions)],
  };
}

export function wait(view: ViewOf<"wait">): Drawn {
  return { title: view.title, body: view.body, face: "working", sheet: [] };
}
