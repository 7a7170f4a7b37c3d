/** What a shell says of a program that SIGTERM ended: the pod must not go on as if the set were there. */
export const codeOfStopped = 143;

/** The message is the signal's name. */
export class Stopped extends Error {}
