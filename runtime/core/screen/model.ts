/**
 * What the core sends to the page, whole, each time it changes. The page draws it and sends inputs; it holds no
 * logic, no keys, and no data beyond the current screen. All texts arrive translated.
 */
export const LANGUAGES = ["en", "zh-Hant", "zh-Hans"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Every state of a step has a face. */
export type Face = "waiting" | "working" | "succeeded" | "again" | "cannot";

export interface Option {
  id: string;
  label: string;
  detail?: string;
  /** Name of a drawing that the page knows: `id-card`, `passport`, `both`, `collect`, `staff`, … */
  picture?: string;
  /** Present and shown instead of `detail` when it cannot be chosen now; says why. */
  unavailable?: string;
}

export interface ReviewRow {
  id: string;
  label: string;
  value: string;
  /** Can be changed: the page shows a button that sends `{type:"edit", id}`. */
  editable: boolean;
}

export type Keyboard = "latin" | "digits" | "email" | "hkic" | "date";

export type View =
  /** Nobody is here. Touching anywhere sends `{type:"action", id:"begin"}`; the services are shown with their hours. */
  | { kind: "attract"; title: string; body: string; begin: string; services: Option[] }
  | { kind: "choose"; title: string; body?: string; options: Option[] }
  | { kind: "notice"; title: string; paragraphs: string[]; accept: string; decline: string }
  | {
      kind: "entry";
      title: string;
      hint?: string;
      field: string;
      keyboard: Keyboard;
      /** Name of a drawing, where that of the keyboard does not fit. */
      picture?: string;
      value: string;
      /** Characters; the page stops there. */
      maxLength: number;
      /** Example in the empty field. */
      example?: string;
      error?: string;
      next: string;
      /** Offered when the answer may be left out. */
      skip?: string;
    }
  | {
      kind: "finger";
      title: string;
      body: string;
      face: Face;
      /** ISO/IEC 19794-2 position: which finger the drawing shows. */
      position: number;
      advice?: string;
      attempt: number;
      attempts: number;
      actions: Option[];
    }
  | {
      kind: "photo";
      title: string;
      body: string;
      face: Face;
      /** Where the live view is (`/preview/portrait`), absent while there is none. */
      preview?: string;
      /** A captured picture to look at (`/picture/<id>`). */
      picture?: string;
      advice: string[];
      attempt: number;
      attempts: number;
      actions: Option[];
    }
  | { kind: "review"; title: string; body?: string; rows: ReviewRow[]; picture?: string; next: string }
  | { kind: "sign"; title: string; body: string; error?: string; clear: string; next: string }
  | {
      kind: "receipt";
      title: string;
      body: string;
      reference: string;
      referenceLabel: string;
      qr: QrMatrix;
      lines: string[];
      /** What became of a receipt on paper, when there is a printer. */
      printing?: string;
      /** `print`, while one can be had. */
      actions: Option[];
      /** Absent while it is printed: the paper comes out before whoever stands there. */
      done?: string;
    }
  | {
      kind: "scan";
      title: string;
      body: string;
      face: Face;
      preview?: string;
      advice?: string;
      actions: Option[];
    }
  | {
      kind: "door";
      title: string;
      body: string;
      face: Face;
      slot: string /** Where it is, for the drawing. */;
      slots: string[];
      actions: Option[];
    }
  | {
      kind: "message";
      title: string;
      body: string;
      face: Face;
      actions: Option[];
      code?: string;
      /** A question over the step's own screen: what was typed or signed there is still there when it comes back. */
      over?: true;
    }
  | { kind: "wait"; title: string; body: string };

/** A QR code as rows of `1` (dark) and `0`; drawn with a quiet zone of 4 modules. */
export interface QrMatrix {
  size: number;
  rows: string[];
}

export interface Chrome {
  /** Name of the service, absent before one is chosen. */
  service?: string;
  /** Where am I: `index` of `count`, from 1. */
  progress?: { index: number; count: number; label: string };
  /** Which of the fixed buttons work now. They are always drawn at the same place. */
  can: { back: boolean; help: boolean; stop: boolean; language: boolean };
  labels: { back: string; help: string; stop: string; language: string };
  /** A time limit that is about to end: seconds left, with the words and the button for more time. */
  timeout?: { seconds: number; title: string; more: string };
  /** Help text of this step, shown as a sheet when `help` was pressed. */
  help?: { title: string; body: string; close: string };
}

export interface ScreenModel {
  /** Rises with every model; an input names the one that it answers, and an older one is dropped. */
  seq: number;
  language: Language;
  languages: { id: Language; label: string }[];
  chrome: Chrome;
  view: View;
  /** What speech says for this screen. */
  spoken: string;
}

export type Input =
  | { type: "action"; id: string }
  | { type: "choose"; id: string }
  | { type: "accept" }
  | { type: "decline" }
  | { type: "text"; field: string; value: string }
  | { type: "skip" }
  | { type: "edit"; id: string }
  /** Strokes in 0..1000 of the pad's width and height. */
  | { type: "sign"; strokes: [number, number][][] }
  | { type: "next" }
  | { type: "back" }
  | { type: "help" }
  | { type: "closeHelp" }
  | { type: "stop" }
  | { type: "language"; id: Language }
  /** Somebody is there: the answer to `timeout`, and what the page says now and then of touches. Owes no model. */
  | { type: "more" };
