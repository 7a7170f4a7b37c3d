import type { MainContainer } from './main-container.ts';
import type { Narrator } from './narrator.ts';
import type { Repository } from './repository.ts';
import type { Sidecar } from './sidecar.ts';
import type { Witness } from './witness.ts';

/** What the parts of the demo need of each other while it runs. */
export interface Stage {
  readonly narrator: Narrator;
  readonly witness: Witness;
  readonly application: MainContainer;
  readonly sidecar: Sidecar;
  readonly signal: AbortSignal;
}

export interface GitStage extends Stage {
  readonly repository: Repository;
}
