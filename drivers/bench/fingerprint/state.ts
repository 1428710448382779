import type { Finger } from "../world.ts";
import { MODELS, type Model, type Quirks } from "./models.ts";

/** One module from inside: what it keeps without power, and what it forgets. */
export class ModuleState {
  readonly model: Model;
  readonly quirks: Quirks;
  readonly templateBytes: number;
  readonly flash;
  readonly pages = new Map<number, Buffer>();
  readonly notepad = Array.from({ length: 16 }, () => Buffer.alloc(32));
  image: Finger | undefined;
  buffers = new Map<number, Buffer>();
  receiving: { into: number | "image"; parts: Buffer[] } | undefined;
  passwordShown = false;
  /** Of the last search or match. */
  passed = false;
  /** Rate on the wire now; the one in flash holds from the next power-up on. */
  baud: number;
  light = { control: 4, speed: 0, colour: 0, count: 0 };
  captures = 0;

  constructor(profile: keyof typeof MODELS, address: number, quirks: Quirks) {
    this.model = MODELS[profile];
    this.quirks = quirks;
    this.templateBytes = quirks.templateBytes ?? this.model.template;
    this.flash = { address, password: 0, sizeCode: 2, baud: 6, security: 3 };
    this.baud = this.flash.baud;
  }

  /** What loss of power, or a restart, leaves. */
  forget(): void {
    this.image = undefined;
    this.buffers = new Map();
    this.receiving = undefined;
    this.passwordShown = false;
    this.passed = false;
    this.baud = this.flash.baud;
    this.light = { control: 4, speed: 0, colour: 0, count: 0 };
  }

  slot = (buffer: number): number => (this.model.buffersIgnored ? 1 : buffer);

  lacks(op: number): boolean {
    return (this.model.lacks as readonly number[]).includes(op) || (this.quirks.lacks?.includes(op) ?? false);
  }

  /** Whether an image or features of a person are in its memory: blank features are of nobody. */
  remembers(): boolean {
    return this.image !== undefined || [...this.buffers.values()].some((bytes) => bytes.some((b) => b !== 0));
  }

  status(): number {
    return (this.passed ? 2 : 0) | (this.passwordShown ? 4 : 0) | (this.image ? 8 : 0);
  }
}
