import { type Get, get, getQuietly, type Me, post, Refused } from "./api.ts";
import { h, say, test } from "./dom.ts";
import { handsFree, keepingFocus } from "./hands.ts";
import { applicationsView } from "./views/applications.ts";
import { auditView } from "./views/audit.ts";
import { journalView } from "./views/journal.ts";
import { loginView } from "./views/login.ts";
import { submissionView } from "./views/submission.ts";
import { submissionsView } from "./views/submissions.ts";
import { unitsView } from "./views/units.ts";

/** What a view gets: who looks, how to act, and what the address names. */
export interface Scene {
  me: Me;
  id: string;
  /** Reads for this drawing: one that no person asked for does not prolong the session. */
  get: Get;
  /** Runs an action of the person, says what came of it, and draws anew. */
  act(job: () => Promise<unknown>, done: string): Promise<void>;
  redraw(): Promise<void>;
}
export interface View {
  draw(scene: Scene): Promise<HTMLElement>;
  /** Kinds of change after which it is drawn anew; a page with open personal data is not drawn by itself. */
  live: readonly string[];
}

const VIEWS: Record<string, View> = {
  units: unitsView,
  submissions: submissionsView,
  submission: submissionView,
  documents: applicationsView,
  handovers: journalView,
  audit: auditView,
};
const NAVIGATION: [string, string, string[]][] = [
  ["units", "Units", []],
  ["submissions", "Submissions", []],
  ["documents", "Documents", []],
  ["handovers", "Hand-overs", []],
  ["audit", "Audit", ["admin", "officer"]],
];

const app = document.getElementById("app") as HTMLElement;
let me: Me | undefined;
let events: EventSource | undefined;
let drawing = 0;

/** What an id of the centre looks like: an address that somebody was sent must not choose what the page asks for. */
const ID = /^[A-Za-z0-9-]{1,64}$/;

function place(): { name: string; id: string } {
  const [name = "", id = ""] = location.hash.replace(/^#\/?/, "").split("/");
  return Object.hasOwn(VIEWS, name) && (id === "" || ID.test(id)) ? { name, id } : { name: "units", id: "" };
}

const signedOut = (error: unknown): boolean =>
  error instanceof Refused && error.fault.code === "centre.notSignedIn";

function fail(error: unknown): void {
  if (signedOut(error)) return leave();
  say(error instanceof Refused ? error.message : "Something in this page failed. Reload it.", true);
}

/** Ends what a session had open. What the page holds in memory ends with it too, and the next person begins at the first page. */
function leave(): void {
  me = undefined;
  events?.close();
  app.replaceChildren();
  history.replaceState(null, "", "/");
  location.reload();
}

function door(): void {
  app.replaceChildren(
    loginView(async (operator) => {
      me = operator;
      listen();
      await draw();
    }),
  );
}

function frame(operator: Me, name: string, content: HTMLElement): HTMLElement {
  const current = name === "submission" ? "submissions" : name;
  const links = NAVIGATION.filter(
    ([, , roles]) => roles.length === 0 || roles.some((role) => operator.roles.includes(role)),
  ).map(([id, title]) =>
    h(
      "a",
      { href: `#/${id}`, ...test(`nav-${id}`), ...(id === current && { "aria-current": "page" }) },
      title,
    ),
  );
  const signOut = () =>
    post("/api/logout")
      .catch(() => undefined)
      .then(leave);
  return h(
    "div",
    { class: "frame" },
    h(
      "nav",
      { class: "side", "aria-label": "Console" },
      h("div", { class: "brand" }, h("img", { src: "/favicon.ico", alt: "" }), "Guichet centre"),
      ...links,
      h(
        "div",
        { class: "who" },
        h("div", {}, h("b", test("me"), operator.name), h("small", {}, operator.roles.join(", "))),
        h("button", { click: signOut, ...test("sign-out") }, "Sign out"),
      ),
    ),
    h("main", { class: "main", ...test(`view-${name}`) }, content),
  );
}

async function draw(read: Get = get): Promise<void> {
  if (!me) return;
  const operator = me;
  const turn = ++drawing;
  const { name, id } = place();
  const view = VIEWS[name] as View;
  const scene: Scene = {
    me: operator,
    id,
    get: read,
    redraw: () => draw(),
    act: async (job, done) => {
      try {
        await job();
        if (done) say(done);
        await draw();
      } catch (error) {
        fail(error);
      }
    },
  };
  try {
    const content = await view.draw(scene);
    const byItself = read === getQuietly;
    if (byItself) await handsFree();
    // a later drawing has overtaken this one, or the person has signed out
    if (turn !== drawing || !me) return;
    const scroll = scrollY;
    const put = () => app.replaceChildren(frame(operator, name, content));
    if (byItself) keepingFocus(put);
    else put();
    scrollTo(0, scroll);
  } catch (error) {
    fail(error);
  }
}

const AGAIN_MS = 5_000;

/** The stream was refused, which ends it for good: either the session is over, or the centre is about to come back. */
async function refused(): Promise<void> {
  try {
    await getQuietly("/api/me");
  } catch (error) {
    if (me && signedOut(error)) return leave();
  }
  setTimeout(() => me && listen(), AGAIN_MS);
}

function listen(): void {
  events?.close();
  const source = new EventSource("/api/events");
  events = source;
  source.onerror = () => {
    if (me && source.readyState === EventSource.CLOSED) void refused();
  };
  let waiting = false;
  source.onmessage = ({ data }) => {
    const { kind } = JSON.parse(data as string) as { kind: string };
    if (!VIEWS[place().name]?.live.includes(kind) || waiting) return;
    waiting = true;
    setTimeout(async () => {
      // what somebody is typing, choosing or pressing is not drawn away under their hands
      await handsFree();
      waiting = false;
      void draw(getQuietly);
    }, 150);
  };
}

addEventListener("hashchange", () => {
  document.querySelector(".toast")?.remove();
  scrollTo(0, 0);
  void draw();
});
get<Me>("/api/me").then(
  (operator) => {
    me = operator;
    listen();
    void draw();
  },
  () => door(),
);
