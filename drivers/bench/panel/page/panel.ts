import type { PanelState } from "../view.ts";
import { listen, readState } from "./api.ts";
import { renderCameras } from "./cameras.ts";
import { renderCards } from "./cards.ts";
import { log, renderInside } from "./inside.ts";
import { renderLocker } from "./locker.ts";
import { renderPapers } from "./papers.ts";
import { renderPeople } from "./people.ts";

/** The panel: draws the plant's state and passes clicks on. It knows nothing that `GET /state` does not say. */
let state: PanelState | undefined;
let selected = "";
let reading = false;
let stale = false;

function draw(): void {
  if (!state) return;
  if (!selected) selected = state.people[0]?.id ?? "";
  const select = (id: string) => {
    selected = id;
    draw();
  };
  renderPeople(state, selected, select, draw);
  renderCameras(state, selected);
  renderLocker(state, draw);
  renderCards(state);
  renderPapers(state);
  renderInside(state);
}

/** One read at a time; what happens meanwhile leads to one more. */
async function refresh(): Promise<void> {
  stale = true;
  if (reading) return;
  reading = true;
  while (stale) {
    stale = false;
    state = await readState().catch(() => state);
    draw();
  }
  reading = false;
}

listen(
  (event) => {
    log(event);
    void refresh();
  },
  (up) => {
    const link = document.getElementById("link");
    if (link) {
      link.textContent = up ? "live" : "the bench is away";
      link.dataset.up = String(up);
    }
    if (up) void refresh();
  },
);
void refresh();
