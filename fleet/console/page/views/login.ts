import { type Me, post, Refused } from "../api.ts";
import { h, test } from "../dom.ts";

export function loginView(enter: (me: Me) => Promise<void>): HTMLElement {
  const id = h("input", {
    name: "id",
    autocomplete: "username",
    required: true,
    autofocus: true,
    ...test("login-id"),
  });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    ...test("login-password"),
  });
  const button = h("button", { class: "first", type: "submit", ...test("login-submit") }, "Sign in");
  const trouble = h("p", { class: "note bad", role: "alert", hidden: true, ...test("login-error") });
  const submit = async (event: Event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await enter(await post<Me>("/api/login", { id: id.value.trim(), password: password.value }));
    } catch (error) {
      trouble.textContent = error instanceof Refused ? error.message : "The centre does not answer.";
      trouble.hidden = false;
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "div",
    { class: "door" },
    h(
      "form",
      { class: "card", submit, ...test("login") },
      h("div", { class: "brand" }, h("img", { src: "/favicon.ico", alt: "" }), "Guichet centre"),
      h("p", { class: "quiet" }, "For staff. What you open here is written down with your name."),
      h("label", {}, "Name", id),
      h("label", {}, "Password", password),
      trouble,
      button,
    ),
  );
}
