import { defer } from "../../kit/index.ts";
import { type Ended, type Group, startGroup } from "../../ports/index.ts";

interface Run {
  group: Group;
  asking: number;
}

/**
 * The list of cameras that the programs print. All cameras of a unit want it at the same time, at the start; those share
 * one run of the program, which is ended with the last of them that leaves.
 */
export class CameraList {
  #running: Run | undefined;

  /**
   * A share of the run that is under way, or of a new one.
   * @param program absolute path of the still program
   */
  ask(program: string): Group {
    this.#running ??= this.#start(program);
    const run = this.#running;
    run.asking++;
    const left = defer<Ended>();
    let here = true;
    return {
      ended: Promise.race([run.group.ended, left.promise]),
      kill: () => {
        if (!here) return;
        here = false;
        left.resolve({ exit: undefined, text: "" });
        if (--run.asking > 0) return;
        this.#end(run);
        run.group.kill();
      },
    };
  }

  #start(program: string): Run {
    const run = { group: startGroup(program, ["--list-cameras"], { path: "/usr/bin:/bin" }), asking: 0 };
    void run.group.ended.then(() => this.#end(run));
    return run;
  }

  #end(run: Run): void {
    if (this.#running === run) this.#running = undefined;
  }
}
