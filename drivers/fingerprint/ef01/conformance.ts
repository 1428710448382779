import { type FingerprintSimulator, startFingerprintSimulator } from "../../bench/fingerprint/index.ts";
import { matchScore, type Plant, templateOf } from "../../bench/index.ts";
import type { ConformanceEntry, TrialContext } from "../../conformance/index.ts";
import type { FingerCapture, Fingerprint } from "../../contract/index.ts";

interface Sim {
  module: FingerprintSimulator;
  plant: Plant;
  /** Whether the person does what the prompts say. */
  obeys: boolean;
}

const ROLE = "finger.front";
const FORMAT = "ef01-r503-1536";
const BYTES = 1536;
const PERSON = "ada";
const RIGHT_INDEX = 2;
const LEFT_INDEX = 7;

const template = (plant: Plant, position: number, noise: number): Uint8Array => {
  const seed = plant.people.find(({ id }) => id === PERSON)?.fingers.get(position);
  if (!seed) throw new TypeError("the bench's person has ten fingers");
  return templateOf(seed, BYTES, noise);
};
const ENROLLED = 11;
/** A person who lays the finger on and lifts it as the prompts say. */
const obeying = (context: TrialContext, sim: Sim): TrialContext => ({
  ...context,
  prompt: (prompt) => {
    context.prompt(prompt);
    if (!sim.obeys) return;
    if (prompt === "place" || prompt === "placeAgain") place(RIGHT_INDEX)(sim);
    if (prompt === "lift") noFinger(sim);
  },
});
const place = (position: number) => (sim: Sim) => sim.plant.placeFinger(ROLE, PERSON, position);
const noFinger = (sim: Sim) => sim.plant.liftFinger(ROLE);
const lying = ({ plant }: Sim) => plant.finger(ROLE)?.position;

export const conformance: ConformanceEntry<Fingerprint, Sim> = {
  configuration: {
    role: ROLE,
    driver: "fingerprint.ef01",
    port: { path: "/dev/finger", baudRate: 57_600 },
    profile: "r503",
    address: 0xffffffff,
    reservedPage: 199,
  },
  start: ({ plant, line, clock }) => {
    const { profile, address } = { profile: "r503", address: 0xffffffff } as const;
    return {
      module: startFingerprintSimulator({ device: ROLE, line, world: plant, profile, address, clock }),
      plant,
      obeys: false,
    };
  },
  stop: ({ module }) => module.stop(),
  reset: ({ module }) => module.powerCycle(),
  evidence: [],
  trials: {
    capture: {
      kind: "capture",
      situations: {
        "the right index lies on it": place(RIGHT_INDEX),
        "the left index lies on it": place(LEFT_INDEX),
      },
      run: (finger, context) => finger.capture({ position: RIGHT_INDEX, minQuality: 20 }, context),
      lie: (capture: FingerCapture, sim) => {
        const position = lying(sim);
        if (position === undefined) return "an image of a finger, where none lies";
        if (capture.image.length !== capture.width * capture.height)
          return "an image of another size than it says";
        if (matchScore(capture.template, template(sim.plant, position, 1)) < 60)
          return "another finger's template";
        return undefined;
      },
      waits: noFinger,
    },
    verify: {
      kind: "capture",
      situations: {
        "the right index lies on it": place(RIGHT_INDEX),
        "the left index, which is another one, lies on it": place(LEFT_INDEX),
      },
      run: (finger, context, sim) =>
        finger.verify({ template: template(sim.plant, RIGHT_INDEX, 9), templateFormat: FORMAT }, context),
      lie: ({ matched }: { matched: boolean }, sim) => {
        const same = lying(sim) === RIGHT_INDEX;
        return matched === same
          ? undefined
          : matched
            ? "a match with another finger"
            : "no match with the same finger";
      },
      waits: noFinger,
      simulated: true,
    },
    enrol: {
      kind: "capture",
      situations: {
        "a person who does as told": (sim) => {
          noFinger(sim);
          sim.obeys = true;
        },
      },
      run: (finger, context, sim) => finger.enrol({ allowDuplicate: true }, obeying(context, sim)),
      lie: ({ id }: { id: number }, { module }) =>
        module.library().includes(id) ? undefined : "an id of nothing",
      waits: (sim) => {
        noFinger(sim);
        sim.obeys = false;
      },
      simulated: true,
    },
    identify: {
      kind: "capture",
      situations: {
        "the enrolled finger lies on it": (sim) => {
          sim.module.state.pages.set(ENROLLED, Buffer.from(template(sim.plant, RIGHT_INDEX, 5)));
          place(RIGHT_INDEX)(sim);
        },
        "another finger lies on it": (sim) => {
          sim.module.state.pages.set(ENROLLED, Buffer.from(template(sim.plant, RIGHT_INDEX, 5)));
          place(LEFT_INDEX)(sim);
        },
      },
      run: (finger, context) => finger.identify(context),
      lie: ({ id }: { id?: number }, sim) => {
        const known = lying(sim) === RIGHT_INDEX && sim.module.library().includes(ENROLLED);
        if (id === undefined) return known ? "nobody, and the finger is enrolled" : undefined;
        return known && id === ENROLLED ? undefined : "somebody else's id";
      },
      waits: noFinger,
      simulated: true,
    },
    list: {
      kind: "query",
      run: (finger) => finger.list(),
      lie: ({ ids }: { ids: number[] }, { module }) =>
        String(ids) === String(module.library().sort((a, b) => a - b)) ? undefined : "ids that are not there",
    },
    remove: {
      kind: "configure",
      situations: {
        "a template is there": (sim) => {
          sim.module.state.pages.set(ENROLLED, Buffer.from(template(sim.plant, RIGHT_INDEX, 5)));
        },
      },
      run: (finger) => finger.remove({ id: ENROLLED }),
      lie: (_, { module }) => (module.library().includes(ENROLLED) ? "removed, and it is there" : undefined),
      simulated: true,
    },
    clear: {
      kind: "configure",
      run: (finger) => finger.clear(),
      lie: (_, { module }) =>
        module.library().length > 0 || module.remembers()
          ? "cleared, and something of a person is in it"
          : undefined,
    },
  },
  unrest: ({ module }) => (module.library().length > 0 ? "a template in the module's library" : undefined),
  wire: {
    // Confirmation code 01: the packet was not received well.
    nak: (reply) => packet(reply.subarray(0, 6), 0x07, Uint8Array.of(0x01)),
    otherAddress: (reply) => Uint8Array.of(0xef, 0x01, 0x00, 0x00, 0x00, 0x07, ...reply.subarray(6)),
  },
  exempt: { stuckSensor: "a finger has no second sensor that could contradict" },
};

/** Checksum over id, length and content (R503 manual §5.1). */
function packet(head: Uint8Array, id: number, content: Uint8Array): Uint8Array {
  const body = [id, 0, content.length + 2, ...content];
  const sum = body.reduce((total, byte) => total + byte, 0);
  return Uint8Array.of(...head, ...body, sum >> 8, sum & 0xff);
}
